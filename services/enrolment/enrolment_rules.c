#include "services/enrolment/enrolment_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"

static int check_dates(const struct declaration *in, int32_t today, struct declaration_facts *ret,
                       struct err *err)
{
    if (date_parse(in->birth_date, &ret->birth_day) < 0)
        return err_field(err, -EINVAL, "birth_date", "want a date as YYYY-MM-DD");
    if (ret->birth_day > today)
        return err_field(err, -EINVAL, "birth_date", "the date is in the future");
    ret->enrolled_day = today;
    if (in->enrolled_on[0] == '\0')
        return 0;
    if (date_parse(in->enrolled_on, &ret->enrolled_day) < 0)
        return err_field(err, -EINVAL, "enrolled_on", "want a date as YYYY-MM-DD");
    if (ret->enrolled_day > today)
        return err_field(err, -EINVAL, "enrolled_on", "the date is in the future");
    return 0;
}

static int check_person(const struct declaration *in, struct declaration_facts *ret,
                        struct err *err)
{
    if (in->sex != SEX_IS_FEMALE && in->sex != SEX_IS_MALE)
        return err_field(err, -EINVAL, "sex", "want SEX_FEMALE or SEX_MALE");
    int rc = personal_id_check(in->personal_id, ret->birth_day, (enum sex)in->sex, err);
    if (rc < 0)
        return rc;
    if (rc == 1)
        (void)snprintf(ret->warnings.texts[ret->warnings.n++], WARNING_BYTES,
                       "personal_id: the birth province is not a known one; taken for a birth "
                       "abroad");
    rc = full_name_check(in->full_name, err);
    if (rc == 0 && in->phone[0] != '\0')
        rc = phone_normalise(in->phone, ret->phone, err);
    if (rc == 0 && in->email[0] != '\0')
        rc = email_check(in->email, err);
    if (rc == 0 && in->si_code[0] != '\0')
        rc = si_code_check(in->si_code, err);
    if (rc < 0)
        return rc;
    if (!parse_is_utf8(in->address, strlen(in->address)) ||
        parse_utf8_length(in->address) > ENROLMENT_ADDRESS_MAX_CHARS)
        return err_field(err, -EINVAL, "address", "want at most %d characters of UTF-8",
                         ENROLMENT_ADDRESS_MAX_CHARS);
    return 0;
}

void warnings_add(struct warnings *self, const struct quote *quote)
{
    for (size_t i = 0; i < quote->n_warnings && self->n < ARRAY_LEN(self->texts); i++) {
        const struct quote_warning *warning = &quote->warnings[i];
        char text[EXPLANATION_BYTES];
        explain_format(&warning->line, LANGUAGE_IS_EN, text, sizeof(text));
        (void)snprintf(self->texts[self->n++], WARNING_BYTES, "%s: %s (%s)", warning->field, text,
                       warning->line.row->citation);
    }
}

/* The first thing that keeps the person out. */
static int check_eligible(const struct policy *policy, const struct declaration *in,
                          const struct declaration_facts *facts, struct err *err)
{
    static const char *const fields[ELIGIBILITY_BARS] = {[BAR_AGE] = "birth_date",
                                                         [BAR_COMPULSORY_SI] = "in_compulsory_si",
                                                         [BAR_PENSION] = "draws_pension",
                                                         [BAR_ALLOWANCE] = "draws_allowance",
                                                         [BAR_FOREIGN_CITIZEN] = "foreign_citizen"};
    struct eligibility_request request = {.birth_day = facts->birth_day,
                                          .on_day = facts->enrolled_day};
    struct eligibility found;
    memcpy(request.has, in->has, sizeof(request.has));
    int rc = eligibility_check(policy, &request, &found, err);
    if (rc < 0 || found.lines.n == 0)
        return rc;
    char text[EXPLANATION_BYTES];
    explain_format(&found.lines.rows[0], LANGUAGE_IS_EN, text, sizeof(text));
    return err_field(err, -EINVAL, fields[found.bars[0]], "%s (%s)", text,
                     found.lines.rows[0].row->citation);
}

static int check_contribution(const struct policy *policy, const struct declaration *in,
                              struct declaration_facts *facts, struct err *err)
{
    struct quote_request request = {
        .income_vnd = in->income_vnd,
        .method = (enum method)in->method,
        .months = in->months,
        .group = (enum support_group)in->support_group,
        .is_special_zone = in->is_special_zone,
        .province = in->province,
        .on_day = facts->enrolled_day,
        .sex = (enum sex)in->sex,
        .birth_day = facts->birth_day,
    };
    struct quote quote;
    int rc = contribution_quote(policy, &request, &quote, err);
    if (rc == 0)
        warnings_add(&facts->warnings, &quote);
    facts->lump_months = method_is_lump_sum(request.method) ? in->months : 0;
    return rc;
}

static int check_choices(const struct declaration *in, struct err *err)
{
    if (in->method < METHOD_IS_MONTHLY || in->method > METHOD_IS_MISSING_MONTHS)
        return err_field(err, -EINVAL, "method",
                         "want one of METHOD_MONTHLY to METHOD_MISSING_MONTHS");
    if (in->support_group < GROUP_POOR || in->support_group > GROUP_OTHER)
        return err_field(err, -EINVAL, "support_group",
                         "want one of SUPPORT_GROUP_POOR to SUPPORT_GROUP_OTHER");
    return 0;
}

int person_check(const struct declaration *declaration, int32_t today,
                 struct declaration_facts *ret, struct err *err)
{
    memset(ret, 0, sizeof(*ret));
    int rc = check_dates(declaration, today, ret, err);
    if (rc == 0)
        rc = check_person(declaration, ret, err);
    if (rc == 0 && (declaration->language < 0 || declaration->language > 2))
        rc = err_field(err, -EINVAL, "language", "want LANGUAGE_VI or LANGUAGE_EN");
    return rc;
}

int declaration_check(const struct policy *policy, const struct declaration *declaration,
                      int32_t today, struct declaration_facts *ret, struct err *err)
{
    int rc = person_check(declaration, today, ret, err);
    if (rc == 0)
        rc = check_eligible(policy, declaration, ret, err);
    if (rc == 0)
        rc = check_choices(declaration, err);
    if (rc == 0)
        rc = check_contribution(policy, declaration, ret, err);
    if (rc < 0 && err != NULL && strcmp(err->field, "on") == 0)
        (void)snprintf(err->field, sizeof(err->field), "enrolled_on");
    return rc;
}

int terms_check(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                struct err *err)
{
    struct quote_request request = {
        .income_vnd = citizen->income_vnd,
        .method = (enum method)citizen->method,
        .months = citizen->lump_months,
        .group = (enum support_group)citizen->support_group,
        .on_day = on_day,
    };
    struct quote quote;
    if (citizen->end_reason != END_NONE ||
        (method_is_lump_sum(request.method) && citizen->lump_months == 0))
        return 0; /* nothing is to be paid */
    return contribution_quote(policy, &request, &quote, err);
}
