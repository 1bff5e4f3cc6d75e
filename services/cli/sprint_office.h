/* What others do in a rehearsed sprint: sessions are announced and reported, the social insurance
 * office decides on declarations. As jobs of bulk, like a visit; run must outlive them. */
#ifndef ANSINH_CLI_SPRINT_OFFICE_H
#define ANSINH_CLI_SPRINT_OFFICE_H

#include "services/cli/sprint_events.h"
#include "services/cli/sprint_visit.h"

#define SPRINT_CODE_BYTES 33 /* with NUL */

/* Codes of a seed's campaign and of its sessions. */
void sprint_campaign_code(uint64_t seed, char ret[SPRINT_CODE_BYTES]);
void sprint_session_code(uint64_t seed, uint32_t number, char ret[SPRINT_CODE_BYTES]);

/* Whether all that an event follows from has been answered: the session behind a touch or a report,
 * the visit behind a decision, the decision before the second one. */
int sprint_is_ready(const struct sprint_run *run, const struct sprint_event *event);

/* A decision, an announcement or a report. */
void sprint_office_start(struct sprint_run *run, struct bulk *bulk,
                         const struct sprint_event *event);

#endif
