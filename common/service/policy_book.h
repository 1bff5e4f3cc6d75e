/* The law in force: the rows of the files, and over them the amendments that the directory holds,
 * in the order in which they were taken over. */
#ifndef ANSINH_SERVICE_POLICY_BOOK_H
#define ANSINH_SERVICE_POLICY_BOOK_H

#include "common/domain/policy_lay.h"
#include "common/service/directory.h"

#define POLICY_DIGEST_TEXT_BYTES 33

struct policy_book;

/* Takes the files' tables, and is the law without amendments. -ENOMEM. */
int policy_book_create(struct policy **files, struct policy_book **ret, struct err *err) MUST_CHECK;
void policy_book_destroy(struct policy_book **self);

/* Lays over what the directory holds and this book does not have yet. 1: the law changed, and the
 * tables that policy_book_current gave before are gone; 0: nothing new. -EINVAL: an amendment does
 * not fit these files (another instance's let it in); the law is then as it was. -ENOMEM. */
int policy_book_follow(struct policy_book *self, const struct directory *directory,
                       struct err *err) MUST_CHECK;

/* Valid until policy_book_follow answers 1. */
struct policy *policy_book_current(const struct policy_book *self);

/* How many amendments are in it. */
uint32_t policy_book_amendments(const struct policy_book *self);

/* A digest of all rows, whatever their order and file: the same law, the same digest. Hexadecimal.
 */
const char *policy_book_digest(const struct policy_book *self);

/* The law before amendment number (from 1), for a caller who destroys it. -ENOENT: the directory
 * holds fewer; -ENOMEM. */
int policy_book_before(const struct policy_book *self, const struct directory *directory,
                       uint32_t number, struct policy **ret, struct err *err) MUST_CHECK;

/* The digest of any tables. */
void policy_digest(const struct policy *policy, char ret[POLICY_DIGEST_TEXT_BYTES]);

#endif
