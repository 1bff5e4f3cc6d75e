/* The subcommands of `ansinh policy`. */
#ifndef ANSINH_CLI_POLICY_H
#define ANSINH_CLI_POLICY_H

#define POLICY_USAGE                                                                               \
    "usage: ansinh policy check FILE|FOLDER... [--over FOLDER]\n"                                  \
    "       ansinh policy show [--on DATE] [--unit CODE] [--json]\n"                               \
    "       ansinh policy import FILE [--dry-run]"

/* argv[0] is the subcommand's name; each answers the exit status. */
int policy_cmd_check(int argc, char **argv);

#endif
