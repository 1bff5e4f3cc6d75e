#include "services/cli/verify_views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/store/views.h"

struct checkpoint {
    unsigned open;
    int rc;
    struct journal_position *positions;
};

/* "17" and "1-42" */
static int take_position(struct checkpoint *self, const char *field, const char *value)
{
    char copy[48];
    int64_t partition, epoch, seq;
    (void)snprintf(copy, sizeof(copy), "%s", value);
    char *dash = strchr(copy, '-');
    if (dash == NULL)
        return -EPROTO;
    *dash = '\0';
    if (parse_int64(field, 0, PARTITIONS - 1, &partition) < 0 ||
        parse_int64(copy, 1, UINT32_MAX, &epoch) < 0 ||
        parse_int64(dash + 1, 1, INT64_MAX, &seq) < 0)
        return -EPROTO;
    self->positions[partition] = (struct journal_position){(uint32_t)epoch, (uint64_t)seq};
    return 0;
}

static void on_checkpoint(void *arg, int rc, const struct store_reply *reply)
{
    struct checkpoint *self = arg;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t len;
        const char *field = store_reply_bytes(store_reply_at(reply, i), &len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        rc = field == NULL || value == NULL ? -EPROTO : take_position(self, field, value);
    }
    self->rc = rc;
    self->open = 0;
}

int verify_checkpoint(struct verify *verify, const char *view,
                      struct journal_position ret[PARTITIONS])
{
    struct checkpoint checkpoint = {.open = 1, .positions = ret};
    char key[KEY_MAX_BYTES];
    memset(ret, 0, PARTITIONS * sizeof(*ret));
    (void)view_key(view, VIEW_KEY_CHECKPOINT, key);
    store_send_text(verify->svc.views, 0, on_checkpoint, &checkpoint, "HGETALL", key, NULL);
    verify_wait(verify, &checkpoint.open);
    return checkpoint.rc;
}

/* --- all of them ------------------------------------------------------------------------------ */

static const char *const views[] = {"board", "books", "notify"};

struct verify_begun {
    struct journal_position at[ARRAY_LEN(views)][PARTITIONS];
};

struct verify_begun *verify_begun_create(void)
{
    struct verify_begun *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void verify_begin(struct verify *verify)
{
    for (size_t i = 0; i < ARRAY_LEN(views) && !verify->failed; i++) {
        int rc = verify_checkpoint(verify, views[i], verify->begun->at[i]);
        if (rc < 0)
            verify_fail(verify, "the views server", rc);
    }
}

void verify_begun_compare(struct verify *verify)
{
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        unsigned n = 0;
        for (unsigned p = 0; p < PARTITIONS; p++)
            n += position_compare(verify->begun->at[i][p], verify->heads[p]) < 0;
        if (n > 0)
            verify_difference(verify, "{v:%s} has not taken in all of %u partitions", views[i], n);
    }
}
