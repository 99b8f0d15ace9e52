/* Streams of one kind that play at the same time, and what is measured of them. */
#ifndef POPULATION_H
#define POPULATION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "histogram.h"
#include "response.h"

struct target {
    struct sockaddr_in address;
    const char *path;
    const char *text; /* what a stream of any number of events says, from its start */
    unsigned width;   /* characters of an event */
};

struct stream {
    struct population *population;
    struct response response;
    int fd; /* -1: none */
    bool asked;
    double started, first, last; /* its first event and its last */
};

struct population {
    const char *model;
    unsigned events; /* of one stream; 0: any whole answer with status 200 is good */
    double delay;    /* seconds from one event to the next */
    bool replace;    /* begin anew what ended */
    unsigned size;   /* most at a time */

    struct stream *streams;
    unsigned playing;
    unsigned speaking; /* got an event */
    struct stream **vacant;
    unsigned vacancies;

    /* Of the window only: */
    bool measured;
    uint64_t heard, reads, bytes, ended;
    struct histogram lateness, gaps, drift, first_byte, first_event;
    /* Of all the time: */
    uint64_t begun, damaged, failed, skipped;
    char complaint[200]; /* what happened to the first that failed */
};

void population_open(struct population *p);

/* Connect; without a vacancy, count it as skipped. */
void population_begin(struct population *p, const struct target *to, int epoll);

/* The socket is ready: ask, or read; when it ended, make its place vacant. */
void stream_go_on(struct stream *s, const struct target *to, int epoll);

void population_print(const struct population *p, double window, FILE *out);

#endif
