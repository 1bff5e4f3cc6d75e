/* What several methods read from their requests. */
#ifndef ANSINH_ENROLMENT_ARGUMENTS_H
#define ANSINH_ENROLMENT_ARGUMENTS_H

#include "common/base/err.h"
#include "common/base/id.h"

/* -EINVAL, field "participant_id". */
int participant_parse(const char *text, uint8_t ret_citizen[ID_BYTES], struct err *err) MUST_CHECK;

/* A business date that has come; empty is today. -EINVAL, with the field. */
int past_day_parse(const char *text, const char *field, int32_t today, int32_t *ret_day,
                   struct err *err) MUST_CHECK;

/* The digits of a commune's code as a number. */
uint32_t commune_number(const char *code);

#endif
