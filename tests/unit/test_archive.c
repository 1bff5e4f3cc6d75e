/* Segments: written, read, found, and damaged byte by byte. */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "common/archive/archive.h"
#include "common/archive/segment_format.h"
#include "common/archive/segment_writer.h"

#define FIRST_MS 1760000000000LL
#define EVENT_BYTES 100
#define FLIP_STEP 7 /* every so many bytes of a small segment */

static char folder[64], path[128];
static struct signing_key key;
static struct trusted_keys trusted;
static uint64_t seqs[PARTITIONS_ALL];
static struct segment_info *end;

static int setup(void **state)
{
    (void)state;
    struct err err = {0};
    strcpy(folder, "/tmp/test_archive.XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(signing_make(folder, SIGNING_ARCHIVE, &err), 0);
    assert_int_equal(signing_open(folder, SIGNING_ARCHIVE, &key, &err), 0);
    (void)snprintf(path, sizeof(path), "%s/archive.pub", folder);
    assert_int_equal(trusted_keys_read(path, &trusted, &err), 0);
    memset(seqs, 0, sizeof(seqs));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[96];
    segment_info_destroy(&end);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static void segment_path(uint64_t number)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(number, name);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
}

/* The event of an entry, always the same: len bytes that name it and some that do not pack. */
static void make_event(unsigned partition, uint64_t seq, uint8_t *ret, size_t len)
{
    uint8_t seed[randombytes_SEEDBYTES] = {(uint8_t)partition, (uint8_t)(partition >> 8),
                                           (uint8_t)seq, (uint8_t)(seq >> 8)};
    memset(ret, (int)seq & 0xff, len);
    randombytes_buf_deterministic(ret, MIN(len, (size_t)20), seed);
}

static void add(struct segment_writer *writer, unsigned partition, size_t n, size_t len)
{
    uint8_t *event = malloc(len);
    for (size_t i = 0; i < n; i++) {
        struct journal_position at = {1, ++seqs[partition]};
        make_event(partition, at.seq, event, len);
        assert_int_equal(
            segment_writer_entry(writer, partition, at, event, len, FIRST_MS + (int64_t)at.seq), 0);
    }
    free(event);
}

static void begin(struct segment_writer **ret)
{
    struct err err = {0};
    assert_int_equal(segment_writer_create(folder, end, ret, &err), 0);
}

static void finish(struct segment_writer **writer, int64_t now_ms)
{
    struct segment_info *info = NULL;
    struct err err = {0};
    assert_int_equal(segment_writer_finish(*writer, &key, now_ms, &info, &err), 0);
    segment_writer_destroy(writer);
    segment_info_destroy(&end);
    end = info;
}

/* A segment with entries of three partitions, an identity, and an entry of the directory. */
static void write_small(int64_t now_ms)
{
    static const uint8_t citizen[ID_BYTES] = "a citizen's hash";
    struct segment_writer *writer = NULL;
    begin(&writer);
    add(writer, 3, 2, EVENT_BYTES);
    assert_int_equal(segment_writer_identity(writer, citizen, (const uint8_t *)"sealed", 6), 0);
    add(writer, 700, 3, EVENT_BYTES);
    add(writer, PARTITION_DIRECTORY, 1, EVENT_BYTES);
    finish(&writer, now_ms);
}

static struct archive *open_archive(void)
{
    struct archive *archive = NULL;
    struct err err = {0};
    if (archive_open(folder, &trusted, &archive, &err) < 0)
        fail_msg("%s", err.text);
    return archive;
}

/* --- what was written is there ---------------------------------------------------------------- */

struct seen {
    unsigned n_entries, n_identities;
};

static void on_record(void *arg, const struct record *record)
{
    struct seen *seen = arg;
    uint8_t want[EVENT_BYTES];
    if (record->kind == RECORD_IDENTITY) {
        assert_int_equal(record->len, ID_BYTES + 6);
        assert_memory_equal(record->data, "a citizen's hashsealed", ID_BYTES + 6);
        seen->n_identities++;
        return;
    }
    make_event(record->partition, record->position.seq, want, record->len);
    assert_memory_equal(record->data, want, record->len);
    seen->n_entries++;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct err err = {0};
    write_small(FIRST_MS);
    struct segment_info *first = segment_info_copy(end);
    write_small(FIRST_MS + 1000);
    struct archive *archive = open_archive();
    assert_int_equal(archive_newest(archive), 2);
    assert_int_equal(archive_end(archive)->n_entries, 6);
    assert_int_equal(archive_end(archive)->n_identities, 1);
    assert_int_equal(archive_end(archive)->from_ms, FIRST_MS + 2); /* the directory's second */
    assert_int_equal(archive_end(archive)->to_ms, FIRST_MS + 6);
    assert_memory_equal(archive_end(archive)->previous, first->id, SEGMENT_ID_BYTES);
    assert_int_equal(archive_end(archive)->partitions[700].chain.last.seq, 6);
    assert_int_equal(archive_end(archive)->partitions[700].run.first.seq, 4);
    struct seen seen = {0};
    for (uint64_t number = 1; number <= 2; number++) {
        struct segment *segment = NULL;
        assert_int_equal(archive_segment(archive, number, &segment, &err), 0);
        assert_int_equal(segment_check(segment, number == 1 ? NULL : first, on_record, &seen, &err),
                         0);
        segment_close(&segment);
    }
    assert_int_equal(seen.n_entries, 12);
    assert_int_equal(seen.n_identities, 2);
    archive_close(&archive);
    segment_info_destroy(&first);
}

/* Blocks end inside runs, and the longest event there may be fits. */
static void test_many_blocks(void **state)
{
    (void)state;
    struct segment_writer *writer = NULL;
    struct err err = {0};
    CLEANUP(buf_fini) struct buf event;
    begin(&writer);
    add(writer, 0, 20000, EVENT_BYTES);
    add(writer, 1, 1, RECORD_DATA_MAX_BYTES);
    add(writer, 2, 1, RECORD_DATA_MAX_BYTES);
    add(writer, 2, 3000, EVENT_BYTES);
    assert_true(segment_writer_bytes(writer) > 3000000);
    finish(&writer, FIRST_MS);
    assert_true(end->n_blocks > 10);
    struct archive *archive = open_archive();
    struct segment *segment = NULL;
    assert_int_equal(archive_segment(archive, 1, &segment, &err), 0);
    assert_int_equal(segment_check(segment, NULL, NULL, NULL, &err), 0);
    segment_close(&segment);
    buf_init(&event, RECORD_DATA_MAX_BYTES);
    assert_int_equal(archive_read_entry(archive, 2, (struct journal_position){1, 1}, &event, &err),
                     0);
    assert_int_equal(event.len, RECORD_DATA_MAX_BYTES);
    archive_close(&archive);
}

static void test_entries_are_found(void **state)
{
    (void)state;
    struct err err = {0};
    uint64_t number;
    uint8_t want[EVENT_BYTES];
    CLEANUP(buf_fini) struct buf event;
    buf_init(&event, RECORD_DATA_MAX_BYTES);
    for (int64_t i = 0; i < 9; i++)
        write_small(FIRST_MS + 1000 * i);
    struct archive *archive = open_archive();
    for (uint64_t seq = 1; seq <= seqs[700]; seq++) {
        struct journal_position at = {1, seq};
        buf_reset(&event);
        assert_int_equal(archive_find(archive, 700, at, &number, &err), 0);
        assert_int_equal(number, (seq + 2) / 3);
        assert_int_equal(archive_read_entry(archive, 700, at, &event, &err), 0);
        make_event(700, seq, want, EVENT_BYTES);
        assert_int_equal(event.len, EVENT_BYTES);
        assert_memory_equal(event.data, want, EVENT_BYTES);
    }
    static const struct journal_position nowhere[] = {{1, 0}, {1, 28}, {2, 1}, {0, 1}};
    for (size_t i = 0; i < ARRAY_LEN(nowhere); i++)
        assert_int_equal(archive_read_entry(archive, 700, nowhere[i], &event, &err), -ENOENT);
    assert_int_equal(archive_read_entry(archive, 5, (struct journal_position){1, 1}, &event, &err),
                     -ENOENT);
    static const int64_t when[][2] = {{-1, 0}, {0, 1}, {999, 1}, {1000, 2}, {8000, 9}, {99999, 9}};
    for (size_t i = 0; i < ARRAY_LEN(when); i++) {
        assert_int_equal(archive_find_time(archive, FIRST_MS + when[i][0], &number, &err), 0);
        assert_int_equal(number, when[i][1]);
    }
    archive_close(&archive);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void test_entries_out_of_order_are_refused(void **state)
{
    (void)state;
    static const struct journal_position wrong[] = {{1, 3}, {1, 5}, {2, 2}, {0, 1}};
    struct segment_writer *writer = NULL;
    uint8_t event[EVENT_BYTES] = {0};
    begin(&writer);
    add(writer, 3, 3, EVENT_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(segment_writer_entry(writer, 3, wrong[i], event, EVENT_BYTES, 0), -EPROTO);
    assert_int_equal(
        segment_writer_entry(writer, 2, (struct journal_position){1, 1}, event, EVENT_BYTES, 0),
        -EPROTO);
    struct journal_position later = {2, 1};
    assert_int_equal(segment_writer_entry(writer, 3, later, event, EVENT_BYTES, 0), 0);
    assert_int_equal(segment_writer_chain(writer, 3)->last.epoch, 2);
    segment_writer_destroy(&writer);
}

/* Two writers behind the same segment: the second one finds the number taken. */
static void test_one_of_two_writers_wins(void **state)
{
    (void)state;
    struct segment_writer *one = NULL, *other = NULL;
    struct segment_info *info = NULL;
    struct err err = {0};
    begin(&one);
    begin(&other);
    add(one, 3, 2, EVENT_BYTES);
    seqs[3] = 0;
    add(other, 3, 2, EVENT_BYTES);
    finish(&one, FIRST_MS);
    assert_int_equal(segment_writer_finish(other, &key, FIRST_MS, &info, &err), -EEXIST);
    assert_null(info);
    segment_writer_destroy(&other);
    struct archive *archive = open_archive();
    assert_memory_equal(archive_end(archive)->id, end->id, SEGMENT_ID_BYTES);
    archive_close(&archive);
    /* no draft is left: the folder holds the keys and one segment */
    char command[160];
    (void)snprintf(command, sizeof(command), "test \"$(ls %s | wc -l)\" = 3", folder);
    assert_int_equal(system(command), 0);
}

static void test_an_empty_archive(void **state)
{
    (void)state;
    struct archive *archive = open_archive();
    struct err err = {0};
    uint64_t number = 1;
    assert_int_equal(archive_newest(archive), 0);
    assert_null(archive_end(archive));
    assert_int_equal(archive_find_time(archive, FIRST_MS, &number, &err), 0);
    assert_int_equal(number, 0);
    assert_int_equal(archive_find(archive, 1, (struct journal_position){1, 1}, &number, &err),
                     -ENOENT);
    write_small(FIRST_MS);
    assert_int_equal(archive_refresh(archive, &err), 0);
    assert_int_equal(archive_newest(archive), 1);
    segment_path(1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(archive_refresh(archive, &err), -EBADMSG);
    archive_close(&archive);
}

/* --- damage ----------------------------------------------------------------------------------- */

/* Opens the first segment and checks all of it. */
static int check_first(struct err *err)
{
    struct segment *segment = NULL;
    int rc = segment_open(folder, 1, &trusted, &segment, err);
    if (rc == 0)
        rc = segment_check(segment, NULL, NULL, NULL, err);
    segment_close(&segment);
    return rc;
}

static void flip(int fd, off_t at, uint8_t mask)
{
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= mask;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void test_every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct stat st;
    write_small(FIRST_MS);
    segment_path(1);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size; at += at < 1024 || at > st.st_size - 256 ? 1 : FLIP_STEP) {
        struct err err = {0};
        flip(fd, at, (uint8_t)(1U << (at % 8)));
        int rc = check_first(&err);
        flip(fd, at, (uint8_t)(1U << (at % 8)));
        if (rc != -EBADMSG || strstr(err.text, "segment 1") == NULL)
            fail_msg("byte %ld: %d %s", (long)at, rc, err.text);
    }
    struct err err = {0};
    assert_int_equal(check_first(&err), 0);
    close(fd);
}

static void test_a_cut_or_longer_file_is_noticed(void **state)
{
    (void)state;
    struct stat st;
    struct err err = {0};
    write_small(FIRST_MS);
    segment_path(1);
    assert_int_equal(stat(path, &st), 0);
    for (off_t len = 0; len <= st.st_size + 200; len += len < 400 ? 1 : 97) {
        assert_int_equal(truncate(path, len), 0);
        if (len != st.st_size)
            assert_int_equal(check_first(&err), -EBADMSG);
        int fd = open(path, O_WRONLY | O_TRUNC);
        close(fd);
        (void)unlink(path);
        segment_info_destroy(&end);
        memset(seqs, 0, sizeof(seqs));
        write_small(FIRST_MS);
    }
}

static void test_the_place_of_the_damage_is_named(void **state)
{
    (void)state;
    struct err err = {0};
    write_small(FIRST_MS);
    segment_path(1);
    int fd = open(path, O_RDWR);
    flip(fd, 40, 1);
    assert_int_equal(check_first(&err), -EBADMSG);
    close(fd);
    char want[64];
    (void)snprintf(want, sizeof(want), "%s to {dir}", partition_tag(3));
    assert_non_null(strstr(err.text, "segment 1: block 0"));
    assert_non_null(strstr(err.text, want));
}

static void test_a_strangers_signature(void **state)
{
    (void)state;
    struct err err = {0};
    struct trusted_keys others = {.n = 1};
    struct segment *segment = NULL;
    write_small(FIRST_MS);
    assert_int_equal(segment_open(folder, 1, &others, &segment, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "not trusted"));
    assert_null(segment);
}

/* A segment that is sound by itself, in the place of another. */
static void test_a_replaced_segment(void **state)
{
    (void)state;
    struct err err = {0};
    struct segment *segment = NULL;
    write_small(FIRST_MS);
    write_small(FIRST_MS);
    segment_path(1);
    assert_int_equal(unlink(path), 0);
    segment_info_destroy(&end);
    seqs[3] = seqs[700] = seqs[PARTITION_DIRECTORY] = 0;
    write_small(FIRST_MS + 5); /* another time: another segment */
    assert_int_equal(segment_open(folder, 2, &trusted, &segment, &err), 0);
    assert_int_equal(segment_check(segment, end, NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "segment 2: the segment before it"));
    assert_int_equal(segment_check(segment, NULL, NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "is missing"));
    segment_close(&segment);
}

/* Writes the first segment anew around one changed byte of its only block, with the right hashes
 * and the right signature: what somebody with the key could do. */
static void forge(size_t at)
{
    struct err err = {0};
    struct segment *segment = NULL;
    const uint8_t *bytes;
    size_t len;
    uint8_t raw[4096], packed[8192], end_bytes[SEGMENT_TRAILER_BYTES];
    struct segment_trailer trailer;
    CLEANUP(buf_fini) struct buf meta;
    buf_init(&meta, SEGMENT_META_MAX_BYTES);
    assert_int_equal(segment_open(folder, 1, &trusted, &segment, &err), 0);
    assert_int_equal(segment_read_block(segment, 0, &bytes, &len, &err), 0);
    assert_in_range(len, at + 1, sizeof(raw));
    memcpy(raw, bytes, len);
    raw[at] ^= 1;
    struct segment_info *info = segment_info_copy(segment_info(segment));
    segment_close(&segment);
    size_t packed_len = ZSTD_compress(packed, sizeof(packed), raw, len, 3);
    assert_false(ZSTD_isError(packed_len));
    info->blocks[0].packed_len = (uint32_t)packed_len;
    (void)crypto_generichash(info->blocks[0].hash, CHAIN_BYTES, packed, packed_len, NULL, 0);
    segment_meta_write(info, &meta);
    segment_info_destroy(&info);
    trailer.meta_len = meta.len;
    segment_id_of(meta.data, meta.len, trailer.id);
    segment_trailer_sign(&trailer, &key);
    segment_trailer_write(&trailer, end_bytes);
    segment_path(1);
    FILE *file = fopen(path, "we");
    assert_int_equal(fwrite(SEGMENT_MAGIC, 1, SEGMENT_MAGIC_BYTES, file), SEGMENT_MAGIC_BYTES);
    assert_int_equal(fwrite(packed, 1, packed_len, file), packed_len);
    assert_int_equal(fwrite(meta.data, 1, meta.len, file), meta.len);
    assert_int_equal(fwrite(end_bytes, 1, sizeof(end_bytes), file), sizeof(end_bytes));
    assert_int_equal(fclose(file), 0);
}

/* The chain tells which entry it was, and the next segment that the one before it is another. */
static void test_a_forged_entry_is_named(void **state)
{
    (void)state;
    struct err err = {0};
    char want[96];
    struct segment *segment = NULL, *first = NULL;
    write_small(FIRST_MS);
    write_small(FIRST_MS + 1);
    /* a byte of the second entry's event, behind the first one and two headers */
    forge(EVENT_BYTES + 2 * RECORD_HEADER_BYTES + 30);
    assert_int_equal(check_first(&err), -EBADMSG);
    (void)snprintf(want, sizeof(want), "segment 1: %s:log 1-2 is not what was archived",
                   partition_tag(3));
    assert_string_equal(err.text, want);
    assert_int_equal(segment_open(folder, 1, &trusted, &first, &err), 0);
    assert_int_equal(segment_open(folder, 2, &trusted, &segment, &err), 0);
    assert_int_equal(segment_check(segment, segment_info(first), NULL, NULL, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "segment 2: the segment before it is not the one"));
    segment_close(&segment);
    segment_close(&first);
}

static void test_a_forged_identity_is_named(void **state)
{
    (void)state;
    struct err err = {0};
    write_small(FIRST_MS);
    forge(2 * (EVENT_BYTES + RECORD_HEADER_BYTES) + RECORD_HEADER_BYTES + ID_BYTES + 1);
    assert_int_equal(check_first(&err), -EBADMSG);
    assert_non_null(strstr(err.text, "log 1-2 is followed by an identity that is not what was"));
}

/* --- keys ------------------------------------------------------------------------------------- */

static void test_a_new_key_keeps_the_old_one_trusted(void **state)
{
    (void)state;
    struct err err = {0};
    char secret[96];
    write_small(FIRST_MS);
    (void)snprintf(secret, sizeof(secret), "%s/archive.key", folder);
    assert_int_equal(unlink(secret), 0);
    assert_int_equal(signing_make(folder, SIGNING_ARCHIVE, &err), 0);
    assert_int_equal(signing_make(folder, SIGNING_ARCHIVE, &err), 0); /* again: nothing more */
    (void)snprintf(path, sizeof(path), "%s/archive.pub", folder);
    assert_int_equal(trusted_keys_read(path, &trusted, &err), 0);
    assert_int_equal(trusted.n, 2);
    assert_int_equal(check_first(&err), 0);
    assert_int_equal(chmod(secret, 0644), 0);
    assert_int_equal(signing_open(folder, SIGNING_ARCHIVE, &key, &err), -EACCES);
    assert_int_equal(unlink(secret), 0);
    assert_int_equal(signing_open(folder, SIGNING_ARCHIVE, &key, &err), -ENOENT);
    FILE *file = fopen(path, "ae");
    (void)fputs("no key\n", file);
    (void)fclose(file);
    assert_int_equal(trusted_keys_read(path, &trusted, &err), -EINVAL);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, setup, teardown, NULL                                                         \
    }

static const struct CMUnitTest tests[] = {
    TEST(test_round_trip),
    TEST(test_many_blocks),
    TEST(test_entries_are_found),
    TEST(test_entries_out_of_order_are_refused),
    TEST(test_one_of_two_writers_wins),
    TEST(test_an_empty_archive),
    TEST(test_every_flipped_bit_is_noticed),
    TEST(test_a_cut_or_longer_file_is_noticed),
    TEST(test_the_place_of_the_damage_is_named),
    TEST(test_a_strangers_signature),
    TEST(test_a_replaced_segment),
    TEST(test_a_forged_entry_is_named),
    TEST(test_a_forged_identity_is_named),
    TEST(test_a_new_key_keeps_the_old_one_trusted),
};

TEST_MAIN(tests)
