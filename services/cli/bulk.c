#include "services/cli/bulk.h"

#include <signal.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/api.h"
#include "services/cli/progress.h"

#define TIMEOUT_MS 60000
#define TURN_MS 50
#define PACED_TURN_MS 5

struct bulk {
    struct bulk_conf conf;
    unsigned long started, done, failed;
    int is_exhausted;
    int64_t begin_ms;
    struct progress progress;
};

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static unsigned long expected(const struct bulk *self)
{
    return self->conf.estimate == NULL ? self->conf.total : self->conf.estimate(self->conf.arg);
}

/* Jobs that may have been started by now. */
static unsigned long allowance(const struct bulk *self)
{
    if (self->conf.rate <= 0)
        return self->started + self->conf.window;
    double elapsed_s = (double)(clock_mono_ms() - self->begin_ms) / 1000.0;
    return (unsigned long)(elapsed_s * self->conf.rate) + 1;
}

/* Starts what may be started; 0: the next one must wait for its time. */
static int start_some(struct bulk *self)
{
    const struct bulk_conf *conf = &self->conf;
    unsigned long may_start = allowance(self);
    while (!self->is_exhausted && !is_interrupted && self->started < may_start &&
           self->started - self->done < conf->window) {
        int rc = conf->start(conf->arg, self, self->started++);
        if (rc == 1)
            continue;
        self->started--;
        if (rc == BULK_NOT_YET)
            return 0;
        self->is_exhausted = 1;
    }
    self->is_exhausted |= is_interrupted;
    return conf->rate <= 0;
}

unsigned long bulk_run(const struct bulk_conf *conf, unsigned long *ret_done)
{
    struct bulk self = {.conf = *conf, .begin_ms = clock_mono_ms()};
    struct sigaction action = {.sa_handler = on_interrupt}, old_int, old_term;
    is_interrupted = 0;
    progress_begin(&self.progress, conf->title);
    (void)sigaction(SIGINT, &action, &old_int);
    (void)sigaction(SIGTERM, &action, &old_term);
    while (!self.is_exhausted || self.started > self.done) {
        int turn_ms = start_some(&self) ? TURN_MS : PACED_TURN_MS;
        if (self.is_exhausted && self.started == self.done)
            break;
        loop_turn(conf->svc->loop, turn_ms);
        progress_show(&self.progress, self.done, expected(&self));
    }
    progress_end(&self.progress, self.done, expected(&self));
    (void)sigaction(SIGINT, &old_int, NULL);
    (void)sigaction(SIGTERM, &old_term, NULL);
    if (ret_done != NULL)
        *ret_done = self.done;
    return self.failed;
}

int bulk_is_ending(const struct bulk *bulk)
{
    return bulk->is_exhausted && is_interrupted;
}

void bulk_done(struct bulk *bulk, int is_good)
{
    bulk->done++;
    bulk->failed += !is_good;
}

void bulk_call(struct bulk *bulk, const char *method, const struct request_id *id,
               const ProtobufCMessage *input, bus_answer_fn fn, void *arg)
{
    const struct api_method *found = api_find(method);
    ASSERT(found != NULL);
    struct bus_call call = {
        .service = found->process, .method = found->name, .id = id, .timeout_ms = TIMEOUT_MS};
    bus_call(bulk->conf.svc->client, &call, input, fn, arg);
}
