#include "common/store/reply.h"

#include <hiredis/read.h>
#include <string.h>

struct store_reply {
    enum store_reply_type type;
    union {
        int64_t integer;
        struct {
            const char *bytes;
            size_t len;
        };
        struct {
            struct store_reply *elements;
            size_t count;
        };
    };
};

/* The place of the object that the parser is about to make: inside its array, or a new one. NULL
 * (no memory) ends the connection. */
static struct store_reply *place(const redisReadTask *task)
{
    if (task->parent != NULL) {
        struct store_reply *array = task->parent->obj;
        return &array->elements[task->idx];
    }
    return arena_alloc(task->privdata, sizeof(struct store_reply));
}

static void *create_string(const redisReadTask *task, char *bytes, size_t len)
{
    struct store_reply *reply = place(task);
    char *copy = arena_strndup(task->privdata, bytes, len);
    if (reply == NULL || copy == NULL)
        return NULL;
    reply->type = task->type == REDIS_REPLY_STRING   ? STORE_REPLY_BYTES
                  : task->type == REDIS_REPLY_STATUS ? STORE_REPLY_STATUS
                                                     : STORE_REPLY_ERROR;
    reply->bytes = copy;
    reply->len = len;
    return reply;
}

static void *create_array(const redisReadTask *task, int count)
{
    struct store_reply *reply = place(task);
    struct store_reply *elements =
        count < 0 ? NULL : arena_zalloc(task->privdata, (size_t)count * sizeof(*elements));
    if (reply == NULL || elements == NULL)
        return NULL;
    reply->type = STORE_REPLY_ARRAY;
    reply->elements = elements;
    reply->count = (size_t)count;
    return reply;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    struct store_reply *reply = place(task);
    if (reply == NULL)
        return NULL;
    reply->type = STORE_REPLY_INTEGER;
    reply->integer = value;
    return reply;
}

static void *create_nil(const redisReadTask *task)
{
    struct store_reply *reply = place(task);
    if (reply == NULL)
        return NULL;
    reply->type = STORE_REPLY_NIL;
    return reply;
}

static void free_nothing(void *reply)
{
    (void)reply; /* the arena's */
}

void reply_attach(struct redisReader *reader, struct arena *arena)
{
    static redisReplyObjectFunctions functions = {create_string, create_array, create_integer,
                                                  create_nil, free_nothing};
    reader->fn = &functions;
    reader->privdata = arena;
}

enum store_reply_type store_reply_type(const struct store_reply *reply)
{
    return reply == NULL ? STORE_REPLY_NIL : reply->type;
}

int64_t store_reply_integer(const struct store_reply *reply)
{
    return store_reply_type(reply) == STORE_REPLY_INTEGER ? reply->integer : 0;
}

const char *store_reply_bytes(const struct store_reply *reply, size_t *ret_len)
{
    enum store_reply_type type = store_reply_type(reply);
    int has_bytes =
        type == STORE_REPLY_BYTES || type == STORE_REPLY_STATUS || type == STORE_REPLY_ERROR;
    *ret_len = has_bytes ? reply->len : 0;
    return has_bytes ? reply->bytes : NULL;
}

size_t store_reply_count(const struct store_reply *reply)
{
    return store_reply_type(reply) == STORE_REPLY_ARRAY ? reply->count : 0;
}

const struct store_reply *store_reply_at(const struct store_reply *reply, size_t i)
{
    return i < store_reply_count(reply) ? &reply->elements[i] : NULL;
}
