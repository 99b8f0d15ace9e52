/* Reads one HTTP/1.1 response and, if it is an event stream, the chat chunks in it. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

struct response {
    enum {
        HEAD,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        TRAILER,
        LENGTH,
        UNTIL_CLOSE,
        COMPLETE,
        BROKEN
    } state;
    int status;
    bool is_stream;
    bool in_extension;
    bool has_event;      /* a delta was read whose event has not ended yet */
    bool done;           /* "[DONE]" was read */
    bool damaged;        /* the text is not the one expected */
    size_t left;         /* bytes left of the chunk or of the body */
    const char *expected;
    size_t expected_size;
    size_t said;         /* characters of text so far */
    unsigned events;     /* that had text */
    char *kept;          /* the head or a line, while the rest of it is awaited */
    size_t kept_size, kept_room;
};

/* Keeps the memory that an earlier response had. */
void response_begin(struct response *r, const char *expected, size_t size);

/* Take in what was received; count the events with text that it ended. */
unsigned response_feed(struct response *r, const char *data, size_t size);

/* The server closed the connection. */
void response_close(struct response *r);

/* Whether all of it came and was as expected. */
bool response_is_good(const struct response *r);

#endif
