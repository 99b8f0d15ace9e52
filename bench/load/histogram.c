#include "histogram.h"

#include <stdlib.h>

#define LOWEST (-2.0)
#define WIDTH 2e-5
#define BUCKETS 1600000 /* up to 30 s */

void histogram_open(struct histogram *h)
{
    *h = (struct histogram){.buckets = calloc(BUCKETS, sizeof *h->buckets)};
    if (!h->buckets)
        abort();
}

void histogram_add(struct histogram *h, double value)
{
    double place = (value - LOWEST) / WIDTH;
    long bucket = place < 0 ? 0 : place >= BUCKETS ? BUCKETS - 1 : (long)place;
    h->buckets[bucket]++;
    if (!h->count++ || value > h->largest)
        h->largest = value;
}

double histogram_quantile(const struct histogram *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->count), seen = 0;
    for (long bucket = 0; bucket < BUCKETS; bucket++) {
        seen += h->buckets[bucket];
        if (seen > wanted)
            return LOWEST + ((double)bucket + 0.5) * WIDTH;
    }
    return h->largest;
}

void histogram_print(const struct histogram *h, FILE *out)
{
    if (!h->count) {
        fprintf(out, "null");
        return;
    }
    fprintf(out, "{\"count\": %lu, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}",
            (unsigned long)h->count, histogram_quantile(h, 0.5) * 1e3,
            histogram_quantile(h, 0.99) * 1e3, h->largest * 1e3);
}
