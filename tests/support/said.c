#include "tests/support/said.h"

const char *said(const struct explain_line *line)
{
    static char text[EXPLANATION_BYTES];
    explain_format(line, LANGUAGE_IS_EN, text, sizeof(text));
    return text;
}

const char *said_vi(const struct explain_line *line)
{
    static char text[EXPLANATION_BYTES];
    explain_format(line, LANGUAGE_IS_VI, text, sizeof(text));
    return text;
}
