/* All facts in memory, in the order of application, in chunks that say what they span, so that a
 * scan can skip; and the dictionary of their sources. One writer and any readers of one thread:
 * what was added stays where it is until it is dropped or cleared. */
#ifndef ANSINH_ANALYTICS_FACTS_H
#define ANSINH_ANALYTICS_FACTS_H

#include "services/analytics/fact.h"

#define FACTS_CHUNK 65536        /* facts of a full chunk */
#define ANALYTICS_FACT_DAYS 1900 /* facts are kept: five years and a little */
#define FACT_SOURCES_MAX (1U << 20)
#define FACT_CODE_BYTES 65 /* with NUL */

struct facts;

struct facts *facts_create(void);
void facts_destroy(struct facts **self);
/* Forgets all facts and sources. */
void facts_clear(struct facts *self);

void facts_add(struct facts *self, const struct fact *fact);

/* Facts ever added. Those from facts_first on are there. */
uint64_t facts_count(const struct facts *self);
uint64_t facts_first(const struct facts *self);
/* Of facts_first <= i < facts_count. */
const struct fact *facts_at(const struct facts *self, uint64_t i);

/* Of the facts of a chunk, both included. */
struct fact_bounds {
    int64_t min_at_ms, max_at_ms;
    uint16_t min_day, max_day;
};

/* Chunk i holds the facts from i * FACTS_CHUNK on; the last one is still growing. Those from
 * facts_first_chunk on are there. */
size_t facts_chunks(const struct facts *self);
size_t facts_first_chunk(const struct facts *self);
/* NULL with *ret_n 0: it was dropped. */
const struct fact *facts_chunk(const struct facts *self, size_t i, size_t *ret_n,
                               struct fact_bounds *ret_bounds);

/* Loading alone: that so many first chunks were dropped in an earlier life. Before any fact. */
void facts_begin_at(struct facts *self, size_t chunk);

/* Drops leading full chunks with nothing of this business day or a later one in them; answers how
 * many. */
size_t facts_drop_before(struct facts *self, int32_t day);

/* Memory of facts and sources. */
size_t facts_bytes(const struct facts *self);

/* --- where a fact came from ------------------------------------------------------------------- */

struct fact_source {
    char organisation[FACT_CODE_BYTES], point[FACT_CODE_BYTES], collector[FACT_CODE_BYTES];
};

/* Number of a source, from 1; taken into the dictionary when it is new. 0: nobody is named. -E2BIG:
 * a code of FACT_CODE_BYTES or more, or FACT_SOURCES_MAX are known; nothing changes. */
int facts_source_number(struct facts *self, const char *organisation, const char *point,
                        const char *collector, uint32_t *ret) MUST_CHECK;
/* Of a number in a fact; of 0, and of one that is not known, that of nobody. Lives until
 * facts_clear. */
const struct fact_source *facts_source(const struct facts *self, uint32_t number);
/* The highest number. */
uint32_t facts_sources(const struct facts *self);

#endif
