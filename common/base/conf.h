/* Configuration as one table per process: it drives parsing, --help, --print-config and the
 * READMEs.
 *
 * Values come from the table's defaults, then from the file named by --config (lines NAME=value,
 * '#' starts a comment line), then from the environment; the last one wins. They are read once,
 * before any socket opens. */
#ifndef ANSINH_BASE_CONF_H
#define ANSINH_BASE_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/err.h"

#define CONF_STRING_BYTES 256

enum conf_type {
    CONF_INT,    /* field is int64_t; min..max apply */
    CONF_BOOL,   /* field is int, 0 or 1 */
    CONF_STRING, /* field is char[CONF_STRING_BYTES]; min..max apply to the length in bytes */
};

/* Names of files with secrets are strings; secrets themselves are never configuration values. */
struct conf_item {
    const char *name; /* the environment variable: "ANSINH_LEDGER", "GATEWAY_PORT" */
    enum conf_type type;
    const char *fallback; /* default, as text */
    int64_t min, max;
    const char *unit; /* "ms", "bytes", "" */
    size_t offset;    /* of the field in the target struct */
    const char *help; /* one sentence */
};

struct conf_table {
    const struct conf_item *items;
    size_t n_items;
    void *target; /* the struct that offset counts in */
};

/* Fills the targets of all tables. prefixes (ended by NULL) are the starts of variable names that
 * must be known: an environment variable or file line with such a start that no table has is an
 * error. file may be NULL. 0, or -EINVAL with the name of the option in err->field, or -ENOENT for
 * the file. */
int conf_load(const struct conf_table *tables, size_t n_tables, const char *const *prefixes,
              const char *file, struct err *err) MUST_CHECK;

/* One line an option: name, default, range, unit, help (Markdown table rows when is_markdown). */
void conf_help(const struct conf_table *tables, size_t n_tables, int is_markdown, FILE *out);

/* NAME=value lines of what is in force; fits --config. */
void conf_print(const struct conf_table *tables, size_t n_tables, FILE *out);

#endif
