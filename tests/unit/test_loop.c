#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/loop/loop.h"

#define TURNS_MAX 1000
#define WAIT_MS 5000

/* A pipe whose reading end is watched; counts what the watcher saw. */
struct watch {
    struct loop *loop;
    int ends[2];
    struct loop_source *source;
    struct loop_source **victim; /* what the watcher removes or pauses */
    int is_pausing;
    int n_calls;
    int events;
};

static void watch_open(struct watch *watch, struct loop *loop, loop_source_fn fn)
{
    memset(watch, 0, sizeof(*watch));
    watch->loop = loop;
    assert_int_equal(pipe2(watch->ends, O_NONBLOCK | O_CLOEXEC), 0);
    watch->source = loop_add_fd(loop, watch->ends[0], LOOP_READ, fn, watch);
}

static void watch_close(struct watch *watch)
{
    loop_source_remove(&watch->source);
    assert_null(watch->source);
    close(watch->ends[0]);
    close(watch->ends[1]);
}

static void poke(const struct watch *watch)
{
    assert_int_equal(write(watch->ends[1], "x", 1), 1);
}

static void on_read(void *arg, int events)
{
    struct watch *watch = arg;
    char c;
    watch->n_calls++;
    watch->events = events;
    while (read(watch->ends[0], &c, 1) == 1)
        continue;
    if (watch->victim == NULL)
        return;
    if (watch->is_pausing)
        loop_source_events(*watch->victim, 0);
    else
        loop_source_remove(watch->victim);
}

static void count(void *arg)
{
    (*(int *)arg)++;
}

static void turn_until(struct loop *loop, const int *counter, int n)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;
    while (*counter < n && clock_mono_ms() < end_ms)
        loop_turn(loop, 100);
    assert_true(*counter >= n);
}

static void test_fd_is_level_triggered(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct watch watch;
    watch_open(&watch, loop, on_read);
    loop_turn(loop, 0);
    assert_int_equal(watch.n_calls, 0);
    poke(&watch);
    loop_turn(loop, WAIT_MS);
    assert_int_equal(watch.n_calls, 1);
    assert_int_equal(watch.events, LOOP_READ);
    loop_turn(loop, 0);
    assert_int_equal(watch.n_calls, 1);
    watch_close(&watch);
    loop_destroy(&loop);
    assert_null(loop);
    loop_destroy(&loop);
}

static void test_pause_and_resume(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct watch watch;
    watch_open(&watch, loop, on_read);
    poke(&watch);
    loop_source_events(watch.source, 0);
    loop_turn(loop, 0);
    assert_int_equal(watch.n_calls, 0);
    loop_source_events(watch.source, LOOP_READ);
    loop_turn(loop, WAIT_MS);
    assert_int_equal(watch.n_calls, 1);
    watch_close(&watch);
    loop_destroy(&loop);
}

static void on_write(void *arg, int events)
{
    struct watch *watch = arg;
    watch->n_calls++;
    watch->events = events;
    loop_source_events(watch->source, 0);
}

static void test_write_readiness(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct watch watch;
    watch_open(&watch, loop, on_read);
    struct loop_source *writer = watch.source;
    loop_source_remove(&writer);
    watch.source = loop_add_fd(loop, watch.ends[1], LOOP_WRITE, on_write, &watch);
    loop_turn(loop, WAIT_MS);
    assert_int_equal(watch.n_calls, 1);
    assert_int_equal(watch.events, LOOP_WRITE);
    watch_close(&watch);
    loop_destroy(&loop);
}

static void test_hangup_is_told(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct watch watch;
    watch_open(&watch, loop, on_read);
    loop_source_remove(&watch.source);
    watch.source = loop_add_fd(loop, watch.ends[1], LOOP_WRITE, on_write, &watch);
    close(watch.ends[0]);
    loop_turn(loop, WAIT_MS);
    assert_int_equal(watch.n_calls, 1);
    assert_int_equal(watch.events, LOOP_READ | LOOP_WRITE);
    loop_source_remove(&watch.source);
    close(watch.ends[1]);
    loop_destroy(&loop);
}

/* Both are ready in one turn; the first to run takes the other away, so only one runs. */
static void test_removal_by_another_callback(void **state)
{
    (void)state;
    for (int is_pausing = 0; is_pausing < 2; is_pausing++) {
        struct loop *loop = loop_create();
        struct watch a, b;
        watch_open(&a, loop, on_read);
        watch_open(&b, loop, on_read);
        a.victim = &b.source;
        b.victim = &a.source;
        a.is_pausing = b.is_pausing = is_pausing;
        poke(&a);
        poke(&b);
        loop_turn(loop, WAIT_MS);
        loop_turn(loop, 0);
        assert_int_equal(a.n_calls + b.n_calls, 1);
        watch_close(&a);
        watch_close(&b);
        loop_destroy(&loop);
    }
}

static void test_removal_by_itself(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct watch watch;
    watch_open(&watch, loop, on_read);
    watch.victim = &watch.source;
    poke(&watch);
    loop_turn(loop, WAIT_MS);
    assert_null(watch.source);
    poke(&watch);
    loop_turn(loop, 0);
    assert_int_equal(watch.n_calls, 1);
    watch_close(&watch);
    loop_destroy(&loop);
}

static void test_many_sources_come_and_go(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct watch watches[100];
    for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
        watch_open(&watches[i], loop, on_read);
        poke(&watches[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(watches); i += 2)
        loop_source_remove(&watches[i].source);
    loop_turn(loop, WAIT_MS);
    for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
        assert_int_equal(watches[i].n_calls, i % 2);
        watch_close(&watches[i]);
    }
    loop_destroy(&loop);
}

static void on_message(void *arg, int events)
{
    struct watch *watch = arg;
    char text[8];
    assert_int_equal(events, LOOP_READ);
    assert_int_equal(zmq_recv(watch->victim, text, sizeof(text), ZMQ_DONTWAIT), 2);
    watch->n_calls++;
}

static void test_zmq_socket(void **state)
{
    (void)state;
    void *context = zmq_ctx_new();
    void *in = zmq_socket(context, ZMQ_PULL);
    void *out = zmq_socket(context, ZMQ_PUSH);
    assert_int_equal(zmq_bind(in, "inproc://loop"), 0);
    assert_int_equal(zmq_connect(out, "inproc://loop"), 0);
    struct loop *loop = loop_create();
    struct watch watch = {.victim = in};
    struct loop_source *source = loop_add_socket(loop, in, on_message, &watch);
    for (int i = 0; i < 3; i++)
        assert_int_equal(zmq_send(out, "hi", 2, 0), 2);
    turn_until(loop, &watch.n_calls, 3);
    loop_source_remove(&source);
    loop_destroy(&loop);
    zmq_close(in);
    zmq_close(out);
    zmq_ctx_term(context);
}

static void test_timers_run_in_order_and_once(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    int late = 0, soon = 0;
    int64_t start_ms = clock_mono_ms();
    (void)loop_timer_add(loop, 40, 0, count, &late);
    (void)loop_timer_add(loop, 10, 0, count, &soon);
    turn_until(loop, &soon, 1);
    assert_true(clock_mono_ms() - start_ms >= 10);
    turn_until(loop, &late, 1);
    assert_true(clock_mono_ms() - start_ms >= 40);
    assert_true(loop_now_ms(loop) >= start_ms + 40);
    loop_turn(loop, 20);
    assert_int_equal(soon, 1);
    assert_int_equal(late, 1);
    loop_destroy(&loop);
}

static void test_cancelled_timers_do_not_run(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    int cancelled = 0, other = 0;
    struct loop_timer *timer = loop_timer_add(loop, 0, 0, count, &cancelled);
    struct loop_timer *periodic = loop_timer_add(loop, 0, 1, count, &cancelled);
    loop_timer_cancel(loop, &timer);
    assert_null(timer);
    loop_timer_cancel(loop, &timer);
    loop_timer_cancel(loop, &periodic);
    (void)loop_timer_add(loop, 5, 0, count, &other);
    (void)loop_timer_add(loop, 100000, 0, count, &other); /* freed with the loop */
    turn_until(loop, &other, 1);
    assert_int_equal(cancelled, 0);
    loop_destroy(&loop);
}

struct ticker {
    struct loop *loop;
    struct loop_timer *timer;
    int n_ticks;
};

static void on_tick(void *arg)
{
    struct ticker *ticker = arg;
    if (++ticker->n_ticks == 3)
        loop_timer_cancel(ticker->loop, &ticker->timer);
}

static void test_periodic_timer_cancels_itself(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct ticker ticker = {.loop = loop};
    ticker.timer = loop_timer_add(loop, 1, 1, on_tick, &ticker);
    turn_until(loop, &ticker.n_ticks, 3);
    assert_null(ticker.timer);
    loop_turn(loop, 10);
    assert_int_equal(ticker.n_ticks, 3);
    loop_destroy(&loop);
}

/* The loop does not turn for many periods: one run makes up for all of them. */
static void test_stall_is_made_up_once(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    int ticks = 0;
    int64_t start_ms = clock_mono_ms();
    struct loop_timer *timer = loop_timer_add(loop, 20, 20, count, &ticks);
    while (clock_mono_ms() - start_ms < 130)
        continue;
    loop_turn(loop, 0);
    assert_int_equal(ticks, 1);
    int64_t resumed_ms = loop_now_ms(loop);
    turn_until(loop, &ticks, 2);
    assert_true(loop_now_ms(loop) - resumed_ms >= 20);
    loop_timer_cancel(loop, &timer);
    loop_destroy(&loop);
}

static void on_rearm(void *arg)
{
    struct ticker *ticker = arg;
    ticker->n_ticks++;
    (void)loop_timer_add(ticker->loop, 0, 0, on_rearm, ticker);
}

/* A timer that is always due again must not keep the sources from running. */
static void test_timers_do_not_starve_sources(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct ticker ticker = {.loop = loop};
    struct watch watch;
    (void)loop_timer_add(loop, 0, 0, on_rearm, &ticker);
    watch_open(&watch, loop, on_read);
    poke(&watch);
    turn_until(loop, &watch.n_calls, 1);
    turn_until(loop, &ticker.n_ticks, 100);
    watch_close(&watch);
    loop_destroy(&loop);
}

struct order {
    char log[16];
    size_t n;
};

static void log_a(void *arg)
{
    struct order *order = arg;
    order->log[order->n++] = 'a';
}

static void log_b(void *arg)
{
    struct order *order = arg;
    order->log[order->n++] = 'b';
}

static void test_hooks_run_in_order_every_turn(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct order order = {.n = 0};
    loop_before_sleep(loop, log_a, &order);
    loop_before_sleep(loop, log_b, &order);
    loop_turn(loop, 0);
    loop_turn(loop, 0);
    assert_int_equal(order.n, 4);
    assert_memory_equal(order.log, "abab", 4);
    loop_destroy(&loop);
}

static void test_hooks_can_be_taken_out(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct order order = {.n = 0}, other = {.n = 0};
    loop_before_sleep(loop, log_a, &order);
    loop_before_sleep(loop, log_a, &other);
    loop_before_sleep(loop, log_b, &order);
    loop_before_sleep_end(loop, log_b, &other); /* never added */
    loop_before_sleep_end(loop, log_a, &order);
    loop_turn(loop, 0);
    assert_int_equal(order.n, 1);
    assert_int_equal(order.log[0], 'b');
    assert_int_equal(other.n, 1);
    loop_before_sleep_end(loop, log_b, &order);
    loop_before_sleep_end(loop, log_a, &other);
    loop_turn(loop, 0);
    assert_int_equal(order.n + other.n, 2);
    loop_destroy(&loop);
}

static void on_stop(void *arg)
{
    loop_stop(arg);
}

/* What the last callback left behind is still flushed. */
static void test_run_ends_with_the_hooks(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    int flushes = 0, seen = -1;
    loop_before_sleep(loop, count, &flushes);
    (void)loop_timer_add(loop, 5, 0, on_stop, loop);
    loop_run(loop);
    assert_true(flushes >= 2);
    seen = flushes;
    loop_run(loop); /* stays stopped */
    assert_int_equal(flushes, seen + 1);
    loop_destroy(&loop);
}

static void test_wake_skips_one_wait(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    int64_t start_ms = clock_mono_ms();
    loop_wake(loop);
    loop_turn(loop, 500);
    assert_true(clock_mono_ms() - start_ms < 400);
    start_ms = clock_mono_ms();
    loop_turn(loop, 30);
    assert_true(clock_mono_ms() - start_ms >= 25);
    loop_destroy(&loop);
}

static void on_signal(void *arg, int signal_number)
{
    *(int *)arg = signal_number;
}

static void test_signals(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct loop *loop = loop_create();
    int seen = 0;
    assert_int_equal(loop_watch_signals(loop, on_signal, &seen), 0);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        assert_int_equal(raise(signals[i]), 0);
        for (int turn = 0; seen != signals[i] && turn < TURNS_MAX; turn++)
            loop_turn(loop, 100);
        assert_int_equal(seen, signals[i]);
    }
    loop_destroy(&loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_fd_is_level_triggered),
    cmocka_unit_test(test_pause_and_resume),
    cmocka_unit_test(test_write_readiness),
    cmocka_unit_test(test_hangup_is_told),
    cmocka_unit_test(test_removal_by_another_callback),
    cmocka_unit_test(test_removal_by_itself),
    cmocka_unit_test(test_many_sources_come_and_go),
    cmocka_unit_test(test_zmq_socket),
    cmocka_unit_test(test_timers_run_in_order_and_once),
    cmocka_unit_test(test_cancelled_timers_do_not_run),
    cmocka_unit_test(test_periodic_timer_cancels_itself),
    cmocka_unit_test(test_stall_is_made_up_once),
    cmocka_unit_test(test_timers_do_not_starve_sources),
    cmocka_unit_test(test_hooks_run_in_order_every_turn),
    cmocka_unit_test(test_hooks_can_be_taken_out),
    cmocka_unit_test(test_run_ends_with_the_hooks),
    cmocka_unit_test(test_wake_skips_one_wait),
    cmocka_unit_test(test_signals),
};

TEST_MAIN(tests)
