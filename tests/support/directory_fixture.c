#include "tests/support/test.h"

#include <string.h>

#include "common/json/json.h"
#include "common/service/directory_rows.h"
#include "tests/support/directory_fixture.h"

#define ARENA_BYTES (8 * 1024 * 1024)
#define VERSION_BYTES 4

void directory_fixture_open(struct directory_fixture *self)
{
    struct err err = {0};
    store_fixture_open(&self->ledger, "ledger");
    self->arena = arena_create(ARENA_BYTES);
    self->directory = directory_create(self->ledger.loop, self->ledger.store);
    if (directory_load(self->directory, FIXTURE_WAIT_MS, &err) < 0)
        fail_msg("%s", err.text);
}

void directory_fixture_close(struct directory_fixture *self)
{
    store_destroy(&self->ledger.store);
    directory_destroy(&self->directory);
    arena_destroy(&self->arena);
    store_fixture_close(&self->ledger);
}

const void *directory_fixture_message(struct directory_fixture *self,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const char *json)
{
    ProtobufCMessage *message = NULL;
    struct err err = {0};
    size_t len = strlen(json);
    char *text = arena_strndup(self->arena, json, len);
    assert_non_null(text);
    for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    if (json_to_message(text, len, descriptor, self->arena, &message, &err) < 0)
        fail_msg("%s: %s: %s", json, err.field, err.text);
    return message;
}

static void add_record(struct directory_fixture *self, struct commit *commit, char kind,
                       const ProtobufCMessage *row)
{
    size_t len = protobuf_c_message_get_packed_size(row);
    uint8_t *value = arena_alloc(self->arena, VERSION_BYTES + len);
    char *key = arena_alloc(self->arena, KEY_MAX_BYTES);
    char *code = arena_alloc(self->arena, DIRECTORY_CODE_MAX_BYTES);
    assert_int_equal(directory_rows_code(kind, row, code), 0);
    uint32_t before = directory_row_version(self->directory, kind, code);
    for (int byte = 0; byte < VERSION_BYTES; byte++)
        value[byte] = (uint8_t)((before + 1) >> (8 * byte));
    (void)protobuf_c_message_pack(row, value + VERSION_BYTES);
    commit->records[commit->n_records++] = (struct commit_record){
        .key = key,
        .key_len = key_reference(kind, key),
        .field = code,
        .field_len = strlen(code),
        .expected_version = before,
        .value = value,
        .value_len = VERSION_BYTES + len,
    };
}

static void add_records(struct directory_fixture *self, struct commit *commit,
                        const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_UNITS_IMPORTED) {
        for (size_t i = 0; i < event->units_imported->n_units; i++)
            add_record(self, commit, 'u', &event->units_imported->units[i]->base);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_ORGANISATIONS_IMPORTED) {
        const Ansinh__V1__OrganisationsImported *rows = event->organisations_imported;
        for (size_t i = 0; i < rows->n_organisations; i++)
            add_record(self, commit, 'o', &rows->organisations[i]->base);
        for (size_t i = 0; i < rows->n_points; i++)
            add_record(self, commit, 'p', &rows->points[i]->base);
        for (size_t i = 0; i < rows->n_collectors; i++)
            add_record(self, commit, 'k', &rows->collectors[i]->base);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_POLICY_IMPORTED) {
        add_record(self, commit, 'l', &event->policy_imported->amendment->base);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTNERS_IMPORTED) {
        for (size_t i = 0; i < event->partners_imported->n_partners; i++)
            add_record(self, commit, 'a', &event->partners_imported->partners[i]->base);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_REFERENCE_IMPORTED) {
        for (size_t i = 0; i < event->reference_imported->n_rows; i++) {
            const ProtobufCMessage *row = NULL;
            char kind = directory_reference_kind(event->reference_imported->rows[i], &row);
            add_record(self, commit, kind, row);
        }
    } else {
        assert_int_equal(event->kind_case, ANSINH__V1__EVENT__KIND_PLAN_IMPORTED);
        for (size_t i = 0; i < event->plan_imported->n_targets; i++)
            add_record(self, commit, 't', &event->plan_imported->targets[i]->base);
    }
}

static void on_committed(void *arg, int rc, const struct commit_result *result)
{
    assert_int_equal(rc, 0);
    assert_int_equal(result->outcome, COMMIT_DONE);
    *(int *)arg = 1;
}

void directory_fixture_commit(struct directory_fixture *self, const char *json)
{
    const Ansinh__V1__Event *event =
        directory_fixture_message(self, &ansinh__v1__event__descriptor, json);
    uint8_t packed[COMMIT_EVENT_MAX_BYTES];
    struct commit commit;
    int is_done = 0;
    commit_init(&commit);
    commit.partition = PARTITION_DIRECTORY;
    commit.now_ms = clock_wall_ms();
    request_id_make(commit.now_ms, &commit.id);
    commit.event = packed;
    commit.event_len = ansinh__v1__event__pack(event, packed);
    add_records(self, &commit, event);
    assert_int_equal(commit_send(self->ledger.store, &commit, on_committed, &is_done), 0);
    TURN_UNTIL(self->ledger.loop, is_done);
}

static void on_refreshed(void *arg, int rc)
{
    (void)rc; /* the test looks at what is there */
    *(int *)arg = 1;
}

void directory_fixture_refresh(struct directory_fixture *self)
{
    int is_done = 0;
    directory_refresh(self->directory, on_refreshed, &is_done);
    TURN_UNTIL(self->ledger.loop, is_done);
}
