/* The least that a server can do: prepared bytes, one thread, epoll, a timer wheel.
 *
 *   epoll PORT TEXT_FILE WIDTH MODEL:EVENTS:DELAY_MS …
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 2048 /* milliseconds that the wheel goes round in */

struct model {
    const char *name;
    unsigned events, delay; /* ms */
    char *bytes;            /* the whole response */
    size_t *ends;           /* where each event ends in it; with the last, all ends */
};

struct connection {
    int fd;
    const struct model *model; /* NULL: the request is not read yet */
    unsigned said;             /* events */
    size_t sent;               /* bytes */
    int64_t started;           /* ms */
    struct connection *next, **place; /* in a slot of the wheel */
    bool blocked;
    size_t received;
    char request[1024];
};

static struct model models[16];
static unsigned model_count;
static struct connection *wheel[SLOTS];
static int epoll;

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- The responses ---- */

static size_t append_event(char *to, const char *model, const char *delta,
                           const char *finish, const char *after)
{
    char data[1024];
    int size = snprintf(data, sizeof data,
                        "data: {\"id\":\"chatcmpl-0123456789abcdef0123456789abcdef\","
                        "\"object\":\"chat.completion.chunk\",\"created\":1760000000,"
                        "\"model\":\"%s\",\"choices\":[{\"index\":0,\"delta\":{%s},"
                        "\"finish_reason\":%s}]}\n\n%s",
                        model, delta, finish, after);
    return (size_t)sprintf(to, "%x\r\n%s\r\n", (unsigned)size, data);
}

static void prepare(struct model *m, char *given, const char *text, int width)
{
    char *events = strchr(given, ':'), *delay = strchr(events + 1, ':'), delta[128];
    size_t size;
    *events = 0;
    m->name = given;
    m->events = (unsigned)atoi(events + 1);
    m->delay = (unsigned)atoi(delay + 1);
    m->bytes = malloc((m->events + 8) * 400UL);
    m->ends = malloc(m->events * sizeof *m->ends);
    size = (size_t)sprintf(m->bytes, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"
                                     "\r\nTransfer-Encoding: chunked\r\n\r\n");
    size += append_event(m->bytes + size, m->name,
                         "\"role\":\"assistant\",\"content\":\"\"", "null", "");
    for (unsigned i = 0; i < m->events; i++) {
        snprintf(delta, sizeof delta, "\"content\":\"%.*s\"", width,
                 text + (size_t)i * (size_t)width);
        size += append_event(m->bytes + size, m->name, delta, "null", "");
        m->ends[i] = size;
    }
    size += append_event(m->bytes + size, m->name, "", "\"stop\"", "data: [DONE]\n\n");
    size += (size_t)sprintf(m->bytes + size, "0\r\n\r\n");
    m->ends[m->events - 1] = size;
}

/* ---- The timers ---- */

static void unwind(struct connection *c)
{
    if (!c->place)
        return;
    *c->place = c->next;
    if (c->next)
        c->next->place = c->place;
    c->place = NULL;
}

static void wind(struct connection *c, int64_t due)
{
    struct connection **slot = &wheel[due % SLOTS];
    c->next = *slot;
    c->place = slot;
    if (c->next)
        c->next->place = &c->next;
    *slot = c;
}

/* ---- The connections ---- */

static void leave(struct connection *c)
{
    unwind(c);
    close(c->fd);
    free(c);
}

static void watch(struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* Say all that is due, then wait: for the time of the next event, or for room. */
static bool play(struct connection *c, int64_t now)
{
    const struct model *m = c->model;
    unsigned due = m->events;
    ssize_t size;
    if (m->delay)
        due = (unsigned)((now - c->started) / m->delay) + 1;
    if (due > m->events)
        due = m->events;
    while (c->sent < m->ends[due - 1]) {
        size = send(c->fd, m->bytes + c->sent, m->ends[due - 1] - c->sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EAGAIN) {
            c->blocked = true;
            watch(c, EPOLLIN | EPOLLOUT);
            return true;
        }
        if (size < 0)
            return false;
        c->sent += (size_t)size;
    }
    if (c->blocked)
        watch(c, EPOLLIN);
    c->blocked = false;
    c->said = due;
    if (due < m->events)
        wind(c, c->started + (int64_t)due * m->delay);
    else
        c->model = NULL;
    return true;
}

static const struct model *find_model(const char *request)
{
    const char *name = strstr(request, "\"model\":\"");
    if (!name)
        return NULL;
    name += 9;
    for (unsigned i = 0; i < model_count; i++) {
        size_t length = strlen(models[i].name);
        if (!strncmp(name, models[i].name, length) && name[length] == '"')
            return &models[i];
    }
    return NULL;
}

/* Small requests, each in one piece or a few: all that the benchmark sends. */
static bool receive(struct connection *c, int64_t now)
{
    size_t room = sizeof c->request - 1 - c->received;
    ssize_t size = recv(c->fd, c->request + c->received, room, 0);
    if (size <= 0)
        return size < 0 && errno == EAGAIN;
    if (c->model)
        return true;
    c->received += (size_t)size;
    c->request[c->received] = 0;
    if (!strstr(c->request, "\r\n\r\n") || c->request[c->received - 1] != '}')
        return c->received < sizeof c->request - 1;
    c->model = find_model(c->request);
    c->received = 0;
    c->said = 0;
    c->sent = 0;
    c->started = now;
    return c->model && play(c, now);
}

static void accept_all(int listener)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (!c)
            abort();
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) {
        perror("epoll");
        exit(1);
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

/* Play what is due up to now. */
static void turn_wheel(int64_t *at, int64_t now)
{
    for (; *at <= now; ++*at) {
        struct connection *c, *next;
        for (c = wheel[*at % SLOTS]; c; c = next) {
            next = c->next;
            if (c->started + (int64_t)c->said * c->model->delay > *at)
                continue; /* another round */
            unwind(c);
            if (!play(c, now))
                leave(c);
        }
    }
}

/* Milliseconds until something may be due. */
static int time_left(int64_t at, int64_t now)
{
    for (int64_t i = 0; i < 100; i++)
        if (wheel[(at + i) % SLOTS])
            return at + i > now ? (int)(at + i - now) : 0;
    return 100;
}

int main(int count, char **values)
{
    static struct epoll_event ready[512];
    static char text[1 << 20];
    struct rlimit limit;
    FILE *file;
    int listener;
    int64_t at = milliseconds();
    if (count < 5 || !(file = fopen(values[2], "r")))
        return 2;
    if (!fread(text, 1, sizeof text - 1, file))
        return 2;
    fclose(file);
    for (int i = 4; i < count && model_count < 16; i++)
        prepare(&models[model_count++], values[i], text, atoi(values[3]));
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    listener = listen_on(atoi(values[1]));
    for (;;) {
        int64_t now = milliseconds();
        int events = epoll_wait(epoll, ready, 512, time_left(at, now));
        now = milliseconds();
        for (int i = 0; i < events; i++) {
            struct connection *c = ready[i].data.ptr;
            if (!c)
                accept_all(listener);
            else if ((ready[i].events & ~(uint32_t)EPOLLOUT && !receive(c, now)) ||
                     (c->blocked && ready[i].events & EPOLLOUT && !play(c, now)))
                leave(c);
        }
        turn_wheel(&at, now);
    }
}
