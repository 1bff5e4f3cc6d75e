/* The words of a computed sum's lines, for comparing. */
#ifndef ANSINH_TESTS_SAID_H
#define ANSINH_TESTS_SAID_H

#include "common/domain/explain.h"

/* In English and in Vietnamese; valid until the next call. */
const char *said(const struct explain_line *line);
const char *said_vi(const struct explain_line *line);

#endif
