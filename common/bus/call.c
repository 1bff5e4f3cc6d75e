#include "common/bus/call.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mutant.h"
#include "common/bus/context.h"

#define SEND_ATTEMPTS 2
#define BACKOFF_FIRST_MS 20
#define BACKOFF_DOUBLINGS_MAX 6U
#define BACKOFF_MAX_MS 2000U /* of our own; an instance may ask for more */

struct call *call_take(struct bus_client *client)
{
    if (list_is_empty(&client->free_calls)) {
        if (client->n_calls == client->calls_capacity) {
            client->calls_capacity = MAX((size_t)64, 2 * client->calls_capacity);
            client->calls = realloc(client->calls, client->calls_capacity * sizeof(struct call *));
            ASSERT(client->calls != NULL);
        }
        struct call *fresh = calloc(1, sizeof(*fresh));
        ASSERT(fresh != NULL);
        fresh->slot = (uint32_t)client->n_calls;
        list_init(&fresh->place);
        list_init(&fresh->timed);
        client->calls[client->n_calls++] = fresh;
        list_append(&client->free_calls, &fresh->place);
    }
    struct call *call = CONTAINER_OF(client->free_calls.next, struct call, place);
    list_remove(&call->place);
    call->state = CALL_WAITING;
    call->service = NULL;
    call->tried_last = 0;
    call->n_tries = call->n_refused = 0;
    call->retry_after_ms = 0;
    (void)zmq_msg_init(&call->body);
    client->n_open++;
    return call;
}

static void call_leave(struct bus_client *client, struct call *call)
{
    int is_placed = !list_is_empty(&call->place);
    if (is_placed && call->state == CALL_SENT)
        call->instance->n_calls--;
    if (is_placed && (call->state == CALL_WAITING || call->state == CALL_BACKING_OFF))
        client->n_parked--;
    list_remove(&call->place);
}

static void call_enter(struct call *call, enum call_state state, struct list *place)
{
    call->state = state;
    list_append(place, &call->place);
}

static void call_set_due(struct bus_client *client, struct call *call, int64_t due_ms)
{
    call->due_ms = MIN(due_ms, call->deadline_ms);
    int64_t tick = (call->due_ms + CALL_TICK_MS - 1) / CALL_TICK_MS;
    tick = MAX(tick, client->tick + 1);
    list_remove(&call->timed);
    list_append(&client->wheel[tick % WHEEL_BUCKETS], &call->timed);
}

void call_finish(struct bus_client *client, struct call *call, const struct bus_answer *answer)
{
    ASSERT(call->state != CALL_FREE);
    call_leave(client, call);
    list_remove(&call->timed);
    (void)zmq_msg_close(&call->body);
    call->generation++;
    call_enter(call, CALL_FREE, &client->free_calls);
    client->n_open--;
    call->fn(call->arg, answer);
}

/* What is known of a call that no try brought an answer for. */
static void call_finish_unanswered(struct bus_client *client, struct call *call)
{
    struct bus_answer answer = {.message = "no answer in time", .field = ""};
    if (call->n_refused > 0 && call->n_refused == call->n_tries) {
        answer.code = call->code;
        answer.message = "every instance that was asked refused";
        answer.retry_after_ms = call->retry_after_ms;
    } else if (!call->has_id) {
        answer.code = ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED;
    } else if (call->n_tries > 0) {
        answer.code = ANSINH__V1__CODE__CODE_UNKNOWN;
        answer.message = "no answer in time: ask again with the same request id";
    } else {
        answer.code = ANSINH__V1__CODE__CODE_UNAVAILABLE;
        answer.message = "no instance could be asked";
    }
    call_finish(client, call, &answer);
}

static struct instance *call_choose(const struct bus_client *client, const struct call *call)
{
    if (call->service == NULL)
        return NULL;
    if (call->instance_name[0] == '\0')
        return service_choose(call->service, client->window, call->tried_last);
    struct instance *instance = service_find(call->service, call->instance_name);
    int is_free = instance != NULL && instance->n_calls < client->window;
    return is_free && instance_is_ready(instance) ? instance : NULL;
}

static int call_send_to(struct bus_client *client, struct call *call, struct instance *instance)
{
    int64_t now_ms = clock_mono_ms();
    Ansinh__V1__Header header;
    ansinh__v1__header__init(&header);
    header.method = (char *)(uintptr_t)call->method;
    header.call_id = (uint64_t)call->generation << 32 | call->slot;
    if (MUTANT(RETRY_WITH_NEW_ID) && call->has_id && call->n_tries > 0)
        request_id_make(clock_wall_ms(), &call->id);
    if (call->has_id)
        header.request_id = (ProtobufCBinaryData){ID_BYTES, call->id.bytes};
    header.timeout_ms = (uint32_t)MAX(call->deadline_ms - now_ms, (int64_t)1);
    header.caller = client->caller;
    header.trace_id = call->trace_id;
    header.partner = call->partner;
    if (call->has_source_file)
        header.source_file = (ProtobufCBinaryData){FRAME_SOURCE_FILE_BYTES, call->source_file};
    zmq_msg_t head;
    if (frame_pack(&header.base, &head) < 0 || instance_send(instance, &head, &call->body) < 0)
        return 0;
    call->instance = instance;
    call->tried_last = instance->number;
    client->stats.retries += call->n_tries++ > 0;
    instance->n_calls++;
    call_enter(call, CALL_SENT, &instance->calls);
    call_set_due(client, call, now_ms + client->try_ms);
    return 1;
}

int call_send(struct bus_client *client, struct call *call)
{
    if (call->service == NULL)
        call->service = client_find_service(client, call->service_name);
    for (int i = 0; i < SEND_ATTEMPTS; i++) {
        struct instance *instance = call_choose(client, call);
        if (instance == NULL)
            return 0;
        if (call_send_to(client, call, instance))
            return 1;
    }
    return 0;
}

void call_park(struct bus_client *client, struct call *call)
{
    int is_stray = call->service == NULL || call->instance_name[0] != '\0';
    call_enter(call, CALL_WAITING, is_stray ? &client->strays : &call->service->waiting);
    call_set_due(client, call, call->deadline_ms);
    client->n_parked++;
}

static void call_try_again(struct bus_client *client, struct call *call)
{
    call_leave(client, call);
    if (!call_send(client, call))
        call_park(client, call);
}

static void on_fail_timer(void *arg)
{
    struct bus_client *client = arg;
    client->fail_timer = NULL;
    struct list failed;
    list_init(&failed);
    list_move_all(&client->failed, &failed); /* what callbacks add fails a turn later */
    while (!list_is_empty(&failed)) {
        struct call *call = CONTAINER_OF(failed.next, struct call, place);
        struct bus_answer answer = {.code = call->code, .message = call->message, .field = ""};
        call_finish(client, call, &answer);
    }
}

void call_fail_later(struct bus_client *client, struct call *call, Ansinh__V1__Code code,
                     const char *message)
{
    call->code = code;
    call->message = message;
    call_enter(call, CALL_FAILED, &client->failed);
    if (client->fail_timer == NULL)
        client->fail_timer = loop_timer_add(client->bus->loop, 0, 0, on_fail_timer, client);
}

/* One that cannot answer now, as a standby, did nothing: each other one is asked before waiting. */
static int may_ask_another(const struct call *call)
{
    return call->code == ANSINH__V1__CODE__CODE_UNAVAILABLE && call->instance_name[0] == '\0' &&
           call->n_refused < call->service->n_instances;
}

void call_refused(struct bus_client *client, struct call *call)
{
    if (may_ask_another(call)) {
        call_try_again(client, call);
        return;
    }
    unsigned first_ms = call->retry_after_ms == 0 ? BACKOFF_FIRST_MS : call->retry_after_ms;
    uint64_t delay_ms = (uint64_t)first_ms << MIN(call->n_refused - 1, BACKOFF_DOUBLINGS_MAX);
    delay_ms = MIN(delay_ms, (uint64_t)MAX(first_ms, BACKOFF_MAX_MS));
    delay_ms += randombytes_uniform((uint32_t)delay_ms / 2 + 1);
    int64_t due_ms = clock_mono_ms() + (int64_t)delay_ms;
    /* an earlier try without an answer may still bring one until the deadline */
    int is_settled = call->n_refused == call->n_tries;
    if (is_settled && (due_ms >= call->deadline_ms || client->n_parked >= client->waiting_max)) {
        call_finish_unanswered(client, call);
        return;
    }
    call_leave(client, call);
    call_enter(call, CALL_BACKING_OFF, &client->backing_off);
    call_set_due(client, call, due_ms);
    client->n_parked++;
}

void calls_flush(struct bus_client *client, struct service *service)
{
    while (!list_is_empty(&service->waiting)) {
        struct call *call = CONTAINER_OF(service->waiting.next, struct call, place);
        call_leave(client, call);
        if (!call_send(client, call)) {
            call_park(client, call);
            break;
        }
    }
}

void calls_move(struct bus_client *client, struct instance *instance)
{
    struct list calls;
    list_init(&calls);
    list_move_all(&instance->calls, &calls);
    while (!list_is_empty(&calls))
        call_try_again(client, CONTAINER_OF(calls.next, struct call, place));
}

void calls_try_strays(struct bus_client *client)
{
    struct list strays;
    list_init(&strays);
    list_move_all(&client->strays, &strays);
    while (!list_is_empty(&strays))
        call_try_again(client, CONTAINER_OF(strays.next, struct call, place));
}

static void call_due(struct bus_client *client, struct call *call, int64_t now_ms)
{
    if (now_ms < call->due_ms) {
        call_set_due(client, call, call->due_ms);
    } else if (now_ms >= call->deadline_ms) {
        client->stats.timeouts++;
        call_finish_unanswered(client, call);
    } else {
        call_try_again(client, call);
    }
}

void calls_walk(struct bus_client *client, int64_t now_ms)
{
    struct list due;
    list_init(&due);
    int64_t tick = now_ms / CALL_TICK_MS;
    int64_t first = MAX(client->tick + 1, tick - WHEEL_BUCKETS + 1);
    for (int64_t i = first; i <= tick; i++)
        list_move_all(&client->wheel[i % WHEEL_BUCKETS], &due);
    client->tick = tick;
    while (!list_is_empty(&due)) {
        struct call *call = CONTAINER_OF(due.next, struct call, timed);
        list_remove(&call->timed);
        call_due(client, call, now_ms);
    }
}
