/* Rows of the law as lines with columns that stand below each other. */
#ifndef ANSINH_CLI_POLICY_LINES_H
#define ANSINH_CLI_POLICY_LINES_H

#include "ansinh/v1/policy.pb-c.h"
#include "common/base/arena.h"

#define POLICY_LINES_MAX 4096
#define POLICY_LINE_COLUMNS 7

/* The caller's storage; texts are in the arena. */
struct policy_lines {
    struct arena *arena;
    const char *(*cells)[POLICY_LINE_COLUMNS];
    size_t n, capacity;
};

void policy_lines_init(struct policy_lines *self, struct arena *arena);
void policy_lines_fini(struct policy_lines *self);

/* One line: mark ("added", or ""), then table, key, value, days, text of the law, what is
 * unconfirmed. Lines over POLICY_LINES_MAX are left out. */
void policy_lines_add(struct policy_lines *self, const char *mark, const char *table,
                      const Ansinh__V1__PolicyRow *row);

/* What an amendment does. */
void policy_lines_add_change(struct policy_lines *self, const Ansinh__V1__PolicyChange *change);

/* Prints the lines, each begun with so many spaces, and forgets them. */
void policy_lines_print(struct policy_lines *self, int indent);

#endif
