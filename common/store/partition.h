/* Where a citizen's data lives: 1,024 partitions, each one hash tag, spread evenly over Redis
 * Cluster's 16,384 slots. */
#ifndef ANSINH_STORE_PARTITION_H
#define ANSINH_STORE_PARTITION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"

#define PARTITIONS 1024
/* Reference data (territory, organisations, plans) lives in a partition of its own, beside the
 * citizens'. */
#define PARTITION_DIRECTORY 1024
#define PARTITIONS_ALL 1025

#define CITIZEN_FIELD_BYTES 8 /* a citizen's field inside a bucket */
#define KEY_MAX_BYTES 64

/* Hash tag with braces: "{p0513xy}" for a partition's number, "{dir}" for the directory's. The
 * letters after the number are the first in alphabetical order that bring the tag's slot into the
 * partition's own range, slots 16 * number to 16 * number + 15. Computed once per process; valid
 * for ever. */
const char *partition_tag(unsigned partition);

/* CRC16/XMODEM of the text between the first braces, modulo 16,384 (Redis Cluster specification).
 */
unsigned partition_slot(const char *key, size_t len);

/* Partition of a citizen's (or an alias's) hash: its first ten bits. */
unsigned partition_of(const uint8_t hash[ID_BYTES]);

/* A citizen's place inside the partition: one of 128 buckets (bits 10 to 16), and the field (last 8
 * bytes). */
unsigned partition_bucket(const uint8_t hash[ID_BYTES]);
const char *partition_field(const uint8_t hash[ID_BYTES]);

/* The key builders; each fills ret and answers the length. */
size_t key_citizen(unsigned partition, unsigned bucket,
                   char ret[KEY_MAX_BYTES]); /* {p}:c:<bucket> */
size_t key_identity(unsigned partition, unsigned bucket,
                    char ret[KEY_MAX_BYTES]); /* {p}:i:<bucket> */
/* {p}:a:<bucket>: aliases, which lead to citizens of any partition */
size_t key_alias(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES]);
/* {p}:x:<bucket>: claims of partners' transaction ids, by the id's hash */
size_t key_claim(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES]);
/* {p}:y:<bucket>: what became of them, in the citizen's partition and the id's bucket */
size_t key_outcome(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES]);
/* {p}:n:<bucket>: receipts, series and cash handed over, of the points and holders of a partition
 */
size_t key_numbered(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES]);
/* {p}:q:<day>:<bucket of 16, from the last byte of the id> ; day counts from 1970-01-01 UTC */
size_t key_answers(unsigned partition, int32_t day, const struct request_id *id,
                   char ret[KEY_MAX_BYTES]);
/* {p}:r:<bucket of 16>: what became of payments that were taken back, by the sequence number of the
 * payment's entry */
size_t key_redress(unsigned partition, uint64_t seq, char ret[KEY_MAX_BYTES]);
size_t key_totals(unsigned partition, char ret[KEY_MAX_BYTES]);  /* {p}:t */
size_t key_journal(unsigned partition, char ret[KEY_MAX_BYTES]); /* {p}:log */
/* {dir}:r:<kind>, kind one letter: u units, o organisations, p points, k collectors, t plan
 * targets, l amendments of the law, a partners, c campaigns, g successors of units, d denominators,
 * s offices of social insurance, n plans, h their splits, y past splits, m amendments of plans */
size_t key_reference(char kind, char ret[KEY_MAX_BYTES]);

#endif
