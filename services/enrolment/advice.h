/* What the questions about the rules share. */
#ifndef ANSINH_ENROLMENT_ADVICE_H
#define ANSINH_ENROLMENT_ADVICE_H

#include "common/domain/pension_illustration.h"
#include "common/service/service.h"

/* The rules' day; empty is today, and a day to come may be asked about. -EINVAL, field "on". */
int advice_day(const char *text, int32_t *ret, struct err *err) MUST_CHECK;

/* -EINVAL, field "birth_date". */
int advice_birth_day(const char *text, int32_t *ret, struct err *err) MUST_CHECK;

void advice_fail_no_memory(struct bus_request *request);

/* Answers a request for Illustrate. */
void illustrate_answer(struct bus_request *request, const struct illustration *found);

#endif
