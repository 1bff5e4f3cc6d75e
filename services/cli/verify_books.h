/* The books in the views server against the journals, by code of its own.
 *
 * They are read piece by piece while the platform runs. Sums must lie between what the journals add
 * up to at the checkpoints before and after; entries and payments name their journal entry, so
 * those up to the first checkpoint must be there exactly. */
#ifndef ANSINH_CLI_VERIFY_BOOKS_H
#define ANSINH_CLI_VERIFY_BOOKS_H

#include "ansinh/v1/events.pb-c.h"
#include "services/cli/verify.h"

struct verify_books;

struct verify_books *verify_books_create(struct verify *verify);
void verify_books_destroy(struct verify_books **self);

/* Reads all of the books; a failure is verify->failed. Before any journal is read. */
void verify_books_load(struct verify_books *self);

/* Counts an entry of a citizens' journal, each once. */
void verify_books_apply(struct verify_books *self, unsigned partition,
                        struct journal_position position, const Ansinh__V1__Event *event);

/* After all journals: reports the differences. */
void verify_books_compare(struct verify_books *self);

#endif
