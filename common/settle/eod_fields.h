/* The values of one line of an end-of-day file. Private to the reader and the writer. */
#ifndef ANSINH_SETTLE_EOD_FIELDS_H
#define ANSINH_SETTLE_EOD_FIELDS_H

#include "common/settle/eod.h"

#define EOD_HEAD_FIELDS 7
#define EOD_ROW_FIELDS 13
#define EOD_TRAILER_FIELDS 3
#define EOD_FIELDS_MAX EOD_ROW_FIELDS

extern const char *const eod_statuses[];
extern const char *const eod_channels[];

/* 1 to 32 letters, digits, '-', '_' and '.'. */
int eod_is_code(const char *text);
/* 1 to max printable ASCII characters that are no spaces, quotes or commas. */
int eod_is_id(const char *text, size_t max);

/* Each reads the values behind the record's letter. -EINVAL, err names the column and what it
 * wants. */
int eod_head_parse(char *const *values, struct eod_head *ret, struct err *err) MUST_CHECK;
int eod_row_parse(char *const *values, struct eod_row *ret, struct err *err) MUST_CHECK;
int eod_trailer_parse(char *const *values, uint32_t *ret_n, int64_t *ret_sum_vnd,
                      struct err *err) MUST_CHECK;

int eod_amount_parse(const char *text, int64_t *ret) MUST_CHECK;

#endif
