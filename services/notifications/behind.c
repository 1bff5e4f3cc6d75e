#include "services/notifications/behind.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define TICK_MS 1000
#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define OFFSET_MS (7 * HOUR_MS) /* +07:00, no daylight saving */
#define SETTLE_MS 60000         /* after the hour: analytics has counted what came before it */
#define RETRY_MS 5000
#define WARN_EVERY_MS 600000
#define BOARDS_MAX 100 /* the country's and its provinces' */
#define ARENA_BYTES (2 * 1024 * 1024)
#define FIGURE_MAX 18 /* characters, the point included */
#define COUNTRY "VN"

struct behind {
    struct behind_conf conf;
    struct loop_timer *tick;
    struct arena *arena; /* of one board */
    int32_t day;         /* whose boards are asked for; 0: of none */
    int is_done;         /* with that day */
    int is_asking;       /* a board or an answer of views is to come */
    int64_t retry_at_ms; /* monotonic */
    long long warned_ms;
    int is_counted; /* what came before the hour is on the board */
    struct journal_position counted[PARTITIONS];
    size_t n_boards, board_i; /* the first is the country's */
    char boards[BOARDS_MAX][UNIT_CODE_BYTES];
    struct task tasks[ADD_MAX]; /* of the board */
    size_t n_tasks;
    int64_t *n_found;
};

static int64_t hour_ms(const struct behind *self, int32_t day)
{
    return day * DAY_MS - OFFSET_MS + self->conf.hour * HOUR_MS;
}

static void ask(struct behind *self);

static void put_off(struct behind *self, const char *what)
{
    self->retry_at_ms = clock_mono_ms() + RETRY_MS;
    if (log_allowed(&self->warned_ms, WARN_EVERY_MS))
        log_warn("who is behind the plan cannot be found, trying on until midnight",
                 "board=%s reason=\"%s\"", self->boards[self->board_i], what);
}

static void next_board(struct behind *self)
{
    *self->n_found += (int64_t)self->n_tasks;
    self->n_tasks = 0;
    self->is_done = ++self->board_i == self->n_boards;
    if (!self->is_done)
        ask(self);
}

static void on_added(void *arg, int rc)
{
    struct behind *self = arg;
    self->is_asking = 0;
    if (rc != 0) {
        put_off(self, "views does not answer");
        return;
    }
    sender_wake(self->conf.sender);
    next_board(self);
}

/* "1077.16" in hundredths; -1 for none. */
static int64_t read_figure(const char *text)
{
    int64_t hundredths = 0;
    size_t len = strlen(text);
    if (len < 4 || len > FIGURE_MAX || text[len - 3] != '.')
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= '0' && text[i] <= '9')
            hundredths = hundredths * 10 + (text[i] - '0');
        else if (i != len - 3)
            return -1;
    }
    return hundredths;
}

static void read_row(struct behind *self, const Ansinh__V1__BoardRow *row)
{
    size_t len = strlen(row->code);
    if (len == 0 || len >= UNIT_CODE_BYTES)
        return;
    if (self->board_i == 0 && self->n_boards < BOARDS_MAX)
        memcpy(self->boards[self->n_boards++], row->code, len + 1);
    if (!row->is_behind || self->n_tasks == ADD_MAX)
        return;
    struct task *task = &self->tasks[self->n_tasks++];
    task_of_unit(row->code, self->day, task);
    task->at_ms = hour_ms(self, self->day);
    task->behind = (struct task_behind){.value = row->value,
                                        .plan = row->plan,
                                        .needed_per_day = read_figure(row->needed_per_day),
                                        .pace_per_day = MAX(read_figure(row->pace_per_day), 0)};
}

static void take_board(struct behind *self, const Ansinh__V1__GetBoardResponse *board)
{
    self->n_tasks = 0;
    if (self->board_i == 0)
        self->n_boards = 1;
    for (size_t i = 0; i < board->n_rows; i++)
        read_row(self, board->rows[i]);
    if (self->n_tasks == 0) {
        next_board(self);
        return;
    }
    self->is_asking = 1;
    notify_store_add(self->conf.store, self->tasks, self->n_tasks, self->conf.channel, on_added,
                     self);
}

static void on_board(void *arg, const struct bus_answer *answer)
{
    struct behind *self = arg;
    const Ansinh__V1__GetBoardResponse *board = NULL;
    ProtobufCAllocator allocator;
    self->is_asking = 0;
    if (answer->code == ANSINH__V1__CODE__CODE_CANCELED)
        return;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    if (answer->code == ANSINH__V1__CODE__CODE_UNSPECIFIED)
        board = ansinh__v1__get_board_response__unpack(&allocator, answer->body_len, answer->body);
    if (board == NULL)
        put_off(self, answer->message == NULL ? "" : answer->message);
    else
        take_board(self, board);
}

/* Nothing while the queue is full, or on the way out: the tick asks again. */
static void ask(struct behind *self)
{
    struct service *svc = self->conf.svc;
    if (svc->is_draining || sender_queued(self->conf.sender) >= self->conf.queue_max)
        return;
    Ansinh__V1__Slice slice;
    Ansinh__V1__GetBoardRequest request;
    ansinh__v1__slice__init(&slice);
    ansinh__v1__get_board_request__init(&request);
    slice.unit_code = self->boards[self->board_i];
    request.slice = &slice;
    request.by = ANSINH__V1__BOARD_BY__BOARD_BY_UNITS;
    request.as_of_ms = hour_ms(self, self->day);
    const struct bus_call call = {.service = "analytics",
                                  .method = "ansinh.v1.Analytics/GetBoard",
                                  .timeout_ms = svc->conf.call_timeout_ms};
    self->is_asking = 1;
    bus_call(svc->client, &call, &request.base, on_board, self);
}

static void on_counted(void *arg, int rc)
{
    struct behind *self = arg;
    self->is_asking = 0;
    self->is_counted = rc == 0;
    for (unsigned i = 0; i < PARTITIONS && self->is_counted; i++) {
        struct journal_position own = projector_position(self->conf.projector, i);
        const struct journal_position *board = &self->counted[i];
        self->is_counted =
            own.epoch != board->epoch ? own.epoch < board->epoch : own.seq <= board->seq;
    }
    if (self->is_counted)
        ask(self);
    else
        put_off(self, "the board has not counted all yet");
}

/* An analytics that was away for a while answers before it has counted all: not before the board
 * has what this projection, which has swept the journals since the hour, has come to. */
static void ask_counted(struct behind *self)
{
    struct projector_stats stats;
    projector_stats_get(self->conf.projector, &stats);
    if (!stats.has_swept || !projector_is_caught_up(self->conf.projector)) {
        put_off(self, "the journals are still being read");
        return;
    }
    self->is_asking = 1;
    notify_store_board(self->conf.store, self->counted, on_counted, self);
}

static void begin(struct behind *self, int32_t day)
{
    if (self->day != 0 && !self->is_done)
        log_warn("a day has ended before all who are behind the plan were found", "boards=%zu",
                 self->board_i);
    self->day = day;
    self->is_done = 0;
    self->is_counted = 0;
    self->board_i = 0;
    self->n_boards = 1;
    memcpy(self->boards[0], COUNTRY, sizeof(COUNTRY));
}

static void on_tick(void *arg)
{
    struct behind *self = arg;
    int64_t now_ms = clock_wall_ms();
    int32_t day = clock_business_day(now_ms);
    if (self->is_asking || clock_mono_ms() < self->retry_at_ms)
        return;
    if (!projector_is_leader(self->conf.projector)) {
        self->day = 0; /* another one asks; should this one lead again, it asks for all */
        return;
    }
    if (now_ms < hour_ms(self, day) + SETTLE_MS)
        return;
    if (day != self->day)
        begin(self, day);
    if (!self->is_done && self->is_counted)
        ask(self);
    else if (!self->is_done)
        ask_counted(self);
}

struct behind *behind_create(const struct behind_conf *conf)
{
    struct behind *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->conf = *conf;
    self->n_found = metrics_counter(conf->svc->metrics, "units_behind_total", "");
    if (conf->hour < 0)
        return self;
    self->arena = arena_create(ARENA_BYTES);
    self->tick = loop_timer_add(conf->svc->loop, TICK_MS, TICK_MS, on_tick, self);
    return self;
}

void behind_destroy(struct behind **self_ret)
{
    struct behind *self = *self_ret;
    if (self == NULL)
        return;
    loop_timer_cancel(self->conf.svc->loop, &self->tick);
    arena_destroy(&self->arena);
    free(self);
    *self_ret = NULL;
}

int behind_is_idle(const struct behind *self)
{
    return !self->is_asking;
}
