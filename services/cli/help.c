/* What `ansinh COMMAND --help` says behind the command's line. */
#include <string.h>

#include "services/cli/cli.h"

static const struct {
    const char *name, *text;
} texts[] = {
    {"call", "A name that does not exist lists all methods. \"-\" reads the JSON from standard\n"
             "input; {} is the empty request. IDEMPOTENCY_KEY in the environment makes a\n"
             "repetition a repetition; without it each call is a new command.\n"
             "Who has the keys of the bus is inside: the methods of Contacts and Archive are\n"
             "answered, too, which the gateway does not let through, with names and addresses\n"
             "in the clear.\n"
             "--url signs a call over HTTP with FILE, from `ansinh partner keygen`; add\n"
             "--hmac-sha256 when it is a secret.\n"
             "  ansinh call Analytics/GetProgress '{\"unitCode\":\"15\"}'\n"},
    {"import",
     "KIND is units, successors, denominators, si-units, organisations, plan, participants,\n"
     "payments, acceptances, campaigns, sessions or contacts.\n"
     "--dry-run changes nothing. Exit status 1 when there were bad rows; the others\n"
     "went in. Importing the same file again does nothing twice (participants and\n"
     "payments: within two days). The columns of each kind are in\n"
     "services/cli/README.md; a wrong header line names them.\n"},
    {"policy", "  ansinh policy check FILE|FOLDER... [--over FOLDER]\n"
               "      form, citations and gaps, and what would change; needs no platform\n"
               "  ansinh policy show [--on DATE] [--unit CODE] [--json]\n"
               "      every row in force on that day, with its source\n"
               "  ansinh policy import FILE [--dry-run]\n"
               "      rows that begin tomorrow or later, taken over without a restart\n"},
    {"partner", "  ansinh partner add CODE [--products 1,2] [--units CODE,...] [--rate N]\n"
                "      [--burst N] [--cut-off HH:MM] [--cash-limit VND] [--cash-hours N]\n"
                "      [--cash-enforced] [--suspended] [--contact ROLE,EMAIL,PHONE]...\n"
                "      an organisation that may call; what is not said becomes its default\n"
                "  ansinh partner keygen FILE\n"
                "      a new key; needs no platform, and the secret half stays in FILE\n"
                "  ansinh partner key CODE NAME --ed25519 BASE64|--hmac-sha256 FILE\n"
                "      [--from DATE] [--until DATE]\n"
                "      from the first moment of a day until that of another\n"
                "  ansinh partner revoke KEY-ID | show CODE\n"},
    {"plan",
     "  ansinh plan list [--on DATE] [--json]\n"
     "  ansinh plan get PLAN [SCOPE] [--as-of TIME] [--json]\n"
     "      a scope's target, what it is divided into, and the amendments\n"
     "  ansinh plan define PLAN --name TEXT --period year|quarter|month|campaign\n"
     "         --from DATE --until DATE --measure stock|new [--counts declared|paid|accepted]\n"
     "         [--product P] [--root SCOPE] --target N [--dry-run]\n"
     "      a draft; without --root of VN\n"
     "  ansinh plan split PLAN FILE [--dry-run]\n"
     "      by hand: columns parent, scope, target and perhaps weight; the rows of one parent\n"
     "      stand together, parents before what is below them, and add up to its target.\n"
     "      Splits before a wrong one are made; the same file again changes nothing\n"
     "  ansinh plan undivide PLAN SCOPE [--dry-run]\n"
     "  ansinh plan cascade PLAN --to province|commune --weights equal|population|working_age|\n"
     "         households|prospects|plan|hand [--unit CODE] [--weight-plan PLAN] [--file FILE]\n"
     "         [--dry-run]\n"
     "      over all units below; FILE (unit_code, weight) belongs to hand\n"
     "  ansinh plan lock PLAN --officer CODE\n"
     "      from now on it changes by amendments alone\n"
     "  ansinh plan amend PLAN FILE --reason TEXT --officer CODE [--dry-run]\n"
     "      proposes: columns scope, change and perhaps from\n"
     "  ansinh plan decide PLAN NUMBER --officer CODE [--reject]\n"
     "      by another officer\n"
     "  ansinh plan rebase PLAN --on DATE --officer CODE [--unit CODE] [--dry-run]\n"
     "      targets of units that ended go to their successors\n"
     "  ansinh plan cascade --unit CODE --year YEAR --total N --units FILE --weights FILE\n"
     "      a year's plan as a file for import; needs no platform\n"
     "SCOPE is unit:15 (or 15), organisation:VNPOST@15, point:CODE, collector:CODE or\n"
     "official:CODE. IDEMPOTENCY_KEY as with call, but for split.\n"},
    {"watch", "UNIT is VN, a province (15) or a commune (02647); without one VN. --once prints\n"
              "one line and ends.\n"},
    {"status", "Exit status 1 when an instance is not well, or computes by other files of the\n"
               "law than the others.\n"},
    {"verify",
     "Prints the first 100 differences with the record's key; exit status 1 when there\n"
     "are any. It may run while the platform works. Nothing is repaired.\n"
     "  --archive FOLDER       also the archive against the journals; needed where those\n"
     "                         are trimmed\n"
     "  --archive-only FOLDER  the archive alone: checksums, chains, signatures; needs no\n"
     "                         platform\n"
     "  --keys FILE            the keys that may have signed it (VAR/keys/archive.pub)\n"
     "  --copy FOLDER          a copy of a state folder; a torn end in it is cut off\n"
     "  --identities           opens every sealed identity, which needs the keys\n"
     "  --rate N               reads at most so many entries a second\n"
     "  --digest               a digest of each partition: two equal ledgers have the same\n"
     "  --whole                a projection that has not taken in all of the journals is a\n"
     "                         difference, too; for a platform at rest\n"},
    {"export", "Both days are included, by the entry's time in +07:00. Entries that were trimmed\n"
               "need --archive.\n"},
    {"report", "  ansinh report d03|d05|commissions --organisation CODE --from DATE --to DATE\n"
               "                --out FILE [--archive FOLDER] [--keys FILE]\n"
               "CODE \"-\" is what no organisation collected. FILE ends in .xlsx or .csv. Entries\n"
               "that were trimmed need --archive.\n"},
    {"reconcile",
     "  ansinh reconcile --partner CODE --date DATE --file FILE --out FOLDER\n"
     "                   [--statement FILE]... [--post] [--archive FOLDER] [--keys FILE]\n"
     "FILE is the partner's end-of-day file, statements are camt.053 or camt.054 of the\n"
     "bank (docs/files.md). --post pays what the ledger does not have under the\n"
     "partner's own ids, and posts the bank's entries to organisations or into suspense;\n"
     "a second time changes nothing. Exit status 1 when something differs. Entries\n"
     "that were trimmed need --archive.\n"},
    {"remittance",
     "  ansinh remittance --partner CODE --date DATE --from NAME,ACCOUNT,BIC\n"
     "                    --to NAME,ACCOUNT,BIC [--on DATE] [--archive FOLDER] [--keys FILE]\n"
     "Prints pain.001.001.09 over the ledger's payments of the business date that were not\n"
     "taken back; --on is the day on which the bank pays, without it the next one.\n"},
    {"sandbox",
     "The partner's client calls PORT. Transaction ids that begin with SIM-... say what\n"
     "happens to a request; the list is printed at the start. The gateway must be told\n"
     "the sandbox's address as its own, since signatures pass through.\n"},
    {"certify",
     "      [--run NAME] [--only SCENARIO] [--point CODE] [--collector CODE]\n"
     "      [--timeout SECONDS]\n"
     "URL of --partner is an adapter that lets the client do what it is told; its\n"
     "protocol is in docs/post-office.md. FILE of --people: a personal id a line, of\n"
     "participants with something to pay; each scenario takes the next. make sandbox\n"
     "starts everything else. A line for each scenario; exit status 1 when one failed.\n"},
    {"restore", "ANSINH_LEDGER is the empty Redis. At least one source: the archive, the files of\n"
                "what is left of the ledger (FOLDER/ledger; give a copy, a torn end is cut off),\n"
                "or a Redis that runs with them. The whole procedure is in docs/operations.md,\n"
                "\"From the archive\".\n"},
    {"drill",
     "sample [--seed N] [--people N]\n"
     "  the sample campaign, which ends in November 2025; what is there is passed over\n"
     "people [--people N] [--units FILE] [--plan N] [--seed N]\n"
     "  people all over the platform's territory, enrolled and paid in the last 330 days.\n"
     "  --units imports one first; collectors and a plan (--plan: its total) that are missing\n"
     "  are made up\n"
     "sprint --days N [--seconds N | --speed N] [--people N] [--seed N] [--units FILE] [--plan N]\n"
     "  these days, the last one today, replayed in so many seconds or so many times as fast;\n"
     "  then the board must say what was acknowledged. The same seed is the same sprint\n"
     "sprint [--rate N] [--seconds N] [--seed N]\n"
     "  people who enrol and pay today at this rate\n\n"
     "Everybody is made up, and stays: not for a platform with real people.\n"},
    {"bench", "The people are made up, and stay: not for a platform with real people.\n"},
    {"keys", "A key that is there is never changed. Back up the folder: without it no identity\n"
             "can be read or found.\n"},
    {"init", "Once after an upgrade, before its services start; make run and make up do it.\n"},
};

const char *cli_help_text(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(texts[i].name, name) == 0)
            return texts[i].text;
    }
    return "";
}
