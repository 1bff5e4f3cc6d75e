/* The rows behind struct directory: messages by kind and code with their record versions, and the
 * tree of units made of them. Memory is only ever added: what was once answered stays valid. */
#ifndef ANSINH_SERVICE_DIRECTORY_ROWS_H
#define ANSINH_SERVICE_DIRECTORY_ROWS_H

#include "common/service/directory.h"
#include "common/service/directory_kinds.h"

struct directory_rows;

struct directory_rows *directory_rows_create(void);
void directory_rows_destroy(struct directory_rows **self);

/* One stored record (version and packed row). -EPROTO: not readable; -ENOMEM: the memory limit. */
int directory_rows_load(struct directory_rows *self, char kind, const void *record,
                        size_t len) MUST_CHECK;

/* Rows of an import event: each raises its record's version by one. Other events are ignored. */
void directory_rows_apply(struct directory_rows *self, const Ansinh__V1__Event *event);

/* Builds the tree of units and their plans anew after loads and applies, with the successors whose
 * day has come on a business day. */
void directory_rows_link(struct directory_rows *self, int32_t today);

const ProtobufCMessage *directory_rows_message(const struct directory_rows *self, char kind,
                                               const char *code);
/* Every row of a kind, in no order: *cursor starts at 0; NULL at the end. */
const ProtobufCMessage *directory_rows_next(const struct directory_rows *self, char kind,
                                            size_t *cursor);
/* Where a scope stands in a plan: a share of the split, which is returned; NULL: nowhere. */
const Ansinh__V1__PlanSplit *directory_rows_place(const struct directory_rows *self,
                                                  const char *plan_code,
                                                  Ansinh__V1__PlanScopeKind kind, const char *code,
                                                  size_t *ret_share);
/* The newest of a kind whose day has come; NULL: none. */
const Ansinh__V1__Denominator *directory_rows_denominator(const struct directory_rows *self,
                                                          const char *unit_code,
                                                          Ansinh__V1__DenominatorKind kind,
                                                          int32_t day);
uint32_t directory_rows_version(const struct directory_rows *self, char kind, const char *code);
struct directory_unit *directory_rows_unit(const struct directory_rows *self, const char *code);
struct directory_unit *directory_rows_unit_at(const struct directory_rows *self, size_t i);
size_t directory_rows_unit_count(const struct directory_rows *self);
uint64_t directory_rows_generation(const struct directory_rows *self);

#endif
