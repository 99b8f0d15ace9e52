#include "response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_KEPT (1 << 20)

void response_begin(struct response *r, const char *expected, size_t size)
{
    *r = (struct response){
        .expected = expected,
        .expected_size = size,
        .kept = r->kept,
        .kept_room = r->kept_room,
    };
}

static void keep(struct response *r, const char *data, size_t size)
{
    size_t needed = r->kept_size + size;
    if (needed > MOST_KEPT) {
        r->state = BROKEN;
        return;
    }
    if (needed > r->kept_room) {
        r->kept_room = needed < 512 ? 512 : 2 * needed;
        r->kept = realloc(r->kept, r->kept_room);
        if (!r->kept)
            abort();
    }
    memcpy(r->kept + r->kept_size, data, size);
    r->kept_size = needed;
}

/* The value of a header in a head that ends with NUL, or NULL. */
static const char *header(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = head; (line = strchr(line, '\n'));) {
        line++;
        if (!strncasecmp(line, name, length) && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " ");
    }
    return NULL;
}

static void read_head(struct response *r)
{
    const char *value;
    keep(r, "", 1);
    if (r->kept_size < 13 || strncmp(r->kept, "HTTP/1.", 7)) {
        r->state = BROKEN;
        return;
    }
    r->status = atoi(r->kept + 9);
    value = header(r->kept, "content-type");
    r->is_stream = value && !strncasecmp(value, "text/event-stream", 17);
    value = header(r->kept, "transfer-encoding");
    if (value && !strncasecmp(value, "chunked", 7)) {
        r->state = CHUNK_SIZE;
    } else if ((value = header(r->kept, "content-length"))) {
        r->left = strtoul(value, NULL, 10);
        r->state = r->left ? LENGTH : COMPLETE;
    } else {
        r->state = UNTIL_CLOSE;
    }
    r->kept_size = 0;
}

/* `"content": "…"` of a chat chunk. The text expected needs no escapes in JSON. */
static void read_chunk_of_chat(struct response *r, const char *json, size_t size)
{
    static const char name[] = "\"content\":";
    const char *end = json + size;
    const char *at = memmem(json, size, name, sizeof name - 1), *quote;
    if (!at)
        return;
    at += sizeof name - 1;
    while (at < end && *at == ' ')
        at++;
    if (at == end || *at++ != '"')
        return;
    quote = memchr(at, '"', (size_t)(end - at));
    if (!quote || quote == at)
        return;
    size = (size_t)(quote - at);
    if (r->said + size > r->expected_size || memcmp(r->expected + r->said, at, size))
        r->damaged = true;
    r->said += size;
    r->has_event = true;
}

static unsigned read_line(struct response *r, const char *line, size_t size)
{
    if (size && line[size - 1] == '\r')
        size--;
    if (!size) {
        unsigned ended = r->has_event;
        r->has_event = false;
        r->events += ended;
        return ended;
    }
    if (size > 5 && !memcmp(line, "data:", 5)) {
        line += 5, size -= 5;
        if (*line == ' ')
            line++, size--;
        if (size && *line == '{')
            read_chunk_of_chat(r, line, size);
        else if (size == 6 && !memcmp(line, "[DONE]", 6))
            r->done = true;
    }
    return 0;
}

static unsigned read_body(struct response *r, const char *data, size_t size)
{
    unsigned events = 0;
    const char *newline;
    if (!r->is_stream)
        return 0;
    while (size && (newline = memchr(data, '\n', size))) {
        size_t length = (size_t)(newline - data);
        if (r->kept_size) {
            keep(r, data, length);
            events += read_line(r, r->kept, r->kept_size);
            r->kept_size = 0;
        } else {
            events += read_line(r, data, length);
        }
        data += length + 1, size -= length + 1;
    }
    if (size)
        keep(r, data, size);
    return events;
}

static size_t read_through_head(struct response *r, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        keep(r, data + i, 1);
        if (r->kept_size >= 4 && !memcmp(r->kept + r->kept_size - 4, "\r\n\r\n", 4)) {
            read_head(r);
            return i + 1;
        }
        if (r->state == BROKEN)
            break;
    }
    return size;
}

static void read_size_character(struct response *r, char c)
{
    const char *digits = "0123456789abcdef", *digit;
    if (c == '\n') {
        r->in_extension = false;
        r->state = r->left ? CHUNK : TRAILER;
    } else if (c == ';' || c == '\r' || r->in_extension) {
        r->in_extension = true;
    } else if ((digit = strchr(digits, c | 0x20)) && c) {
        r->left = r->left * 16 + (size_t)(digit - digits);
    } else {
        r->state = BROKEN;
    }
}

/* Trailer fields, of which servers send none, and the empty line after them. */
static void read_trailer_character(struct response *r, char c)
{
    if (c == '\n') {
        r->state = r->in_extension ? TRAILER : COMPLETE;
        r->in_extension = false;
    } else if (c != '\r') {
        r->in_extension = true;
    }
}

unsigned response_feed(struct response *r, const char *data, size_t size)
{
    unsigned events = 0;
    while (size && r->state != COMPLETE && r->state != BROKEN) {
        size_t used = 1;
        switch (r->state) {
        case HEAD:
            used = read_through_head(r, data, size);
            break;
        case CHUNK_SIZE:
            read_size_character(r, *data);
            break;
        case CHUNK_END:
            if (*data == '\n')
                r->state = CHUNK_SIZE;
            else if (*data != '\r')
                r->state = BROKEN;
            break;
        case TRAILER:
            read_trailer_character(r, *data);
            break;
        case CHUNK:
        case LENGTH:
            used = size < r->left ? size : r->left;
            events += read_body(r, data, used);
            r->left -= used;
            if (!r->left)
                r->state = r->state == CHUNK ? CHUNK_END : COMPLETE;
            break;
        default:
            used = size;
            events += read_body(r, data, used);
        }
        data += used, size -= used;
    }
    return events;
}

void response_close(struct response *r)
{
    if (r->state != COMPLETE)
        r->state = r->state == UNTIL_CLOSE ? COMPLETE : BROKEN;
}

bool response_is_good(const struct response *r)
{
    if (r->state != COMPLETE || r->status != 200 || r->damaged)
        return false;
    return r->said == r->expected_size && (r->done || !r->expected_size);
}
