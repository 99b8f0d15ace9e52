/* Plays the clients: opens streams, reads them and says how late each event was.
 *
 * Two populations of streams, each of them optional:
 *   --playing MODEL:EVENTS:DELAY_MS --streams N [--ramp S] [--churn]
 *       N streams, begun over S seconds; with --churn, each that ends is replaced at
 *       once by a new connection.
 *   --asking MODEL:EVENTS:DELAY_MS --at-once N [--rate R]
 *       N streams, each replaced when it ends; or R new ones a second, N at most.
 * Then, after --settle S, a window of --window S is measured. "begin" and "end" on
 * stdout say when, and one line of JSON follows.
 *
 *   --hold N,N,…     opens so many streams of --playing instead, says "held N" and goes
 *                    on once a line comes on stdin
 *
 * It polls without a pause and says what share of the time it found nothing to do;
 * with --wait it sleeps until there is something.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "population.h"

#define MOST_FAILURES 2000
#define MOST_OPENING 64 /* streams of --hold without an event yet */
#define LONGEST_HOLD 120.0

static struct target target = {.path = "/v1/chat/completions", .width = 5};
static struct population playing = {.size = 0}, asking = {.size = 0};
static double ramp, rate, settle = 1, window = 5;
static bool waits;
static const char *stages;
static int epoll;
static double idle;

static void die(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(2);
}

static char *read_text(const char *path)
{
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(path, "r");
    if (!file || !text)
        die("--text: no such file");
    fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

/* MODEL:EVENTS:DELAY_MS */
static void read_population(struct population *p, char *given)
{
    char *events = strchr(given, ':');
    char *delay = events ? strchr(events + 1, ':') : NULL;
    if (!delay)
        die("a population is MODEL:EVENTS:DELAY_MS");
    *events = 0;
    p->model = given;
    p->events = (unsigned)atoi(events + 1);
    p->delay = atof(delay + 1) / 1000;
}

static void read_options(int count, char **values)
{
    enum { PORT = 1, PATH, TEXT, WIDTH, PLAYING, STREAMS, RAMP, CHURN, ASKING,
           AT_ONCE, RATE, SETTLE, WINDOW, HOLD, WAIT };
    static const struct option options[] = {
        {"port", 1, 0, PORT},       {"path", 1, 0, PATH},
        {"text", 1, 0, TEXT},       {"width", 1, 0, WIDTH},
        {"playing", 1, 0, PLAYING}, {"streams", 1, 0, STREAMS},
        {"ramp", 1, 0, RAMP},       {"churn", 0, 0, CHURN},
        {"asking", 1, 0, ASKING},   {"at-once", 1, 0, AT_ONCE},
        {"rate", 1, 0, RATE},       {"settle", 1, 0, SETTLE},
        {"window", 1, 0, WINDOW},   {"hold", 1, 0, HOLD},
        {"wait", 0, 0, WAIT},       {0, 0, 0, 0},
    };
    int option, port = 0;
    while ((option = getopt_long(count, values, "", options, NULL)) != -1) {
        switch (option) {
        case PORT: port = atoi(optarg); break;
        case PATH: target.path = optarg; break;
        case TEXT: target.text = read_text(optarg); break;
        case WIDTH: target.width = (unsigned)atoi(optarg); break;
        case PLAYING: read_population(&playing, optarg); break;
        case STREAMS: playing.size = (unsigned)atoi(optarg); break;
        case RAMP: ramp = atof(optarg); break;
        case CHURN: playing.replace = true; break;
        case ASKING: read_population(&asking, optarg); break;
        case AT_ONCE: asking.size = (unsigned)atoi(optarg); break;
        case RATE: rate = atof(optarg); break;
        case SETTLE: settle = atof(optarg); break;
        case WINDOW: window = atof(optarg); break;
        case HOLD: stages = optarg; break;
        case WAIT: waits = true; break;
        default: die("unknown option");
        }
    }
    if (!port || !target.text || (!playing.model && !asking.model))
        die("needed: --port, --text, and --playing or --asking");
    for (const struct population *p = &playing; p; p = p == &playing ? &asking : NULL)
        if ((size_t)p->events * target.width > strlen(target.text))
            die("the text is shorter than a stream");
    target.address.sin_family = AF_INET;
    target.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.address.sin_port = htons((uint16_t)port);
}

static void allow_many_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Let the streams go on whose sockets are ready, at most `pause` ms until one is, and
 * say how many were. */
static int turn(int pause)
{
    static struct epoll_event ready[512];
    int count = epoll_wait(epoll, ready, 512, pause);
    for (int i = 0; i < count; i++)
        if (ready[i].data.ptr)
            stream_go_on(ready[i].data.ptr, &target, epoll);
    return count;
}

static void say(const char *word)
{
    printf("%s\n", word);
    fflush(stdout);
}

/* ---- Steady, churn, bursts ---- */

/* How many streams have begun after so many seconds of the ramp: one in each of as many
 * equal slots, at a random moment of it. Exactly even, they would all speak at a few
 * same moments wherever their distance and the delay have a common multiple: 600
 * streams over 9 s at two moments of each 30 ms. The moments are the same in each run. */
static unsigned ramped(double elapsed)
{
    static unsigned begun;
    static double moment = -1;
    while (begun < playing.size) {
        if (moment < 0)
            moment = (begun + drand48()) / playing.size * ramp;
        if (moment > elapsed)
            break;
        begun++;
        moment = -1;
    }
    return begun;
}

static void begin_what_is_due(double at, double since, double asked_since)
{
    unsigned due = ramped(at - since);
    while (playing.model && (playing.replace ? playing.playing : playing.begun) < due) {
        population_begin(&playing, &target, epoll);
        if (playing.failed > MOST_FAILURES)
            return;
    }
    if (!asking.model || asked_since > at)
        return;
    if (rate > 0) {
        uint64_t wanted = (uint64_t)((at - asked_since) * rate);
        while (asking.begun + asking.skipped < wanted)
            population_begin(&asking, &target, epoll);
    } else {
        while (asking.playing < asking.size && asking.failed <= MOST_FAILURES)
            population_begin(&asking, &target, epoll);
    }
}

static bool has_failed(void)
{
    return playing.failed > MOST_FAILURES || asking.failed > MOST_FAILURES;
}

static void play_until(double deadline, double since, double asked_since)
{
    double at = now(), before;
    while (at < deadline && !has_failed()) {
        uint64_t begun = playing.begun + asking.begun;
        begin_what_is_due(at, since, asked_since);
        begun -= playing.begun + asking.begun;
        before = at;
        if (!turn(waits ? 1 : 0) && !begun)
            idle += (at = now()) - before;
        else
            at = now();
    }
}

static void measure(void)
{
    double since = now(), asked_since = since + ramp, begun, busy;
    play_until(asked_since + settle, since, asked_since);
    say("begin");
    begun = now(), busy = seconds(CLOCK_PROCESS_CPUTIME_ID), idle = 0;
    playing.measured = asking.measured = true;
    play_until(begun + window, since, asked_since);
    playing.measured = asking.measured = false;
    window = now() - begun, busy = seconds(CLOCK_PROCESS_CPUTIME_ID) - busy;
    say("end");
    printf("{\"window\": %.4f, \"idle\": %.4f, \"cpu\": %.4f, \"playing\": ", window,
           idle / window, busy);
    population_print(&playing, window, stdout);
    printf(", \"asking\": ");
    population_print(&asking, window, stdout);
    printf("}\n");
}

/* ---- Open streams that are only held ---- */

static void open_up_to(unsigned wanted)
{
    double deadline = now() + LONGEST_HOLD;
    while (playing.speaking < wanted && now() < deadline && !has_failed()) {
        while (playing.playing < wanted &&
               playing.playing - playing.speaking < MOST_OPENING && !has_failed())
            population_begin(&playing, &target, epoll);
        turn(1);
    }
}

static bool has_line(void)
{
    char line[64];
    return read(STDIN_FILENO, line, sizeof line) >= 0;
}

static void hold(void)
{
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    for (char *next, *stage = (char *)stages; *stage; stage = next) {
        double deadline = now() + LONGEST_HOLD;
        open_up_to((unsigned)strtoul(stage, &next, 10));
        next += *next == ',';
        printf("held %u\n", playing.speaking);
        fflush(stdout);
        while (!has_line() && now() < deadline)
            turn(5);
    }
    population_print(&playing, 1, stdout);
    printf("\n");
}

int main(int count, char **values)
{
    read_options(count, values);
    allow_many_files();
    if (stages)
        for (const char *stage = stages; stage; stage = strchr(stage, ',')) {
            stage += *stage == ',';
            playing.size = (unsigned)atoi(stage);
        }
    else if (rate > 0 && !asking.size)
        asking.size = 1024;
    population_open(&playing);
    population_open(&asking);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (stages)
        hold();
    else
        measure();
    return 0;
}
