#include "services/gateway/sse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "services/gateway/live.h"
#include "services/gateway/connect_error.h"

#define OPENING "retry: 1000\n\n"
#define HEARTBEAT ":\n\n"
#define HEARTBEAT_LOOK_MS 1000
#define RETRY_AFTER_MS 5000
#define STALE_MAX_BYTES 128

/* One stream; in the list of its watch. Lives until its request is gone. */
struct viewer {
    struct sse *sse;
    struct http_request *request;
    struct live_watch *watch;
    struct viewer *prev, *next;
    int is_open; /* the stream has begun; before, the first load is waited for */
    int wants_opening, wants_snapshot, wants_stale;
    int is_told;              /* that analytics is silent */
    uint64_t seen_seq;        /* it was sent what changed up to here */
    uint64_t last_id;         /* it came back with this; 0: it is new, or was waited for once */
    struct live_frame *frame; /* being sent, from offset on */
    size_t offset;
    int64_t sent_ms; /* the last time that anything was sent */
};

struct sse {
    struct service *svc;
    struct live *live;
    struct loop_timer *timer;
    size_t n_viewers, viewers_max;
    int is_draining;
    struct live_memory memory; /* of the short frames that are no values */
    struct live_frame *opening, *heartbeat;
    struct buf text;
    int64_t *viewers, *frames, *frame_bytes, *bad_input, *resumed, *cut;
};

/* --- the life of a viewer --------------------------------------------------------------------- */

static struct viewer *viewer_add(struct sse *self, struct http_request *request,
                                 const struct live_watch_spec *spec)
{
    struct viewer *viewer = calloc(1, sizeof(*viewer));
    ASSERT(viewer != NULL);
    viewer->sse = self;
    viewer->request = request;
    viewer->wants_opening = viewer->wants_snapshot = 1;
    viewer->watch = live_join(self->live, spec);
    struct viewer **list = &viewer->watch->viewers;
    viewer->next = *list;
    if (*list != NULL)
        (*list)->prev = viewer;
    *list = viewer;
    self->n_viewers++;
    *self->viewers = (int64_t)self->n_viewers;
    return viewer;
}

static void viewer_remove(void *arg)
{
    struct viewer *viewer = arg;
    struct sse *self = viewer->sse;
    if (viewer->prev != NULL)
        viewer->prev->next = viewer->next;
    else
        viewer->watch->viewers = viewer->next;
    if (viewer->next != NULL)
        viewer->next->prev = viewer->prev;
    if (viewer->watch->viewers == NULL)
        live_leave(self->live, viewer->watch);
    live_frame_unref(&viewer->frame);
    free(viewer);
    self->n_viewers--;
    *self->viewers = (int64_t)self->n_viewers;
}

static void refuse(struct http_request *request, Ansinh__V1__Code code, const char *field,
                   const char *message)
{
    int is_later = code == ANSINH__V1__CODE__CODE_UNAVAILABLE ||
                   code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
    struct connect_error error = {.code = code,
                                  .message = message,
                                  .field = field,
                                  .retry_after_ms = is_later ? RETRY_AFTER_MS : 0};
    connect_error_answer(request, &error, NULL, 0);
}

/* --- what a stream says next -------------------------------------------------------------------
 */

static struct live_frame *stale_frame(struct sse *self)
{
    char json[STALE_MAX_BYTES];
    json_auto_t *data = json_pack("{s:I}", "since_ms", (json_int_t)live_heard_ms(self->live));
    size_t len = json_dumpb(data, json, sizeof(json), JSON_COMPACT);
    ASSERT(len > 0 && len < sizeof(json));
    buf_reset(&self->text);
    (void)buf_printf(&self->text, "event: stale\ndata: %.*s\n\n", (int)len, json);
    return live_frame_make(&self->memory, self->text.data, self->text.len);
}

/* A reference to the next frame; NULL when there is nothing to say now. */
static struct live_frame *viewer_next(struct viewer *viewer)
{
    struct sse *self = viewer->sse;
    int64_t now = loop_now_ms(self->svc->loop);
    struct live_watch *watch = viewer->watch;
    if (viewer->wants_opening) {
        viewer->wants_opening = 0;
        return live_frame_ref(self->opening);
    }
    if (viewer->wants_stale) {
        viewer->wants_stale = 0;
        viewer->is_told = 1;
        return stale_frame(self);
    }
    if (viewer->wants_snapshot && watch->snapshot != NULL) {
        viewer->wants_snapshot = 0;
        viewer->is_told = 0;
        viewer->seen_seq = watch->snapshot_seq;
        return live_frame_ref(watch->snapshot);
    }
    if (viewer->wants_snapshot)
        live_load_soon(watch); /* it came too late for the last one */
    struct live_frame *frame =
        viewer->wants_snapshot ? NULL
                               : live_watch_progress(watch, viewer->seen_seq, &viewer->seen_seq);
    if (frame != NULL)
        return live_frame_ref(frame);
    return now - viewer->sent_ms >= SSE_HEARTBEAT_MS ? live_frame_ref(self->heartbeat) : NULL;
}

static ssize_t viewer_read(void *arg, char *out, size_t size)
{
    struct viewer *viewer = arg;
    struct sse *self = viewer->sse;
    if (self->is_draining)
        return HTTP_STREAM_END;
    if (viewer->frame == NULL) {
        viewer->frame = viewer_next(viewer);
        viewer->offset = 0;
        if (viewer->frame == NULL)
            return 0;
        ++*self->frames;
        viewer->sent_ms = loop_now_ms(self->svc->loop);
    }
    size_t n = MIN(size, viewer->frame->len - viewer->offset);
    memcpy(out, viewer->frame->text + viewer->offset, n);
    viewer->offset += n;
    if (viewer->offset == viewer->frame->len)
        live_frame_unref(&viewer->frame);
    return (ssize_t)n;
}

static void viewer_open(struct viewer *viewer)
{
    static const struct http_header headers[] = {
        {"Content-Type", "text/event-stream"},
        {"Cache-Control", "no-store"},
        {"X-Accel-Buffering", "no"},
    };
    viewer->is_open = 1;
    http_stream(viewer->request, headers, ARRAY_LEN(headers), viewer_read, viewer_remove, viewer);
}

/* --- what happens to a watch --------------------------------------------------------------------
 */

/* What the end of a load means to a viewer who waits for it. */
static void viewer_begin(struct viewer *viewer, enum live_watch_event event)
{
    struct http_request *request = viewer->request;
    if (event == WATCH_LOADED && viewer->watch->snapshot_id < viewer->last_id) {
        viewer->last_id = 0; /* asked before it came back: once more, whatever it called last */
        live_load_soon(viewer->watch);
        return;
    }
    if (event == WATCH_UNKNOWN) {
        refuse(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "unit", viewer->watch->problem);
    } else if (viewer->sse->is_draining) {
        refuse(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, "", "the gateway is ending");
    } else {
        viewer->wants_stale = event == WATCH_FAILED;
        viewer_open(viewer);
        return;
    }
    viewer_remove(viewer);
}

static void viewer_tell(struct viewer *viewer, enum live_watch_event event)
{
    int is_load_end = event == WATCH_LOADED || event == WATCH_UNKNOWN || event == WATCH_FAILED;
    if (!viewer->is_open) {
        if (is_load_end)
            viewer_begin(viewer, event);
        return;
    }
    if (event == WATCH_STALE) {
        viewer->wants_stale = !viewer->is_told;
        viewer->wants_snapshot = 1;
    }
    if (event == WATCH_STALE || event == WATCH_CHANGED ||
        (event == WATCH_LOADED && viewer->wants_snapshot))
        http_stream_wake(viewer->request);
}

static void on_watch(void *arg, struct live_watch *watch, enum live_watch_event event)
{
    (void)arg;
    for (struct viewer *viewer = watch->viewers, *next; viewer != NULL; viewer = next) {
        next = viewer->next; /* the last one may take the watch with it */
        viewer_tell(viewer, event);
    }
}

static void wake_all(struct sse *self, int64_t silent_since_ms)
{
    for (struct live_watch *watch = live_next(self->live, NULL); watch != NULL;
         watch = live_next(self->live, watch)) {
        for (struct viewer *viewer = watch->viewers; viewer != NULL; viewer = viewer->next) {
            if (viewer->is_open && viewer->sent_ms <= silent_since_ms)
                http_stream_wake(viewer->request);
        }
    }
}

/* Frames are kept by who does not take them. */
static void cut_slow(struct sse *self)
{
    int64_t late_ms = loop_now_ms(self->svc->loop) - SSE_SLOW_MS;
    for (struct live_watch *watch = live_next(self->live, NULL); watch != NULL;
         watch = live_next(self->live, watch)) {
        for (struct viewer *viewer = watch->viewers; viewer != NULL; viewer = viewer->next) {
            if (viewer->frame == NULL || viewer->sent_ms > late_ms)
                continue;
            ++*self->cut;
            http_stream_cut(viewer->request);
        }
    }
}

static void on_heartbeat(void *arg)
{
    struct sse *self = arg;
    const struct live_memory *memory = live_memory(self->live);
    *self->frame_bytes = (int64_t)memory->used;
    if (memory->used > memory->max / 2)
        cut_slow(self);
    wake_all(self, loop_now_ms(self->svc->loop) - SSE_HEARTBEAT_MS);
}

/* --- requests ----------------------------------------------------------------------------------
 */

static int has_code(const struct live_watch_spec *spec, const char *code)
{
    for (size_t i = 0; i < spec->n_codes; i++) {
        if (strcmp(spec->codes[i], code) == 0)
            return 1;
    }
    return 0;
}

/* Adds the codes of one comma-separated list; 0 for a malformed or too long one. */
static int add_codes(struct live_watch_spec *spec, const char *list)
{
    for (;;) {
        size_t len = strcspn(list, ",");
        char code[UNIT_CODE_BYTES] = "";
        if (len == 0 || len >= sizeof(code))
            return 0;
        memcpy(code, list, len);
        if (strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != len)
            return 0;
        if (!has_code(spec, code)) {
            if (spec->n_codes == WATCH_UNITS_MAX)
                return 0;
            memcpy(spec->codes[spec->n_codes++], code, sizeof(code));
        }
        if (list[len] == '\0')
            return 1;
        list += len + 1;
    }
}

/* ?unit=15&unit=VN,01&children=0: no unit means the country. NULL, or what is wrong. */
static const char *read_spec(struct http_request *request, struct live_watch_spec *ret)
{
    const char *units[HTTP_VALUES_MAX];
    size_t n = http_query_all(request, "unit", units);
    memset(ret, 0, sizeof(*ret));
    if (n == 0)
        units[n++] = "VN";
    if (n > HTTP_VALUES_MAX)
        return "unit";
    for (size_t i = 0; i < n; i++) {
        if (!add_codes(ret, units[i]))
            return "unit";
    }
    size_t len = 0;
    const char *children = http_query(request, "children", &len);
    if (children != NULL && strcmp(children, "0") != 0 && strcmp(children, "1") != 0)
        return "children";
    ret->with_children = children == NULL || children[0] == '1';
    return NULL;
}

/* 0: none, or none of ours. A page that opens another EventSource cannot set the header. */
static uint64_t last_event_id(struct http_request *request)
{
    int64_t id;
    size_t len;
    const char *text = http_header(request, "Last-Event-ID");
    if (text == NULL)
        text = http_query(request, "last_event_id", &len);
    return text == NULL || parse_int64(text, 1, INT64_MAX, &id) < 0 ? 0 : (uint64_t)id;
}

/* Goes on from an id when that is known; else with a snapshot that is not older. */
static void viewer_begin_at(struct viewer *viewer, uint64_t id)
{
    struct live_watch *watch = viewer->watch;
    if (id != 0 && live_resume(viewer->sse->live, watch, id, &viewer->seen_seq)) {
        viewer->wants_snapshot = 0;
        ++*viewer->sse->resumed;
        viewer_open(viewer);
    } else if (live_is_fresh(watch) && watch->snapshot_id >= id) {
        viewer_open(viewer);
    } else {
        viewer->last_id = id;
        live_watch_load(watch);
    }
}

void sse_handle(struct sse *self, struct http_request *request)
{
    struct live_watch_spec spec;
    const char *wrong = read_spec(request, &spec);
    if (wrong != NULL) {
        ++*self->bad_input;
        refuse(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, wrong,
               "unit is a list of at most 16 unit codes, children is 0 or 1");
        return;
    }
    if (self->is_draining || self->n_viewers >= self->viewers_max) {
        refuse(request,
               self->is_draining ? ANSINH__V1__CODE__CODE_UNAVAILABLE
                                 : ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED,
               "", self->is_draining ? "the gateway is ending" : "too many viewers");
        return;
    }
    viewer_begin_at(viewer_add(self, request, &spec), last_event_id(request));
}

void sse_drain(struct sse *self)
{
    if (self->is_draining)
        return;
    self->is_draining = 1;
    live_end(self->live);
    wake_all(self, INT64_MAX);
}

/* --- creation ----------------------------------------------------------------------------------
 */

int sse_create(struct service *svc, size_t viewers_max, size_t frames_max, struct sse **ret,
               struct err *err)
{
    struct sse *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->viewers_max = viewers_max;
    const struct live_numbers numbers = {
        .frames_made = metrics_counter(svc->metrics, "sse_frames_made_total", ""),
        .gaps = metrics_counter(svc->metrics, "live_gaps_total", ""),
    };
    int rc = live_create(svc, frames_max, &numbers, on_watch, self, &self->live, err);
    if (rc < 0) {
        free(self);
        return rc;
    }
    self->memory.max = SIZE_MAX; /* viewers_max of them, STALE_MAX_BYTES each */
    self->opening = live_frame_make(&self->memory, OPENING, strlen(OPENING));
    self->heartbeat = live_frame_make(&self->memory, HEARTBEAT, strlen(HEARTBEAT));
    buf_init(&self->text, 2 * STALE_MAX_BYTES);
    self->viewers = metrics_gauge(svc->metrics, "sse_viewers", "");
    self->frames = metrics_counter(svc->metrics, "sse_frames_total", "");
    self->frame_bytes = metrics_gauge(svc->metrics, "sse_frame_bytes", "");
    self->resumed = metrics_counter(svc->metrics, "sse_resumed_total", "");
    self->cut = metrics_counter(svc->metrics, "sse_viewers_cut_total", "");
    self->bad_input = metrics_counter(svc->metrics, "bad_input_total", "kind=\"watch\"");
    self->timer =
        loop_timer_add(svc->loop, HEARTBEAT_LOOK_MS, HEARTBEAT_LOOK_MS, on_heartbeat, self);
    *ret = self;
    return 0;
}

void sse_destroy(struct sse **self)
{
    struct sse *sse = *self;
    if (sse == NULL)
        return;
    ASSERT(sse->n_viewers == 0);
    loop_timer_cancel(sse->svc->loop, &sse->timer);
    live_destroy(&sse->live);
    live_frame_unref(&sse->opening);
    live_frame_unref(&sse->heartbeat);
    buf_fini(&sse->text);
    free(sse);
    *self = NULL;
}
