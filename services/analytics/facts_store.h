/* The facts' keys in the views server, and nothing else: what is new out, everything back in.
 *
 * {v:board}:shape         hash  version of this form, number of facts ever written, first chunk
 * kept {v:board}:facts:<chunk> list  rows of FACT_ROW_BYTES, at most FACT_PIECE_ROWS an element, in
 * order: a fact as it is in memory, then its terms, 8 bytes little-endian; 65,536 rows in all
 * {v:board}:sources       list  "<organisation>/<point>/<collector>", by number from 1 */
#ifndef ANSINH_ANALYTICS_FACTS_STORE_H
#define ANSINH_ANALYTICS_FACTS_STORE_H

#include "common/store/views.h"
#include "services/analytics/facts.h"
#include "services/analytics/fold.h"

#define FACTS_VERSION 2 /* 1 had counters alone */
#define FACT_ROW_BYTES (sizeof(struct fact) + 8)
#define FACT_PIECE_ROWS 256

/* Facts gathered since the last collect. */
struct facts_out;
struct facts_out *facts_out_create(void);
void facts_out_destroy(struct facts_out **self);
/* Forgets them; further ones follow those that facts holds. */
void facts_out_clear(struct facts_out *self, const struct facts *facts);
/* In the order of facts_add. */
void facts_out_add(struct facts_out *self, const struct folded *folded);

/* Operations and bytes of a flush that they take at most. */
size_t facts_out_operations(const struct facts_out *self, const struct facts *facts);
size_t facts_out_bytes(const struct facts_out *self, const struct facts *facts);
/* Moves all of them into a flush, with the sources that are new. */
void facts_out_collect(struct facts_out *self, const struct facts *facts, struct flush *flush);
/* Has chunks deleted that facts_drop_before dropped: so many, up to facts_first_chunk. */
void facts_out_drop(const struct facts *facts, size_t n, struct flush *flush);

/* The most that a fact adds. */
#define FACT_OUT_OPERATIONS 2
#define FACT_OUT_BYTES (FACT_ROW_BYTES + 4 * FACT_CODE_BYTES)

/* What the stored facts are. */
struct facts_shape {
    int64_t version; /* 0: there is nothing, or it was written before there were facts */
    uint64_t count;  /* dropped ones included */
    size_t first_chunk;
};

/* Asks for the shape; done runs once. */
void facts_shape_load(struct store *views,
                      void (*done)(void *arg, int rc, const struct facts_shape *shape), void *arg);

/* Adds everything stored to empty facts and people, in portions of some milliseconds between which
 * the loop turns, and gives take each fact; done runs once. -EPROTO: it is not what the shape says.
 * While is_wanted(arg) answers 0 the rest is left out, and done gets -ECANCELED. */
void facts_load(struct store *views, struct facts *facts, struct people *people,
                const struct facts_shape *shape, int (*is_wanted)(void *arg),
                void (*take)(void *arg, const struct fact *fact), void (*done)(void *arg, int rc),
                void *arg);

#endif
