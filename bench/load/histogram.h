/* Counts of times, exact to 20 µs, for quantiles of millions of values. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

struct histogram {
    uint32_t *buckets;
    uint64_t count;
    double largest;
};

void histogram_open(struct histogram *h);
void histogram_add(struct histogram *h, double value); /* seconds; may be negative */

/* The value, in seconds, that a share of all values does not exceed. */
double histogram_quantile(const struct histogram *h, double share);

/* Write {"count": …, "p50": …, "p99": …, "max": …}, in milliseconds. */
void histogram_print(const struct histogram *h, FILE *out);

#endif
