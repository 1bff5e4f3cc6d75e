#include "services/cli/verify_view_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/store/views.h"

#define PATTERN "{v:*"
#define KEYS_AT_ONCE "1000"
#define CURSOR_MAX_BYTES 24
#define BOARD_YEAR_FIRST 1900
#define BOOKS_YEAR_FIRST 2020
#define HOURS_BACK 90 /* kept for 40 days from the last event, which is 40 days late at most */
#define FACTS_CHUNK_LAST (1 << 24)
#define ACCOUNT_LAST 12
#define BUCKET_LAST 16383 /* of histories of messages */

struct scan {
    struct verify *verify;
    int32_t today;
    int year;
    char cursor[CURSOR_MAX_BYTES];
    unsigned open;
    int rc;
};

static const char *const names[] = {
    "{v:archive}:at",     "{v:archive}:checked", "{v:archive}:lease",  "{v:board}:at",
    "{v:board}:contacts", "{v:board}:lease",     "{v:board}:sessions", "{v:board}:shape",
    "{v:board}:sources",  "{v:board}:totals",    "{v:books}:at",       "{v:books}:blocked",
    "{v:books}:cash",     "{v:books}:lease",     "{v:books}:parts",    "{v:books}:payments",
    "{v:books}:refunds",  "{v:books}:reversed",  "{v:books}:rq",       "{v:books}:totals",
    "{v:notify}:at",      "{v:notify}:in",       "{v:notify}:lease",   "{v:notify}:queue",
    "{v:notify}:tries",
};

/* Names that end with a number. */
static int is_numbered(const struct scan *self, const char *key)
{
    const struct {
        const char *name;
        int64_t first, last;
    } numbered[] = {
        {"{v:board}:days:", BOARD_YEAR_FIRST, self->year + 1},
        {"{v:board}:facts:", 0, FACTS_CHUNK_LAST},
        {"{v:board}:hours:", self->today - HOURS_BACK, self->today + 1},
        {"{v:books}:alarms:", 0, month_of_day(self->today) + 1},
        {"{v:books}:days:", BOOKS_YEAR_FIRST, self->year + 1},
        {"{v:books}:entries:", 1, ACCOUNT_LAST},
        {"{v:notify}:d:", 0, BUCKET_LAST},
    };
    for (size_t i = 0; i < ARRAY_LEN(numbered); i++) {
        size_t len = strlen(numbered[i].name);
        int64_t number;
        if (strncmp(key, numbered[i].name, len) == 0)
            return parse_int64(key + len, numbered[i].first, numbered[i].last, &number) == 0;
    }
    return 0;
}

static int is_ours(const struct scan *self, const char *key, size_t len)
{
    if (strlen(key) != len)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(key, names[i]) == 0)
            return 1;
    }
    return is_numbered(self, key);
}

static void take_key(struct scan *self, const char *key, size_t len)
{
    char shown[KEY_MAX_BYTES];
    size_t n = MIN(len, sizeof(shown) - 1);
    if (is_ours(self, key, len))
        return;
    for (size_t i = 0; i < n; i++)
        shown[i] = isprint((unsigned char)key[i]) ? key[i] : '?';
    shown[n] = '\0';
    verify_difference(self->verify, "%s: a key of views that nobody writes", shown);
}

static void on_keys(void *arg, int rc, const struct store_reply *reply)
{
    struct scan *self = arg;
    size_t len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    self->open--;
    if (rc < 0 || cursor == NULL || len >= sizeof(self->cursor)) {
        self->rc = rc < 0 ? rc : -EPROTO;
        return;
    }
    memcpy(self->cursor, cursor, len + 1);
    const struct store_reply *keys = store_reply_at(reply, 1);
    for (size_t i = 0; i < store_reply_count(keys); i++) {
        const char *key = store_reply_bytes(store_reply_at(keys, i), &len);
        if (key != NULL)
            take_key(self, key, len);
    }
}

void verify_view_keys(struct verify *self)
{
    struct scan scan = {
        .verify = self, .today = clock_business_day(clock_wall_ms()), .cursor = "0"};
    int month, day_of_month;
    date_split(scan.today, &scan.year, &month, &day_of_month);
    do {
        scan.open++;
        store_send_text(self->svc.views, 0, on_keys, &scan, "SCAN", scan.cursor, "MATCH", PATTERN,
                        "COUNT", KEYS_AT_ONCE, NULL);
        verify_wait(self, &scan.open);
    } while (scan.rc == 0 && strcmp(scan.cursor, "0") != 0);
    if (scan.rc < 0)
        verify_fail(self, "the views", scan.rc);
}
