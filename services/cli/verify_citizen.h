/* A citizen's record, field by field, against the fold. */
#ifndef ANSINH_CLI_VERIFY_CITIZEN_H
#define ANSINH_CLI_VERIFY_CITIZEN_H

#include "services/cli/verify_fold.h"

/* How many differences there are. findings NULL: nothing is said of them; name: of the record. */
unsigned verify_citizen_compare(struct findings *findings, const char *name,
                                const struct citizen *stored, const struct fold_citizen *folded);

#endif
