/* Time, in seconds of the monotonic clock. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

static inline double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline double now(void)
{
    return seconds(CLOCK_MONOTONIC);
}

#endif
