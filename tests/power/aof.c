#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "tests/power/aof.h"

#define ARGS_MAX 600
#define ANSWER_HEAD_BYTES 20 /* position and fingerprint */

const char *aof_part_name(enum aof_part part)
{
    static const char *const names[AOF_PARTS] = {
        [AOF_MANIFEST] = "manifest",
        [AOF_BASE] = "base",
        [AOF_FRAMING] = "framing",
        [AOF_COMMAND] = "command names",
        [AOF_KEY] = "keys",
        [AOF_POSITION] = "journal positions",
        [AOF_EVENT] = "journal entries",
        [AOF_RECORD_NAME] = "whose record",
        [AOF_RECORD] = "records",
        [AOF_IDENTITY] = "identities",
        [AOF_ALIAS] = "aliases",
        [AOF_TOTALS] = "totals",
        [AOF_ANSWER_NAME] = "whose answer",
        [AOF_ANSWER_HEAD] = "answers' positions",
        [AOF_ANSWER_TEXT] = "answers' text",
        [AOF_ANSWER_EXPIRY] = "answers' expiry",
    };
    return names[part];
}

/* --- which byte is what --- */

struct argument {
    size_t at, len;
};

struct command {
    struct argument args[ARGS_MAX];
    size_t n;
};

static size_t read_number(const struct aof_file *file, size_t *at, char sign)
{
    assert_true(*at < file->len && file->bytes[*at] == (uint8_t)sign);
    char *end;
    size_t value = strtoul((const char *)file->bytes + *at + 1, &end, 10);
    assert_true(end[0] == '\r' && end[1] == '\n');
    *at = (size_t)((uint8_t *)end - file->bytes) + 2;
    return value;
}

/* The command at *at, which moves behind it. */
static void read_command(const struct aof_file *file, size_t *at, struct command *ret)
{
    ret->n = read_number(file, at, '*');
    assert_in_range(ret->n, 1, ARGS_MAX);
    for (size_t i = 0; i < ret->n; i++) {
        size_t len = read_number(file, at, '$');
        ret->args[i] = (struct argument){*at, len};
        *at += len + 2;
        assert_true(*at <= file->len);
    }
}

static void mark(struct aof_file *file, struct argument argument, enum aof_part part)
{
    memset(file->parts + argument.at, (int)part, argument.len);
}

static int is_text(const struct aof_file *file, struct argument argument, const char *text)
{
    return argument.len == strlen(text) &&
           strncasecmp((const char *)file->bytes + argument.at, text, argument.len) == 0;
}

static void mark_answer(struct aof_file *file, struct argument name, struct argument value)
{
    struct argument head = {value.at, MIN(value.len, ANSWER_HEAD_BYTES)};
    mark(file, name, AOF_ANSWER_NAME);
    mark(file, value, AOF_ANSWER_TEXT);
    mark(file, head, AOF_ANSWER_HEAD);
}

/* HSET key field value ... */
static void mark_hash(struct aof_file *file, const struct command *command)
{
    static const struct {
        char letter;
        enum aof_part part;
    } kinds[] = {{'c', AOF_RECORD}, {'i', AOF_IDENTITY}, {'a', AOF_ALIAS}};
    const char *key = (const char *)file->bytes + command->args[1].at;
    const char *tag_end = memchr(key, '}', command->args[1].len);
    assert_non_null(tag_end);
    for (size_t i = 2; i + 1 < command->n; i += 2) {
        if (tag_end[2] == 'q')
            mark_answer(file, command->args[i], command->args[i + 1]);
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            if (kinds[k].letter != tag_end[2])
                continue;
            mark(file, command->args[i], AOF_RECORD_NAME);
            mark(file, command->args[i + 1], kinds[k].part);
        }
    }
}

static void mark_command(struct aof_file *file, const struct command *command)
{
    mark(file, command->args[0], AOF_COMMAND);
    if (command->n > 1)
        mark(file, command->args[1], AOF_KEY);
    if (is_text(file, command->args[0], "XADD")) {
        mark(file, command->args[2], AOF_POSITION);
        mark(file, command->args[4], AOF_EVENT);
    } else if (is_text(file, command->args[0], "HSET")) {
        mark_hash(file, command);
    } else if (is_text(file, command->args[0], "SET")) {
        mark(file, command->args[2], AOF_TOTALS);
    } else if (is_text(file, command->args[0], "PEXPIREAT")) {
        mark(file, command->args[2], AOF_ANSWER_EXPIRY);
    }
}

static void mark_all(struct aof_file *file)
{
    struct command command;
    for (size_t at = 0; at < file->len;) {
        read_command(file, &at, &command);
        mark_command(file, &command);
    }
}

/* --- files --- */

static void load(struct aof_file *file, const char *folder, const char *name, enum aof_part part)
{
    (void)snprintf(file->path, sizeof(file->path), "%s/appendonlydir/%s", folder, name);
    FILE *stream = fopen(file->path, "r");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    file->len = (size_t)ftell(stream);
    rewind(stream);
    file->bytes = calloc(1, file->len + 1);
    file->parts = malloc(file->len);
    assert_true(file->bytes != NULL && file->parts != NULL);
    assert_int_equal(fread(file->bytes, 1, file->len, stream), file->len);
    fclose(stream);
    memset(file->parts, (int)part, file->len);
}

void aof_load(const struct redis_server *server, struct aof_file ret[3])
{
    const char *folder = redis_server_directory(server);
    load(&ret[0], folder, "appendonly.aof.2.base.rdb", AOF_BASE);
    load(&ret[1], folder, "appendonly.aof.2.incr.aof", AOF_FRAMING);
    load(&ret[2], folder, "appendonly.aof.manifest", AOF_MANIFEST);
    mark_all(&ret[1]);
}

void aof_unload(struct aof_file files[3])
{
    for (size_t i = 0; i < 3; i++) {
        free(files[i].bytes);
        free(files[i].parts);
    }
}

void aof_save(const struct aof_file *file)
{
    FILE *stream = fopen(file->path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(file->bytes, 1, file->len, stream), file->len);
    assert_int_equal(fclose(stream), 0);
}

size_t aof_choose(const struct aof_file *file, enum aof_part part, uint64_t random)
{
    size_t n = 0;
    for (size_t i = 0; i < file->len; i++)
        n += file->parts[i] == (uint8_t)part;
    assert_true(n > 0);
    n = random % n; // cppcheck-suppress zerodiv
    for (size_t i = 0;; i++) {
        if (file->parts[i] == (uint8_t)part && n-- == 0)
            return i;
    }
}

void aof_wait_rewrite(struct redis_server *server)
{
    for (int is_over = 0; !is_over;) {
        redisReply *reply = redis_server_do(server, "INFO", "persistence", NULL);
        is_over = strstr(reply->str, "aof_rewrite_in_progress:0") != NULL &&
                  strstr(reply->str, "aof_rewrite_scheduled:0") != NULL;
        freeReplyObject(reply);
        (void)poll(NULL, 0, 5);
    }
}
