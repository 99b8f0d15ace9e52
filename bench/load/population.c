#include "population.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#define SOURCES 32 /* loopback addresses to connect from, for their ports */

void population_open(struct population *p)
{
    p->streams = calloc(p->size + 1, sizeof *p->streams);
    p->vacant = calloc(p->size + 1, sizeof *p->vacant);
    if (!p->streams || !p->vacant)
        abort();
    for (unsigned i = p->size; i--;) {
        p->streams[i].population = p;
        p->streams[i].fd = -1;
        p->vacant[p->vacancies++] = &p->streams[i];
    }
    histogram_open(&p->lateness);
    histogram_open(&p->gaps);
    histogram_open(&p->drift);
    histogram_open(&p->first_byte);
    histogram_open(&p->first_event);
}

static void leave(struct stream *s)
{
    struct population *p = s->population;
    close(s->fd);
    s->fd = -1;
    p->playing--;
    p->speaking -= s->response.events > 0;
    p->vacant[p->vacancies++] = s;
}

static void fail(struct stream *s, const char *what)
{
    struct population *p = s->population;
    if (!p->failed++)
        snprintf(p->complaint, sizeof p->complaint, "%s (status %d, event %u)", what,
                 s->response.status, s->response.events);
    leave(s);
}

void population_begin(struct population *p, const struct target *to, int epoll)
{
    struct sockaddr_in source = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLOUT};
    struct stream *s;
    int on = 1;
    if (!p->vacancies) {
        p->skipped++;
        return;
    }
    s = p->vacant[--p->vacancies];
    p->playing++;
    response_begin(&s->response, to->text, (size_t)p->events * to->width);
    s->asked = false;
    s->started = now();
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        fail(s, strerror(errno));
        return;
    }
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + p->begun++ % SOURCES);
    event.data.ptr = s;
    if (bind(s->fd, (struct sockaddr *)&source, sizeof source) ||
        (connect(s->fd, (const struct sockaddr *)&to->address, sizeof to->address) &&
         errno != EINPROGRESS) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event))
        fail(s, strerror(errno));
}

static void ask(struct stream *s, const struct target *to, int epoll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    char request[1024], body[512];
    int size, error = 0;
    socklen_t length = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        fail(s, strerror(error));
        return;
    }
    size = snprintf(body, sizeof body,
                    "{\"model\":\"%s\",\"stream\":true,\"messages\":"
                    "[{\"role\":\"user\",\"content\":\"Tell me a story.\"}]}",
                    s->population->model);
    size = snprintf(request, sizeof request,
                    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                    "Accept: text/event-stream\r\nAuthorization: Bearer bench\r\n"
                    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                    to->path, ntohs(to->address.sin_port), size, body);
    if (send(s->fd, request, (size_t)size, MSG_NOSIGNAL) != size) {
        fail(s, "the request could not be sent");
        return;
    }
    s->asked = true;
    epoll_ctl(epoll, EPOLL_CTL_MOD, s->fd, &event);
}

static void note_event(struct stream *s, unsigned number, double at)
{
    struct population *p = s->population;
    if (!number) {
        s->first = at;
        p->speaking++;
        if (p->measured)
            histogram_add(&p->first_event, at - s->started);
    } else if (p->measured && p->delay > 0) {
        histogram_add(&p->gaps, at - s->last - p->delay);
    }
    if (p->measured) {
        p->heard++;
        if (p->delay > 0)
            histogram_add(&p->lateness, at - s->first - number * p->delay);
    }
    s->last = at;
}

static void end(struct stream *s)
{
    struct population *p = s->population;
    bool good = response_is_good(&s->response);
    if (p->events)
        good = good && s->response.is_stream;
    if (!good) {
        p->damaged += s->response.state == COMPLETE && s->response.status == 200;
        fail(s, s->response.state == COMPLETE ? "another answer" : "cut short");
        return;
    }
    if (p->measured) {
        p->ended++;
        if (p->delay > 0 && p->events > 1)
            histogram_add(&p->drift, s->last - s->first - (p->events - 1) * p->delay);
    }
    leave(s);
}

void stream_go_on(struct stream *s, const struct target *to, int epoll)
{
    static char buffer[1 << 18];
    struct population *p = s->population;
    unsigned before, events;
    ssize_t size;
    double at;
    if (s->fd < 0)
        return;
    if (!s->asked) {
        ask(s, to, epoll);
        return;
    }
    size = recv(s->fd, buffer, sizeof buffer, 0);
    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR)
            fail(s, strerror(errno));
        return;
    }
    at = now();
    if (size && !s->response.status && !s->response.kept_size && p->measured)
        histogram_add(&p->first_byte, at - s->started);
    before = s->response.events;
    events = response_feed(&s->response, buffer, (size_t)size);
    for (unsigned i = 0; i < events; i++)
        note_event(s, before + i, at);
    if (p->measured) {
        p->reads += events > 0;
        p->bytes += (uint64_t)size;
    }
    if (!size)
        response_close(&s->response);
    if (s->response.state == COMPLETE || s->response.state == BROKEN)
        end(s);
}

void population_print(const struct population *p, double window, FILE *out)
{
    fprintf(out,
            "{\"model\": \"%s\", \"size\": %u, \"playing\": %u, \"speaking\": %u, "
            "\"events\": %lu, \"events_per_s\": %.1f, \"reads\": %lu, \"bytes\": %lu, "
            "\"streams\": %lu, \"streams_per_s\": %.2f, \"begun\": %lu, "
            "\"skipped\": %lu, \"damaged\": %lu, \"failed\": %lu, \"complaint\": \"",
            p->model, p->size, p->playing, p->speaking, (unsigned long)p->heard,
            (double)p->heard / window, (unsigned long)p->reads,
            (unsigned long)p->bytes, (unsigned long)p->ended,
            (double)p->ended / window, (unsigned long)p->begun,
            (unsigned long)p->skipped, (unsigned long)p->damaged,
            (unsigned long)p->failed);
    fprintf(out, "%s\", \"lateness\": ", p->complaint);
    histogram_print(&p->lateness, out);
    fprintf(out, ", \"gaps\": ");
    histogram_print(&p->gaps, out);
    fprintf(out, ", \"drift\": ");
    histogram_print(&p->drift, out);
    fprintf(out, ", \"first_byte\": ");
    histogram_print(&p->first_byte, out);
    fprintf(out, ", \"first_event\": ");
    histogram_print(&p->first_event, out);
    fprintf(out, "}");
}
