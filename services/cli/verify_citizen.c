#include "services/cli/verify_citizen.h"

#include <inttypes.h>

struct field_pair {
    const char *name;
    int64_t stored, folded;
};

static unsigned compare_fields(struct findings *findings, const char *name,
                               const struct field_pair *pairs, size_t n)
{
    unsigned n_wrong = 0;
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].stored == pairs[i].folded)
            continue;
        n_wrong++;
        if (findings != NULL)
            findings_add(findings, "%s: %s is %" PRId64 ", the journal says %" PRId64, name,
                         pairs[i].name, pairs[i].stored, pairs[i].folded);
    }
    return n_wrong;
}

static unsigned compare_bills(struct findings *findings, const char *name,
                              const struct citizen_bill *a, const struct citizen_bill *b)
{
    const struct field_pair pairs[] = {
        {"bill.from_month", a->from_month, b->from_month},
        {"bill.months", a->months, b->months},
        {"bill.months_supported", a->months_supported, b->months_supported},
        {"bill.participant_vnd", a->participant_vnd, b->participant_vnd},
        {"bill.central_vnd", a->central_vnd, b->central_vnd},
        {"bill.local_vnd", a->local_vnd, b->local_vnd},
        {"bill.donor_vnd", a->donor_vnd, b->donor_vnd},
        {"bill.valid_until_day", a->valid_until_day, b->valid_until_day},
        {"bill.member_rank", a->member_rank, b->member_rank},
    };
    return compare_fields(findings, name, pairs, ARRAY_LEN(pairs));
}

/* A record from before payments were kept has none until the next one. */
static unsigned compare_payments(struct findings *findings, const char *name,
                                 const struct citizen *a, const struct citizen *b)
{
    const struct field_pair pairs[] = {
        {"payment.from_month", a->payment.from_month, b->payment.from_month},
        {"payment.months", a->payment.months, b->payment.months},
        {"payment.months_supported", a->payment.months_supported, b->payment.months_supported},
        {"payment.participant_vnd", a->payment.participant_vnd, b->payment.participant_vnd},
        {"payment.central_vnd", a->payment.central_vnd, b->payment.central_vnd},
        {"payment.local_vnd", a->payment.local_vnd, b->payment.local_vnd},
        {"payment.donor_vnd", a->payment.donor_vnd, b->payment.donor_vnd},
        {"payment.paid_day", a->payment.paid_day, b->payment.paid_day},
        {"paid_number", a->paid_number, b->paid_number},
    };
    const struct field_pair *number = &pairs[ARRAY_LEN(pairs) - 1];
    if (a->payment.months != 0 || a->is_health)
        return compare_fields(findings, name, pairs, ARRAY_LEN(pairs));
    return a->paid_number != 0 ? compare_fields(findings, name, number, 1) : 0;
}

static unsigned compare_citizen(struct findings *findings, const char *name,
                                const struct citizen *a, const struct citizen *b)
{
    const struct field_pair pairs[] = {
        {"version", a->version, b->version},
        {"commune", a->commune, b->commune},
        {"support_group", a->support_group, b->support_group},
        {"method", a->method, b->method},
        {"language", a->language, b->language},
        {"has_si_code", a->has_si_code, b->has_si_code},
        {"has_paid", a->has_paid, b->has_paid},
        {"income_vnd", a->income_vnd, b->income_vnd},
        {"enrolled_day", a->enrolled_day, b->enrolled_day},
        {"declared_day", a->declared_day, b->declared_day},
        {"changed_day", a->changed_day, b->changed_day},
        {"accepted_day", a->accepted_day, b->accepted_day},
        {"lump_months", a->lump_months, b->lump_months},
        {"months_missing", a->months_missing, b->months_missing},
        {"months_settled", a->months_settled, b->months_settled},
        {"months_supported", a->months_supported, b->months_supported},
        {"months_supported_earlier", a->months_supported_earlier, b->months_supported_earlier},
        {"end_reason", a->end_reason, b->end_reason},
        {"end_day", a->end_day, b->end_day},
        {"bill_number", a->bill_number, b->bill_number},
        {"is_health", a->is_health, b->is_health},
        {"card.from_day", a->card.from_day, b->card.from_day},
        {"card.to_day", a->card.to_day, b->card.to_day},
    };
    return compare_fields(findings, name, pairs, ARRAY_LEN(pairs)) +
           compare_bills(findings, name, &a->bill, &b->bill) +
           compare_payments(findings, name, a, b);
}

static unsigned compare_months(struct findings *findings, const char *name,
                               const struct coverage *stored, const struct months *folded)
{
    if (months_agree(folded, stored))
        return 0;
    if (findings == NULL)
        return 1;
    uint32_t until = folded->n == 0 ? 0 : folded->spans[folded->n - 1].to;
    findings_add(findings, "%s: covers %u months until %u-%02u, the journal says %u until %u-%02u",
                 name, coverage_months(stored), coverage_until(stored) / 12,
                 coverage_until(stored) % 12 + 1, months_from(folded, 0), until / 12,
                 until % 12 + 1);
    return 1;
}

unsigned verify_citizen_compare(struct findings *findings, const char *name,
                                const struct citizen *stored, const struct fold_citizen *folded)
{
    return compare_citizen(findings, name, stored, &folded->state) +
           compare_months(findings, name, &stored->coverage, &folded->months);
}
