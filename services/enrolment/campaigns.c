/* ImportCampaigns, GetCampaign, ListCampaigns. */
#include "services/enrolment/campaigns.h"

#include <stdlib.h>
#include <string.h>

#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/enrolment/campaigns_check.h"
#include "services/enrolment/directory_import.h"

/* --- importing -------------------------------------------------------------------------------- */

static int campaigns_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportCampaignsRequest *in =
        (const Ansinh__V1__ImportCampaignsRequest *)self->request->input;
    self->n_rows = 0;
    for (size_t i = 0; i < in->n_campaigns; i++) {
        self->kinds[self->n_rows] = 'c';
        self->rows[self->n_rows++] = &in->campaigns[i]->base;
    }
    return campaigns_check(self->svc->directory, in, err);
}

static int campaigns_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportCampaignsRequest *)in)->dry_run;
}

static void on_import_campaigns(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = campaigns_take,
                                            .event = import_reference_event,
                                            .is_dry_run = campaigns_is_dry_run};
    const Ansinh__V1__ImportCampaignsRequest *in =
        (const Ansinh__V1__ImportCampaignsRequest *)request->input;
    import_run(arg, request, &spec, in->n_campaigns, NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Lives in the request's arena. */
struct campaign_read {
    struct service *svc;
    struct bus_request *request;
};

static int takes_part(const struct directory *directory, const Ansinh__V1__Campaign *campaign,
                      const char *unit_code)
{
    const struct directory_unit *unit = directory_unit(directory, unit_code);
    if (unit_code[0] == '\0' || campaign->n_unit_codes == 0)
        return 1;
    for (; unit != NULL; unit = unit->parent) {
        for (size_t i = 0; i < campaign->n_unit_codes; i++) {
            if (strcmp(campaign->unit_codes[i], unit->code) == 0)
                return 1;
        }
    }
    return 0;
}

static int by_start(const void *a, const void *b)
{
    const Ansinh__V1__Campaign *first = *(Ansinh__V1__Campaign *const *)a;
    const Ansinh__V1__Campaign *second = *(Ansinh__V1__Campaign *const *)b;
    if (first->from_ms != second->from_ms)
        return first->from_ms > second->from_ms ? -1 : 1;
    return strcmp(first->code, second->code);
}

static void answer_list(struct campaign_read *self)
{
    const Ansinh__V1__ListCampaignsRequest *in =
        (const Ansinh__V1__ListCampaignsRequest *)self->request->input;
    const struct directory *directory = self->svc->directory;
    Ansinh__V1__Campaign *list[CAMPAIGNS_MAX];
    Ansinh__V1__ListCampaignsResponse out;
    const Ansinh__V1__Campaign *campaign;
    size_t cursor = 0;
    ansinh__v1__list_campaigns_response__init(&out);
    out.campaigns = list;
    while (out.n_campaigns < CAMPAIGNS_MAX &&
           (campaign = (const Ansinh__V1__Campaign *)directory_next_row(directory, 'c', &cursor)) !=
               NULL) {
        int is_then =
            in->at_ms == 0 || (campaign->from_ms <= in->at_ms && in->at_ms < campaign->until_ms);
        if (is_then && takes_part(directory, campaign, in->unit_code))
            list[out.n_campaigns++] = (Ansinh__V1__Campaign *)(uintptr_t)campaign;
    }
    if (out.n_campaigns > 1)
        qsort(list, out.n_campaigns, sizeof(*list), by_start);
    bus_reply(self->request, &out.base);
}

static void on_list_campaigns(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ListCampaignsRequest *in =
        (const Ansinh__V1__ListCampaignsRequest *)request->input;
    struct campaign_read self = {arg, request};
    if (in->unit_code[0] != '\0' && directory_unit(self.svc->directory, in->unit_code) == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "unit_code", "unknown unit");
    else if (in->at_ms < 0 || in->at_ms >= CAMPAIGN_TIME_MAX_MS)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "at_ms",
                 "want milliseconds since 1970");
    else
        answer_list(&self);
}

static void on_refreshed(void *arg, int rc)
{
    struct campaign_read *self = arg;
    const Ansinh__V1__GetCampaignRequest *in =
        (const Ansinh__V1__GetCampaignRequest *)self->request->input;
    const Ansinh__V1__Campaign *campaign = directory_campaign(self->svc->directory, in->code);
    Ansinh__V1__GetCampaignResponse out;
    if (rc < 0) {
        ledger_away(self->request);
    } else if (campaign == NULL) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "code", "unknown campaign");
    } else {
        ansinh__v1__get_campaign_response__init(&out);
        out.campaign = (Ansinh__V1__Campaign *)(uintptr_t)campaign;
        bus_reply(self->request, &out.base);
    }
}

static void on_get_campaign(void *arg, struct bus_request *request)
{
    struct service *svc = arg;
    const Ansinh__V1__GetCampaignRequest *in =
        (const Ansinh__V1__GetCampaignRequest *)request->input;
    struct campaign_read *self = arena_alloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct campaign_read){svc, request};
    if (directory_campaign(svc->directory, in->code) == NULL)
        directory_refresh(svc->directory, on_refreshed, self);
    else
        on_refreshed(self, 0);
}

static const struct bus_method methods[] = {
    {"ImportCampaigns", on_import_campaigns, BUS_COMMAND},
    {"GetCampaign", on_get_campaign, 0},
    {"ListCampaigns", on_list_campaigns, 0},
    {"RecordSession", on_record_session, BUS_COMMAND},
    {"RecordContacts", on_record_contacts, BUS_COMMAND},
};

void campaigns_add(struct service *svc)
{
    bus_server_add(svc->server, &ansinh__v1__campaigns__descriptor, methods, ARRAY_LEN(methods),
                   svc);
}
