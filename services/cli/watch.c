/* ansinh watch [UNIT]: a unit's progress, live: a snapshot from analytics, then its view frames. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/arena.h"
#include "common/base/clock.h"
#include "services/cli/cli.h"

#define COUNTRY "VN"
#define CODE_MAX_BYTES 15
#define TIMEOUT_MS 5000
#define SNAPSHOT_EVERY_MS 20000 /* frames may be lost: what they said is asked for again */
#define ARENA_BYTES (8 * 1024 * 1024)
#define LINE_BYTES 512
#define COUNT_BYTES 32

struct watch {
    struct service svc;
    char unit[CODE_MAX_BYTES + 1];
    struct bus_subscriber *subscriber;
    struct arena *arena;
    uint64_t version; /* of what is shown */
    int is_asking;
    int64_t asked_ms;
    Ansinh__V1__Code code; /* of the last snapshot that failed */
    char message[ERR_TEXT_MAX_BYTES];
    int is_shown;
    char shown[LINE_BYTES]; /* without the time */
};

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

/* "44,883"; not negative */
static const char *count(int64_t value, char ret[COUNT_BYTES])
{
    char digits[COUNT_BYTES];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, value);
    char *at = ret;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return ret;
}

static void show(struct watch *self, const char *line)
{
    int is_terminal = isatty(STDOUT_FILENO);
    if (self->is_shown && strcmp(line, self->shown) == 0)
        return;
    (void)snprintf(self->shown, sizeof(self->shown), "%s", line);
    (void)printf("%s%s%s", is_terminal && self->is_shown ? "\r" : "", line,
                 is_terminal ? "\033[K" : "\n");
    (void)fflush(stdout);
    self->is_shown = 1;
}

static void show_progress(struct watch *self, const Ansinh__V1__UnitProgress *unit)
{
    char line[LINE_BYTES], numbers[6][COUNT_BYTES];
    int len = snprintf(line, sizeof(line), "%.80s (%s): %s participants", unit->name, self->unit,
                       count(unit->participants, numbers[0]));
    if (unit->plan > 0)
        len += snprintf(line + len, sizeof(line) - (size_t)len, ", %s %% of %s, %s %s",
                        unit->percent, count(unit->plan, numbers[1]),
                        count(unit->gap < 0 ? -unit->gap : unit->gap, numbers[2]),
                        unit->gap < 0 ? "over" : "to go");
    (void)snprintf(line + len, sizeof(line) - (size_t)len,
                   "; %s declared; today +%s participants, +%s declared",
                   count(unit->declared, numbers[3]), count(unit->participants_today, numbers[4]),
                   count(unit->declared_today, numbers[5]));
    show(self, line);
}

/* --- snapshots and frames --------------------------------------------------------------------- */

static void on_snapshot(void *arg, const struct bus_answer *answer)
{
    struct watch *self = arg;
    ProtobufCAllocator allocator;
    self->is_asking = 0;
    self->code = answer->code;
    (void)snprintf(self->message, sizeof(self->message), "%s", answer->message);
    if (answer->code != 0)
        return;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    Ansinh__V1__GetProgressResponse *in =
        ansinh__v1__get_progress_response__unpack(&allocator, answer->body_len, answer->body);
    if (in == NULL) {
        self->code = ANSINH__V1__CODE__CODE_INTERNAL;
        return;
    }
    int is_older = self->is_shown && in->version < self->version;
    self->version = in->version;
    if (is_older)
        return; /* a frame came first; should the board have gone back, the next snapshot tells */
    Ansinh__V1__UnitProgress unit;
    ansinh__v1__unit_progress__init(&unit);
    unit.name = in->name;
    unit.participants = in->participants;
    unit.declared = in->declared;
    unit.plan = in->plan;
    unit.gap = in->gap;
    unit.percent = in->percent;
    unit.participants_today = in->participants_today;
    unit.declared_today = in->declared_today;
    show_progress(self, &unit);
}

static void ask_snapshot(struct watch *self)
{
    Ansinh__V1__GetProgressRequest in;
    ansinh__v1__get_progress_request__init(&in);
    struct bus_call call = {.service = "analytics",
                            .method = "ansinh.v1.Analytics/GetProgress",
                            .timeout_ms = TIMEOUT_MS};
    in.unit_code = self->unit;
    self->is_asking = 1;
    self->asked_ms = clock_mono_ms();
    bus_call(self->svc.client, &call, &in.base, on_snapshot, self);
}

static void on_view(void *arg, const uint8_t *bytes, size_t len)
{
    struct watch *self = arg;
    ProtobufCAllocator allocator;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    Ansinh__V1__ProgressView *view = ansinh__v1__progress_view__unpack(&allocator, len, bytes);
    if (view == NULL || !self->is_shown || view->version < self->version)
        return;
    self->version = view->version;
    for (size_t i = 0; i < view->n_units; i++) {
        if (strcmp(view->units[i]->unit_code, self->unit) == 0)
            show_progress(self, view->units[i]);
    }
}

static void on_instances(void *arg, const struct bus_instance *instances, size_t n)
{
    struct watch *self = arg;
    bus_subscriber_set_instances(self->subscriber, instances, n);
}

/* --- life ------------------------------------------------------------------------------------- */

static int watch_once(struct watch *self)
{
    ask_snapshot(self);
    while (self->is_asking)
        loop_turn(self->svc.loop, 100);
    if (self->code != 0)
        return cli_fail(1, "%s: %s", bus_code_name(self->code), self->message);
    if (isatty(STDOUT_FILENO))
        (void)putchar('\n');
    return 0;
}

/* Until Ctrl-C. A board that does not answer is waited for; an unknown unit is not. */
static int watch_on(struct watch *self)
{
    struct err err = {0};
    if (bus_subscriber_create(self->svc.bus, NULL, on_view, self, &self->subscriber, &err) < 0)
        return cli_fail(1, "%s", err.text);
    service_on_instances(&self->svc, on_instances, self);
    int is_gone = 0;
    while (!is_interrupted) {
        if (!self->is_asking &&
            (!self->is_shown || clock_mono_ms() - self->asked_ms >= SNAPSHOT_EVERY_MS))
            ask_snapshot(self);
        loop_turn(self->svc.loop, 200);
        if (self->code == ANSINH__V1__CODE__CODE_NOT_FOUND)
            return cli_fail(1, "%s: %s", self->unit, self->message);
        if (self->code != 0 && !is_gone)
            (void)cli_fail(1, "analytics does not answer (%s), waiting", self->message);
        is_gone = self->code != 0;
    }
    if (isatty(STDOUT_FILENO))
        (void)putchar('\n');
    return 0;
}

int cli_watch(int argc, char **argv)
{
    static const char *const names[] = {"analytics", NULL};
    int is_once = argc > 1 && strcmp(argv[1], "--once") == 0;
    const char *unit = argc > 1 + is_once ? argv[1 + is_once] : COUNTRY;
    if (argc > 2 + is_once || unit[0] == '-' || strlen(unit) > CODE_MAX_BYTES)
        return cli_fail(2, "usage: ansinh watch [--once] [UNIT]");
    struct watch self = {.version = 0};
    (void)snprintf(self.unit, sizeof(self.unit), "%s", unit);
    struct sigaction action = {.sa_handler = on_interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    if (cli_open(&self.svc, &cli_caller_spec, names) != 0)
        return 1;
    self.arena = arena_create(ARENA_BYTES);
    int status = is_once ? watch_once(&self) : watch_on(&self);
    bus_subscriber_destroy(&self.subscriber);
    service_close(&self.svc);
    arena_destroy(&self.arena);
    return status;
}
