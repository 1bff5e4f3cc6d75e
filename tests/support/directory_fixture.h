/* A directory on a ledger of its own, filled the way the Directory service does it: records and an
 * event in one commit. */
#ifndef ANSINH_TESTS_SUPPORT_DIRECTORY_FIXTURE_H
#define ANSINH_TESTS_SUPPORT_DIRECTORY_FIXTURE_H

#include "common/base/arena.h"
#include "common/service/directory.h"
#include "tests/support/store_fixture.h"

struct directory_fixture {
    struct store_fixture ledger;
    struct arena *arena; /* of the messages read from JSON */
    struct directory *directory;
};

/* Starts the ledger and loads the empty directory. */
void directory_fixture_open(struct directory_fixture *self);
void directory_fixture_close(struct directory_fixture *self);

/* A message from JSON written with ' for ", in the arena; fails the test when it is none. */
const void *directory_fixture_message(struct directory_fixture *self,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const char *json);

/* Commits an import event, e.g. {'unitsImported': {'units': [...]}}, and its rows unchecked; does
 * not refresh the directory. */
void directory_fixture_commit(struct directory_fixture *self, const char *json);

/* Waits until the directory has read the journal's news. */
void directory_fixture_refresh(struct directory_fixture *self);

#endif
