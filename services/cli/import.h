/* Taking CSV files in; also used for the sample's reference data. */
#ifndef ANSINH_CLI_IMPORT_H
#define ANSINH_CLI_IMPORT_H

#include "services/cli/cli.h"

/* Imports reference rows of a kind ("units", "organisations", "plan"), participants or payments
 * from a file. 0: all rows are in (a dry run: would be); 1: some were bad (see FILE.errors.csv), or
 * the import could not go on; said on standard error. The services are enrolment and payments. */
int import_file(struct service *svc, const char *kind, const char *path, int is_dry_run);

#endif
