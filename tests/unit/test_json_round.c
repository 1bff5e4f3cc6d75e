/* Every message type of the protocol, filled at random: to JSON and back gives the same bytes, and
 * Google's implementation of the mapping agrees. */
#include "tests/support/test.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "ansinh/v1/custody.pb-c.h"
#include "ansinh/v1/ledger.pb-c.h"
#include "ansinh/v1/receipts.pb-c.h"
#include "ansinh/v1/archive.pb-c.h"
#include "ansinh/v1/books.pb-c.h"
#include "ansinh/v1/bus.pb-c.h"
#include "ansinh/v1/collections.pb-c.h"
#include "ansinh/v1/contacts.pb-c.h"
#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/events.pb-c.h"
#include "ansinh/v1/health.pb-c.h"
#include "ansinh/v1/identity.pb-c.h"
#include "ansinh/v1/notifications.pb-c.h"
#include "ansinh/v1/partners.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "ansinh/v1/policy.pb-c.h"
#include "common/base/parse.h"
#include "common/json/json.h"
#include "tests/support/json_every.h"

#define TYPES_MAX 400
#define ROUNDS 200
#define REFERENCE_ROUNDS 5
#define ARENA_BYTES (16U << 20)
#define OUT_BYTES (16U << 20)
#define DEPTH_MAX 4
#define NO_REFERENCE 77

static const ProtobufCMessageDescriptor *types[TYPES_MAX];
static size_t n_types;

static void types_add(const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < n_types; i++) {
        if (types[i] == type)
            return;
    }
    assert_true(n_types < TYPES_MAX);
    types[n_types++] = type;
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            types_add(type->fields[i].descriptor);
    }
}

/* What no method takes or answers is named here; the rest is found. */
static int setup(void **state)
{
    (void)state;
    static const ProtobufCServiceDescriptor *const services[] = {
        &ansinh__v1__analytics__descriptor,   &ansinh__v1__archive__descriptor,
        &ansinh__v1__collections__descriptor, &ansinh__v1__contacts__descriptor,
        &ansinh__v1__directory__descriptor,   &ansinh__v1__enrolment__descriptor,
        &ansinh__v1__health__descriptor,      &ansinh__v1__notifications__descriptor,
        &ansinh__v1__payments__descriptor,    &ansinh__v1__partners__descriptor,
        &ansinh__v1__ledger__descriptor,      &ansinh__v1__books__descriptor,
        &ansinh__v1__custody__descriptor,     &ansinh__v1__receipts__descriptor,
        &ansinh__v1__campaigns__descriptor,   &ansinh__v1__plans__descriptor,
    };
    types_add(&every_descriptor);
    types_add(&ansinh__v1__header__descriptor);
    types_add(&ansinh__v1__status__descriptor);
    types_add(&ansinh__v1__event__descriptor);
    types_add(&ansinh__v1__error_detail__descriptor);
    types_add(&ansinh__v1__identity__descriptor);
    types_add(&ansinh__v1__journal_entry__descriptor);
    types_add(&ansinh__v1__policy_document__descriptor);
    types_add(&ansinh__v1__progress_view__descriptor);
    types_add(&ansinh__v1__remitted_record__descriptor);
    types_add(&ansinh__v1__session_record__descriptor);
    types_add(&ansinh__v1__commission_record__descriptor);
    types_add(&ansinh__v1__receipt_series_record__descriptor);
    types_add(&ansinh__v1__payment_receipt_record__descriptor);
    types_add(&ansinh__v1__receipt_record__descriptor);
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        for (unsigned k = 0; k < services[i]->n_methods; k++) {
            types_add(services[i]->methods[k].input);
            types_add(services[i]->methods[k].output);
        }
    }
    return 0;
}

struct maker {
    struct arena *arena;
    uint64_t seed;
};

/* xorshift64* */
static uint64_t next_random(struct maker *self)
{
    self->seed ^= self->seed >> 12;
    self->seed ^= self->seed << 25;
    self->seed ^= self->seed >> 27;
    return self->seed * 2685821657736338717ULL >> 3;
}

static void *make_room(const struct maker *self, size_t size)
{
    void *room = arena_zalloc(self->arena, size);
    assert_non_null(room);
    return room;
}

/* Numbers of every magnitude, with the ends and 0 more often than chance would have it. */
static uint64_t random_number(struct maker *self)
{
    static const uint64_t ends[] = {0, 1, UINT64_MAX, INT64_MAX, 1ULL << 63, INT32_MAX, 1ULL << 31};
    if (next_random(self) % 4 == 0)
        return ends[next_random(self) % ARRAY_LEN(ends)];
    return (next_random(self) << 3 | next_random(self) % 8) >> next_random(self) % 64;
}

static char *random_string(struct maker *self)
{
    static const char *const pieces[] = {
        "a",    "Z",    "0",        " ", "\"", "\\",     "/",      "\n",     "\t", "\x01",
        "\x1f", "\x7f", "\xc2\x80", "đ", "ế",  "\u2028", "\ufeff", "\uffff", "😀",  "</script>"};
    size_t n = next_random(self) % 10;
    char *text = make_room(self, n * 10 + 1);
    for (size_t i = 0; i < n; i++)
        strcat(text, pieces[next_random(self) % ARRAY_LEN(pieces)]);
    return text;
}

static ProtobufCMessage *random_message(struct maker *self, const ProtobufCMessageDescriptor *type,
                                        int depth);

static void random_value(struct maker *self, const ProtobufCFieldDescriptor *field, void *slot,
                         int depth)
{
    const ProtobufCEnumDescriptor *names = field->descriptor;
    ProtobufCBinaryData *bytes = slot;
    uint64_t number = random_number(self);
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)slot = number % 2 == 0;
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *(int *)slot =
            number % 8 == 0 ? (int)(uint32_t)number : names->values[number % names->n_values].value;
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)slot = random_string(self);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        bytes->len = next_random(self) % 20;
        bytes->data = make_room(self, bytes->len + 1);
        for (size_t i = 0; i < bytes->len; i++)
            bytes->data[i] = (uint8_t)next_random(self);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)slot = random_message(self, field->descriptor, depth + 1);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(uint64_t *)slot = number;
        break;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        fail_msg("%s is a floating-point number", field->name);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *(uint32_t *)slot = (uint32_t)number;
        break;
    }
}

static size_t element_size(ProtobufCType type)
{
#define SIZE_OF(name, kind, c_type)                                                                \
    if (type == PROTOBUF_C_TYPE_##kind)                                                            \
        return sizeof(c_type);
    EVERY_TYPES(SIZE_OF)
    return 0;
}

static void random_array(struct maker *self, const ProtobufCFieldDescriptor *field, char *base,
                         int depth)
{
    size_t n = next_random(self) % 4;
    size_t size = element_size(field->type);
    char *slots = make_room(self, n * size);
    for (size_t i = 0; i < n; i++)
        random_value(self, field, slots + i * size, depth);
    if (n > 0) {
        memcpy(base + field->offset, &slots, sizeof(slots));
        memcpy(base + field->quantifier_offset, &n, sizeof(n));
    }
}

static ProtobufCMessage *random_message(struct maker *self, const ProtobufCMessageDescriptor *type,
                                        int depth)
{
    ProtobufCMessage *message = make_room(self, type->sizeof_message);
    char *base = (char *)message;
    protobuf_c_message_init(type, message);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        uint32_t *quantifier = (void *)(base + field->quantifier_offset);
        int is_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        if (next_random(self) % 3 == 0 || (is_oneof && *quantifier != 0) ||
            (field->type == PROTOBUF_C_TYPE_MESSAGE && depth >= DEPTH_MAX))
            continue;
        if (is_oneof)
            *quantifier = field->id;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            random_array(self, field, base, depth);
        else
            random_value(self, field, base + field->offset, depth);
    }
    return message;
}

static void pack(const ProtobufCMessage *message, struct buf *ret)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    buf_init(ret, OUT_BYTES);
    uint8_t *room = buf_reserve(ret, size);
    assert_non_null(room);
    ret->len = protobuf_c_message_pack(message, room);
}

static void expect_reads_as(const char *json, size_t len, const struct buf *packed,
                            const ProtobufCMessageDescriptor *type)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    struct buf again;
    struct err err;
    ProtobufCMessage *message = NULL;
    if (json_to_message(json, len, type, arena, &message, &err) < 0)
        fail_msg("%s: %.*s: %s: %s", type->name, (int)len, json, err.field, err.text);
    pack(message, &again);
    if (again.len != packed->len || memcmp(again.data, packed->data, packed->len) != 0)
        fail_msg("%s: read otherwise: %.*s", type->name, (int)len, json);
    buf_fini(&again);
    arena_destroy(&arena);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct maker maker = {arena_create(ARENA_BYTES), 0x9e3779b97f4a7c15};
    struct buf json, packed;
    buf_init(&json, OUT_BYTES);
    for (size_t i = 0; i < n_types; i++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            arena_reset(maker.arena);
            buf_reset(&json);
            ProtobufCMessage *message = random_message(&maker, types[i], 0);
            pack(message, &packed);
            assert_int_equal(json_from_message(message, round % 4, &json), 0);
            expect_reads_as((const char *)json.data, json.len, &packed, types[i]);
            buf_fini(&packed);
        }
    }
    buf_fini(&json);
    arena_destroy(&maker.arena);
}

/* The list of types above is complete: each "message X" of the .proto files is in it. */
static void test_no_message_is_forgotten(void **state)
{
    (void)state;
    glob_t files;
    size_t n_declared = 0;
    assert_int_equal(glob("proto/ansinh/v1/*.proto", 0, NULL, &files), 0);
    for (size_t f = 0; f < files.gl_pathc; f++) {
        char line[1000], name[100];
        FILE *file = fopen(files.gl_pathv[f], "r");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file) != NULL) {
            if (sscanf(line, " message %99[A-Za-z0-9]", name) != 1)
                continue;
            size_t i = 0;
            while (i < n_types && strcmp(types[i]->short_name, name) != 0)
                i++;
            if (i == n_types)
                fail_msg("add %s to setup()", name);
            n_declared++;
        }
        (void)fclose(file);
    }
    globfree(&files);
    assert_int_equal(n_declared, n_types - 1); /* Every is ours */
}

/* A name must be the same in both directions and in lowerCamelCase. */
static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_types; i++) {
        for (unsigned k = 0; k < types[i]->n_fields; k++) {
            const char *name = types[i]->fields[k].name;
            assert_true(islower((unsigned char)name[0]));
            assert_true(strlen(name) < 64);
        }
    }
}

static void write_case(FILE *file, const ProtobufCMessage *message, const struct buf *packed)
{
    struct buf json;
    buf_init(&json, OUT_BYTES);
    (void)fprintf(file, "%s ", message->descriptor->name);
    for (size_t i = 0; i < packed->len; i++)
        (void)fprintf(file, "%02x", packed->data[i]);
    assert_int_equal(buf_putc(&json, ' '), 0);
    assert_int_equal(json_from_message(message, 0, &json), 0);
    assert_int_equal(buf_putc(&json, '\t'), 0);
    assert_int_equal(json_from_message(message, JSON_DEFAULTS, &json), 0);
    assert_int_equal(buf_putc(&json, '\n'), 0);
    assert_int_equal(fwrite(json.data, 1, json.len, file), json.len);
    buf_fini(&json);
}

/* Runs the reference over the file; its exit code, and what it printed in *ret. */
static int run_reference(const char *path, FILE **ret)
{
    *ret = tmpfile();
    assert_non_null(*ret);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(fileno(*ret), STDOUT_FILENO);
        (void)setenv("PYTHONIOENCODING", "utf-8", 1);
        execl("/usr/bin/python3", "python3", "tests/unit/json_reference.py", path, (char *)NULL);
        _exit(NO_REFERENCE);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    rewind(*ret);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_reference_agrees(void **state)
{
    (void)state;
    static struct buf packed[TYPES_MAX * REFERENCE_ROUNDS];
    char path[] = "/tmp/test_json_round.XXXXXX";
    struct maker maker = {arena_create(ARENA_BYTES), 0xdeadbeefcafef00d};
    FILE *cases = fdopen(mkstemp(path), "w"), *answers = NULL;
    assert_non_null(cases);
    size_t n = 0;
    for (size_t i = 1; i < n_types; i++) { /* 0 is Every, which no .proto has */
        for (int round = 0; round < REFERENCE_ROUNDS; round++, n++) {
            arena_reset(maker.arena);
            ProtobufCMessage *message = random_message(&maker, types[i], 0);
            pack(message, &packed[n]);
            write_case(cases, message, &packed[n]);
        }
    }
    assert_int_equal(fclose(cases), 0);
    int code = run_reference(path, &answers);
    (void)unlink(path);
    arena_destroy(&maker.arena);
    char *line = NULL;
    size_t size = 0;
    for (size_t i = 0; code == 0 && i < n; i++) {
        ssize_t len = getline(&line, &size, answers);
        assert_true(len > 0);
        expect_reads_as(line, (size_t)len, &packed[i], types[1 + i / REFERENCE_ROUNDS]);
    }
    free(line);
    (void)fclose(answers);
    for (size_t i = 0; i < n; i++)
        buf_fini(&packed[i]);
    if (code == NO_REFERENCE) {
        print_message("skipped: python3-protobuf, the reference, is not installed\n");
        skip();
    }
    assert_int_equal(code, 0);
}

#define ROUND_TEST(fn) cmocka_unit_test_setup(fn, setup)

static const struct CMUnitTest tests[] = {
    ROUND_TEST(test_no_message_is_forgotten),
    ROUND_TEST(test_names),
    ROUND_TEST(test_round_trip),
    ROUND_TEST(test_reference_agrees),
};

TEST_MAIN(tests)
