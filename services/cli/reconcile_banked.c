#include "services/cli/reconcile_banked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/domain/calendar.h"

#define ENTRIES_MAX_BYTES ((size_t)1024 * 1024 * 1024)

struct entry {
    struct entry *next;
    struct bank_posted posted;
};

struct banked {
    int32_t last_day;
    struct arena *arena;
    struct map *entries; /* by their subjects */
    struct entry *first;
};

struct banked *banked_create(int32_t last_day)
{
    struct banked *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->last_day = last_day;
    self->arena = arena_create(ENTRIES_MAX_BYTES);
    self->entries = map_create();
    return self;
}

void banked_destroy(struct banked **self)
{
    if (*self == NULL)
        return;
    map_destroy(&(*self)->entries);
    arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

static const char *copy(struct banked *self, const char *text)
{
    return arena_strndup(self->arena, text, strlen(text));
}

static int is_subject(const ProtobufCBinaryData *subject)
{
    return subject->len > 0 && subject->len <= MAP_KEY_MAX_BYTES;
}

static int take_entry(struct banked *self, const Ansinh__V1__BankEntryPosted *in)
{
    if (in->entry == NULL || !is_subject(&in->subject))
        return -EPROTO;
    struct entry *entry = arena_zalloc(self->arena, sizeof(*entry));
    if (entry == NULL)
        return -ENOSPC;
    struct bank_posted *posted = &entry->posted;
    posted->account = copy(self, in->entry->bank_account);
    posted->statement_id = copy(self, in->entry->statement_id);
    posted->entry_ref = copy(self, in->entry->entry_ref);
    posted->reference = copy(self, in->entry->reference);
    posted->organisation = copy(self, in->entry->organisation_code);
    posted->suspense_vnd = in->entry->suspense_vnd;
    posted->booked_day = in->entry->booked_day;
    if (posted->account == NULL || posted->statement_id == NULL || posted->entry_ref == NULL ||
        posted->reference == NULL || posted->organisation == NULL)
        return -ENOSPC;
    entry->next = self->first;
    self->first = entry;
    (void)map_put(self->entries, in->subject.data, in->subject.len, entry);
    return 0;
}

static int take_move(const struct banked *self, int32_t day, const Ansinh__V1__SuspenseMoved *in)
{
    struct entry *entry =
        is_subject(&in->subject) ? map_get(self->entries, in->subject.data, in->subject.len) : NULL;
    if (entry == NULL)
        return -EPROTO;
    if (day <= self->last_day)
        entry->posted.suspense_vnd = in->suspense_vnd;
    return 0;
}

int banked_take(struct banked *self, const Ansinh__V1__Event *event, struct err *err)
{
    int rc = 0;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_BANK_ENTRY_POSTED)
        rc = take_entry(self, event->bank_entry_posted);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_SUSPENSE_MOVED)
        rc = take_move(self, clock_business_day(event->at_ms), event->suspense_moved);
    if (rc == -ENOSPC)
        return err_set(err, rc, "the ledger has too many bank entries");
    return rc < 0 ? err_set(err, rc, "the ledger moves money of no bank entry") : 0;
}

int banked_give(const struct banked *self, struct bank *bank)
{
    int rc = 0;
    for (const struct entry *entry = self->first; rc == 0 && entry != NULL; entry = entry->next)
        rc = bank_posted(bank, &entry->posted);
    return rc;
}
