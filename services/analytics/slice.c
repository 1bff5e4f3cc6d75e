#include "services/analytics/slice.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/macros.h"
#include "services/analytics/progress.h"

#define COUNTRY "VN"

static const char *or_nobody(const char *code)
{
    return code == NULL ? "" : code;
}

struct slice_source slice_source_of(const struct directory *directory,
                                    const struct fact_source *source)
{
    struct slice_source who = {source->organisation, source->point, source->collector};
    if (who.point[0] == '\0' && who.collector[0] != '\0') {
        const Ansinh__V1__Collector *row = directory_collector(directory, who.collector);
        who.point = row == NULL ? "" : or_nobody(row->point_code);
    }
    if (who.organisation[0] == '\0' && who.point[0] != '\0') {
        const Ansinh__V1__Point *row = directory_point(directory, who.point);
        who.organisation = row == NULL ? "" : or_nobody(row->organisation_code);
    }
    return who;
}

static int is_code(const char *code)
{
    return code[0] != '\0' && strcmp(code, SLICE_NOBODY) != 0;
}

static int check(const Ansinh__V1__Slice *in, const struct directory *directory, struct err *err)
{
    if (protobuf_c_enum_descriptor_get_value(&ansinh__v1__product__descriptor, (int)in->product) ==
        NULL)
        return err_field(err, -EINVAL, "slice.product", "no such product");
    if (protobuf_c_enum_descriptor_get_value(&ansinh__v1__support_group__descriptor,
                                             (int)in->support_group) == NULL)
        return err_field(err, -EINVAL, "slice.support_group", "no such group");
    if (is_code(in->organisation_code) &&
        directory_organisation(directory, in->organisation_code) == NULL)
        return err_field(err, -ENOENT, "slice.organisation_code", "unknown organisation");
    if (is_code(in->point_code) && directory_point(directory, in->point_code) == NULL)
        return err_field(err, -ENOENT, "slice.point_code", "unknown point");
    if (is_code(in->collector_code) && directory_collector(directory, in->collector_code) == NULL)
        return err_field(err, -ENOENT, "slice.collector_code", "unknown collector");
    if (in->campaign_code[0] != '\0' && directory_campaign(directory, in->campaign_code) == NULL)
        return err_field(err, -ENOENT, "slice.campaign_code", "unknown campaign");
    return 0;
}

static void bits_set(uint8_t *bits, const uint32_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bits[list[i] / 8] |= (uint8_t)(1U << list[i] % 8);
}

/* NULL with -ENOMEM, or with 0 for all of the country. */
static int communes_of(const struct directory_unit *unit, struct arena *arena, uint8_t **ret)
{
    size_t n;
    *ret = NULL;
    if (unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COUNTRY)
        return 0;
    const uint32_t *list = progress_communes(unit, arena, &n);
    *ret = arena_zalloc(arena, SLICE_COMMUNES / 8);
    if (list == NULL || *ret == NULL)
        return -ENOMEM;
    bits_set(*ret, list, n);
    return 0;
}

/* Communes of the unit that take part in the campaign, too. */
static int keep_units(struct slice *self, const Ansinh__V1__Campaign *campaign,
                      const struct directory *directory, struct arena *arena)
{
    if (campaign->n_unit_codes == 0)
        return 0;
    uint8_t *bits = arena_zalloc(arena, SLICE_COMMUNES / 8);
    if (bits == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < campaign->n_unit_codes; i++) {
        uint8_t *own;
        const struct directory_unit *unit = directory_unit(directory, campaign->unit_codes[i]);
        if (unit == NULL)
            continue;
        if (communes_of(unit, arena, &own) < 0)
            return -ENOMEM;
        for (size_t j = 0; j < SLICE_COMMUNES / 8; j++)
            bits[j] |= own == NULL ? 0xFF : own[j];
    }
    for (size_t j = 0; self->communes != NULL && j < SLICE_COMMUNES / 8; j++)
        bits[j] &= self->communes[j];
    self->communes = bits;
    return 0;
}

/* Whole business days, so that what is taken back later leaves the campaign that it was in. */
static int take_campaign(struct slice *self, const Ansinh__V1__Campaign *campaign,
                         const struct directory *directory, struct arena *arena)
{
    unsigned products = 0;
    for (size_t i = 0; i < campaign->n_products; i++)
        products |= 1U << campaign->products[i];
    if (products == 0)
        products = 1U << ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    self->products = self->products == 0 ? products : self->products & products;
    self->first_day = MAX(clock_business_day(campaign->from_ms), 0);
    self->last_day = clock_business_day(campaign->until_ms - 1);
    return keep_units(self, campaign, directory, arena);
}

static int fits(const char *wanted, const char *code)
{
    return wanted[0] == '\0' || strcmp(strcmp(wanted, SLICE_NOBODY) == 0 ? "" : wanted, code) == 0;
}

static int take_sources(struct slice *self, const Ansinh__V1__Slice *in,
                        const struct directory *directory, const struct facts *facts,
                        struct arena *arena)
{
    if (in->organisation_code[0] == '\0' && in->point_code[0] == '\0' &&
        in->collector_code[0] == '\0')
        return 0;
    self->n_sources = facts_sources(facts);
    uint8_t *marks = arena_zalloc(arena, (size_t)self->n_sources + 1);
    if (marks == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i <= self->n_sources; i++) {
        struct slice_source who = slice_source_of(directory, facts_source(facts, i));
        marks[i] = fits(in->organisation_code, who.organisation) &&
                   fits(in->point_code, who.point) && fits(in->collector_code, who.collector);
    }
    self->sources = marks;
    return 0;
}

int slice_is_office(const char *unit_code)
{
    return strncmp(unit_code, SLICE_OFFICE, strlen(SLICE_OFFICE)) == 0;
}

static int lists(const Ansinh__V1__SiUnit *office, const char *commune)
{
    for (size_t i = 0; i < office->n_commune_codes; i++) {
        if (strcmp(office->commune_codes[i], commune) == 0)
            return 1;
    }
    return 0;
}

/* Whether a commune that was merged is in an office by its heir already. */
static int is_in_an_office(const struct directory *directory, const struct directory_unit *heir)
{
    const Ansinh__V1__SiUnit *office;
    size_t cursor = 0;
    while ((office = (const Ansinh__V1__SiUnit *)directory_next_row(directory, 's', &cursor)) !=
           NULL) {
        if (lists(office, heir->code))
            return 1;
    }
    return 0;
}

static const struct directory_unit *heir_of(const struct directory_unit *unit)
{
    while (unit->successor != NULL) /* DIRECTORY_SUCCESSIONS_MAX */
        unit = unit->successor;
    return unit;
}

/* The targets of a year, when each of the communes has one. */
static void add_plan(struct directory_unit *office, uint32_t year)
{
    int64_t participants = 0;
    for (size_t i = 0; i < office->n_children; i++) {
        uint32_t found;
        participants += directory_plan(office->children[i], year, &found);
        if (found != year)
            return;
    }
    office->plans[office->n_plans].year = year;
    office->plans[office->n_plans++].participants = participants;
}

/* The communes that are known, each once whatever was merged into what. */
static struct directory_unit *make_office(const Ansinh__V1__SiUnit *row,
                                          const struct directory *directory, struct arena *arena)
{
    struct directory_unit *office = arena_zalloc(arena, sizeof(*office));
    if (office == NULL)
        return NULL;
    office->name = office->name_en = office->full_name = row->name;
    office->children = arena_alloc(arena, row->n_commune_codes * sizeof(struct directory_unit *));
    if (office->children == NULL)
        return NULL;
    for (size_t i = 0; i < row->n_commune_codes; i++) {
        struct directory_unit *unit = directory_unit(directory, row->commune_codes[i]);
        if (unit == NULL || (unit->successor != NULL && is_in_an_office(directory, heir_of(unit))))
            continue;
        office->children[office->n_children++] = unit;
    }
    const struct directory_unit *first = office->n_children == 0 ? NULL : office->children[0];
    for (size_t i = 0; first != NULL && i < first->n_plans; i++)
        add_plan(office, first->plans[i].year);
    return office;
}

static int take_office(struct slice *self, const Ansinh__V1__SiUnit *row,
                       const struct directory *directory, struct arena *arena)
{
    uint8_t *bits = arena_zalloc(arena, SLICE_COMMUNES / 8);
    const struct directory_unit *office = make_office(row, directory, arena);
    if (bits == NULL || office == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < office->n_children; i++) {
        size_t n;
        const uint32_t *list = progress_communes(office->children[i], arena, &n);
        if (list == NULL)
            return -ENOMEM;
        bits_set(bits, list, n);
    }
    self->communes = bits;
    self->office = office;
    self->name = row->name;
    return 0;
}

static int take_unit(struct slice *self, const char *code, const struct directory *directory,
                     struct arena *arena, struct err *err)
{
    uint8_t *communes;
    self->code = code;
    if (slice_is_office(code)) {
        const Ansinh__V1__SiUnit *office =
            directory_si_unit(directory, code + strlen(SLICE_OFFICE));
        return office == NULL ? err_field(err, -ENOENT, "slice.unit_code", "unknown office")
                              : take_office(self, office, directory, arena);
    }
    self->unit = directory_unit(directory, code);
    if (self->unit == NULL)
        return err_field(err, -ENOENT, "slice.unit_code", "unknown unit");
    self->name = self->unit->name;
    int rc = communes_of(self->unit, arena, &communes);
    self->communes = communes;
    return rc;
}

int slice_resolve(const Ansinh__V1__Slice *in, const struct directory *directory,
                  const struct facts *facts, struct arena *arena, struct slice *ret,
                  struct err *err)
{
    Ansinh__V1__Slice nothing_said;
    ansinh__v1__slice__init(&nothing_said);
    in = in == NULL ? &nothing_said : in;
    int rc = check(in, directory, err);
    if (rc < 0)
        return rc;
    struct slice slice = {
        .products = in->product == ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED ? 0 : 1U << in->product,
        .group = in->support_group,
        .last_day = UINT16_MAX,
    };
    rc = take_unit(&slice, in->unit_code[0] == '\0' ? COUNTRY : in->unit_code, directory, arena,
                   err);
    if (rc == 0)
        rc = take_sources(&slice, in, directory, facts, arena);
    if (rc == 0 && in->campaign_code[0] != '\0')
        rc = take_campaign(&slice, directory_campaign(directory, in->campaign_code), directory,
                           arena);
    if (rc < 0)
        return rc;
    if (slice.products == 0 && in->campaign_code[0] == '\0')
        slice.products = 1U << ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    slice.is_whole = slice.sources == NULL && slice.group == 0 && in->campaign_code[0] == '\0' &&
                     slice.products == 1U << ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    *ret = slice;
    return 0;
}
