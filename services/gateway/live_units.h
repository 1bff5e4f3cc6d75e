/* The newest values of the units that are watched. Each change of a value gets the next number of
 * one sequence, so "what is new since N" is a comparison. Their JSON is written once a change,
 * whoever needs it. */
#ifndef ANSINH_GATEWAY_LIVE_UNITS_H
#define ANSINH_GATEWAY_LIVE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/buf.h"

#define UNIT_CODE_BYTES 8 /* with NUL */
#define UNIT_PACKED_MAX_BYTES 4096

struct live_units;

/* Read only. */
struct live_unit {
    char code[UNIT_CODE_BYTES];
    unsigned refs;
    uint64_t seq;      /* number of its last change */
    uint64_t version;  /* analytics' number of the values */
    struct buf packed; /* UnitProgress */
    struct buf json;   /* the same; empty until somebody needs it */
};

struct live_units *live_units_create(void);
/* All units must have been left. */
void live_units_destroy(struct live_units **self);

/* The unit of a code, kept until live_units_leave was called as often; NULL for a text that is no
 * code.
 */
struct live_unit *live_units_join(struct live_units *self, const char *code);
void live_units_leave(struct live_units *self, struct live_unit *unit);

/* NULL when nobody has joined it. */
struct live_unit *live_units_find(const struct live_units *self, const char *code);

/* How a version of values is meant. */
enum live_source {
    LIVE_VIEW,   /* exactly these */
    LIVE_ANSWER, /* at least as new, so the view of this version has nothing to add */
};

/* Takes values unless newer ones are there; the unit counts as changed only when they differ.
 * Values over UNIT_PACKED_MAX_BYTES are left out. True when the unit has these values now. */
int live_units_apply(struct live_units *self, struct live_unit *unit, enum live_source source,
                     uint64_t version, const Ansinh__V1__UnitProgress *progress);

/* Appends a unit's values as JSON; as json_from_message. */
int live_units_write(struct live_units *self, struct live_unit *unit, struct buf *out) MUST_CHECK;

/* Analytics counts from a lower version again: whatever comes next is newer. */
void live_units_start_over(struct live_units *self);

/* Number of the last change. */
uint64_t live_units_seq(const struct live_units *self);

/* The highest version of any values that were taken. */
uint64_t live_units_version(const struct live_units *self);

#endif
