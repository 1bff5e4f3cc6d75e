#include "services/gateway/live_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/json/json.h"
#include "services/gateway/live_own.h"

#define PROGRESS_METHOD "ansinh.v1.Analytics/GetProgress"
#define LOAD_TIMEOUT_MS 2000

struct live_watch *live_watch_create(struct live_watch_base *base,
                                     const struct live_watch_spec *spec)
{
    ASSERT(spec->n_codes > 0 && spec->n_codes <= WATCH_UNITS_MAX);
    struct live_watch *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->base = base;
    self->spec = *spec;
    self->told_seq = live_units_seq(base->units);
    return self;
}

static void leave_units(struct live_watch *self, struct live_unit **units, size_t n)
{
    for (size_t i = 0; i < n; i++)
        live_units_leave(self->base->units, units[i]);
    free(units);
}

static void forget_frames(struct live_watch *self)
{
    while (self->n_frames > 0)
        live_frame_unref(&self->frames[--self->n_frames].frame);
}

void live_watch_destroy(struct live_watch **self)
{
    struct live_watch *watch = *self;
    if (watch == NULL)
        return;
    ASSERT(watch->n_asked == 0);
    leave_units(watch, watch->units, watch->n_units);
    live_frame_unref(&watch->snapshot);
    forget_frames(watch);
    free(watch);
    *self = NULL;
}

/* Appends one event to the scratch text; id 0: without. A reader's Last-Event-ID is that of the
 * last event that had one. */
static int append_event(struct live_watch_base *base, const char *name, uint64_t id,
                        const ProtobufCMessage *message)
{
    (void)buf_printf(&base->text, "event: %s\n", name);
    if (id != 0)
        (void)buf_printf(&base->text, "id: %llu\n", (unsigned long long)id);
    (void)buf_puts(&base->text, "data: ");
    int rc = json_from_message(message, JSON_DEFAULTS, &base->text);
    return rc < 0 ? rc : buf_puts(&base->text, "\n\n");
}

/* --- loading -----------------------------------------------------------------------------------
 */

/* Adds a unit with the answer's values; newer ones that came by view stay, and then the snapshot
 * holds only up to the change before them. */
static void add_unit(struct live_watch *self, uint64_t version,
                     const Ansinh__V1__UnitProgress *progress)
{
    struct live_unit *unit = live_units_join(self->base->units, progress->unit_code);
    if (unit == NULL)
        return;
    self->units[self->n_units++] = unit;
    if (!live_units_apply(self->base->units, unit, LIVE_ANSWER, version, progress))
        self->snapshot_seq = MIN(self->snapshot_seq, unit->seq - 1);
}

/* Takes the units of all answers in place of those before. */
static void take_units(struct live_watch *self)
{
    struct live_unit **before = self->units;
    size_t n_before = self->n_units, n = self->spec.n_codes;
    ASSERT(n > 0);
    for (size_t i = 0; i < self->spec.n_codes; i++)
        n += self->asks[i].answer->n_children;
    self->units = calloc(n, sizeof(struct live_unit *));
    ASSERT(self->units != NULL);
    self->n_units = 0;
    self->snapshot_seq = UINT64_MAX;
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        const Ansinh__V1__GetProgressResponse *answer = self->asks[i].answer;
        Ansinh__V1__UnitProgress own;
        live_own_progress(answer, &own);
        add_unit(self, answer->version, &own);
        for (size_t k = 0; k < answer->n_children; k++)
            add_unit(self, answer->version, answer->children[k]);
    }
    self->snapshot_seq = MIN(self->snapshot_seq, live_units_seq(self->base->units));
    leave_units(self, before, n_before);
}

/* Whoever breaks off between two of its events has seen none: the last one alone has an id. */
static int make_snapshot(struct live_watch *self, uint64_t id)
{
    struct live_watch_base *base = self->base;
    buf_reset(&base->text);
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        const Ansinh__V1__GetProgressResponse *answer = self->asks[i].answer;
        int rc =
            append_event(base, "snapshot", i + 1 == self->spec.n_codes ? id : 0, &answer->base);
        if (rc < 0)
            return rc;
    }
    struct live_frame *frame = live_frame_make(&base->memory, base->text.data, base->text.len);
    if (frame == NULL)
        return -ENOMEM;
    live_frame_unref(&self->snapshot);
    self->snapshot = frame;
    self->snapshot_id = id;
    return 0;
}

static uint64_t oldest_version(const struct live_watch *self)
{
    uint64_t version = UINT64_MAX;
    for (size_t i = 0; i < self->spec.n_codes; i++)
        version = MIN(version, self->asks[i].answer->version);
    return version;
}

/* All questions are answered. An answer below the views that were here before the question is that
 * of an instance which does not know yet that it leads no more. */
static int take_answers(struct live_watch *self)
{
    uint64_t version = oldest_version(self);
    if (version < self->asked_version || make_snapshot(self, version) < 0)
        return 0;
    take_units(self);
    if (self->loaded_version == 0) {
        self->known_seq = self->told_seq = self->from_seq = self->snapshot_seq;
        self->changed_before = self->snapshot_seq;
        self->changed = live_units_seq(self->base->units);
    }
    self->loaded_version = version;
    self->loaded_ms = clock_mono_ms();
    if (version + 1 >= self->base->gap)
        self->gap_id = 0;
    else if (self->gap_id == 0)
        self->gap_id = version;
    return 1;
}

static enum live_watch_event end_load(struct live_watch *self)
{
    enum live_watch_event event = WATCH_FAILED;
    if (self->load_code == ANSINH__V1__CODE__CODE_NOT_FOUND)
        event = WATCH_UNKNOWN;
    if (self->load_code == ANSINH__V1__CODE__CODE_UNSPECIFIED && take_answers(self))
        event = WATCH_LOADED;
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        ansinh__v1__get_progress_response__free_unpacked(self->asks[i].answer, NULL);
        self->asks[i].answer = NULL;
    }
    return event;
}

static void on_progress(void *arg, const struct bus_answer *answer)
{
    struct live_watch_ask *ask = arg;
    struct live_watch *self = ask->watch;
    Ansinh__V1__Code code = answer->code;
    if (code == ANSINH__V1__CODE__CODE_UNSPECIFIED) {
        ask->answer =
            ansinh__v1__get_progress_response__unpack(NULL, answer->body_len, answer->body);
        if (ask->answer == NULL)
            code = ANSINH__V1__CODE__CODE_INTERNAL;
    }
    /* an unknown unit is final, whatever else went wrong */
    if (code == ANSINH__V1__CODE__CODE_NOT_FOUND ||
        (code != ANSINH__V1__CODE__CODE_UNSPECIFIED &&
         self->load_code == ANSINH__V1__CODE__CODE_UNSPECIFIED)) {
        self->load_code = code;
        (void)snprintf(self->problem, sizeof(self->problem), "%s: %s",
                       self->spec.codes[ask - self->asks], answer->message);
    }
    if (--self->n_asked == 0)
        self->base->fn(self->base->arg, self, end_load(self));
}

void live_watch_load(struct live_watch *self)
{
    if (self->n_asked > 0)
        return;
    self->asked_ms = clock_mono_ms();
    self->asked_version = self->base->version;
    self->load_code = ANSINH__V1__CODE__CODE_UNSPECIFIED;
    self->n_asked = self->spec.n_codes;
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        self->asks[i].watch = self;
        Ansinh__V1__GetProgressRequest input;
        ansinh__v1__get_progress_request__init(&input);
        input.unit_code = self->spec.codes[i];
        input.with_children = self->spec.with_children;
        struct bus_call call = {
            .service = "analytics", .method = PROGRESS_METHOD, .timeout_ms = LOAD_TIMEOUT_MS};
        bus_call(self->base->client, &call, &input.base, on_progress, &self->asks[i]);
    }
}

/* --- changes -----------------------------------------------------------------------------------
 */

static int has_changed(const struct live_watch *self, uint64_t since)
{
    for (size_t i = 0; i < self->n_units; i++) {
        if (self->units[i]->seq > since)
            return 1;
    }
    return 0;
}

int live_watch_tell(struct live_watch *self, uint64_t seq)
{
    uint64_t before = self->told_seq;
    self->told_seq = seq;
    if (!has_changed(self, before))
        return 0;
    forget_frames(self);
    self->from_seq = before;
    self->changed_before = self->changed;
    self->changed = seq;
    return 1;
}

uint64_t live_watch_id(const struct live_watch *self)
{
    return self->gap_id != 0 ? self->gap_id : MAX(self->base->version, self->loaded_version);
}

void live_watch_lost(struct live_watch *self)
{
    self->gap_id = live_watch_id(self);
}

/* Appends the units that changed since a number; -EMSGSIZE, or how many there are. */
static int append_units(struct live_watch *self, uint64_t since)
{
    struct live_watch_base *base = self->base;
    int n = 0;
    for (size_t i = 0; i < self->n_units; i++) {
        if (self->units[i]->seq <= since)
            continue;
        if (n++ > 0)
            (void)buf_putc(&base->text, ',');
        int rc = live_units_write(base->units, self->units[i], &base->text);
        if (rc < 0)
            return rc;
    }
    return n;
}

/* A ProgressView whose units were written before: its own fields as the descriptor says, with their
 * JSON in the empty list. */
static struct live_frame *make_frame(struct live_watch *self, uint64_t since)
{
    static const char list[] = "\"units\":[";
    struct live_watch_base *base = self->base;
    Ansinh__V1__ProgressView view;
    ansinh__v1__progress_view__init(&view);
    view.version = live_watch_id(self);
    view.as_of_ms = base->as_of_ms;
    view.newest_event_ms = base->newest_event_ms;
    buf_reset(&base->text);
    buf_reset(&base->tail);
    if (append_event(base, "progress", view.version, &view.base) < 0)
        return NULL;
    uint8_t *at = memmem(base->text.data, base->text.len, list, strlen(list));
    ASSERT(at != NULL);
    size_t head_len = (size_t)(at - base->text.data) + strlen(list);
    if (buf_append(&base->tail, base->text.data + head_len, base->text.len - head_len) < 0)
        return NULL;
    base->text.len = head_len;
    if (append_units(self, since) <= 0 ||
        buf_append(&base->text, base->tail.data, base->tail.len) < 0)
        return NULL;
    ++*base->frames_made;
    return live_frame_make(&base->memory, base->text.data, base->text.len);
}

static struct live_frame *find_frame(const struct live_watch *self, uint64_t since)
{
    for (size_t i = 0; i < self->n_frames; i++) {
        if (self->frames[i].from == since)
            return self->frames[i].frame;
    }
    return NULL;
}

struct live_frame *live_watch_progress(struct live_watch *self, uint64_t since, uint64_t *ret_seq)
{
    *ret_seq = since;
    if (since >= self->changed)
        return NULL;
    if (since >= self->changed_before)
        since = self->from_seq; /* in step: nothing changed in between */
    struct live_frame *frame = find_frame(self, since);
    if (frame == NULL && self->n_frames + 1 >= WATCH_FRAMES_MAX) {
        since = 0;
        frame = find_frame(self, since);
    }
    if (frame == NULL) {
        frame = make_frame(self, since);
        if (frame == NULL)
            return NULL;
        self->frames[self->n_frames++] = (struct live_watch_frame){since, frame};
    }
    *ret_seq = self->changed;
    return frame;
}
