/* Remarks as an answer carries them. */
#ifndef ANSINH_ENROLMENT_WARNINGS_H
#define ANSINH_ENROLMENT_WARNINGS_H

#include "common/base/arena.h"
#include "services/enrolment/enrolment_rules.h"

/* A copy of the texts in the arena, for a repeated field. NULL: no memory. */
char **warnings_answer(struct arena *arena, const struct warnings *warnings) MUST_CHECK;

#endif
