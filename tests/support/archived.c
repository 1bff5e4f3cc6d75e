#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

#include "tests/support/archived.h"

struct archive *archived_open(struct platform *platform)
{
    char path[256];
    struct trusted_keys trusted;
    struct archive *archive = NULL;
    struct err err = {0};
    (void)snprintf(path, sizeof(path), "%s/keys/archive.pub", platform_directory(platform));
    if (trusted_keys_read(path, &trusted, &err) < 0)
        fail_msg("%s", err.text);
    (void)snprintf(path, sizeof(path), "%s/archive", platform_directory(platform));
    if (archive_open(path, &trusted, &archive, &err) < 0)
        fail_msg("%s", err.text);
    return archive;
}

struct waiting {
    struct platform *platform;
    struct journal_position heads[PARTITIONS_ALL];
};

static void read_heads(struct waiting *self)
{
    for (unsigned p = 0; p < PARTITIONS_ALL; p++) {
        char key[KEY_MAX_BYTES];
        struct totals totals = {.epoch = 0};
        (void)key_totals(p, key);
        redisReply *reply = redis_server_do(platform_ledger(self->platform), "GET", key, NULL);
        if (reply->type == REDIS_REPLY_STRING)
            assert_int_equal(totals_unpack(reply->str, reply->len, &totals), 0);
        self->heads[p] = (struct journal_position){totals.epoch, totals.last_seq};
        freeReplyObject(reply);
    }
}

static int has_all(void *arg)
{
    const struct waiting *self = arg;
    struct archive *archive = archived_open(self->platform);
    const struct segment_info *end = archive_end(archive);
    int is_there = end != NULL;
    for (unsigned p = 0; is_there && p < PARTITIONS_ALL; p++) {
        struct journal_position last = end->partitions[p].chain.last;
        is_there = last.epoch > self->heads[p].epoch ||
                   (last.epoch == self->heads[p].epoch && last.seq >= self->heads[p].seq);
    }
    archive_close(&archive);
    return is_there;
}

int archived_wait(struct platform *platform, int64_t timeout_ms)
{
    struct waiting waiting = {.platform = platform};
    read_heads(&waiting);
    return wait_until(platform, has_all, &waiting, timeout_ms);
}

void archived_check(struct platform *platform, segment_record_fn fn, void *arg)
{
    struct archive *archive = archived_open(platform);
    struct segment *before = NULL, *segment = NULL;
    struct err err = {0};
    for (uint64_t number = 1; number <= archive_newest(archive); number++) {
        int rc = archive_segment(archive, number, &segment, &err);
        if (rc == 0)
            rc =
                segment_check(segment, before == NULL ? NULL : segment_info(before), fn, arg, &err);
        if (rc < 0)
            fail_msg("%s", err.text);
        segment_close(&before);
        before = segment;
        segment = NULL;
    }
    segment_close(&before);
    archive_close(&archive);
}
