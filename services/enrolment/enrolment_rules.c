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
    ret->is_foreign_birth = rc == 1;
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

static void put_remarks(const struct quote *quote, struct declaration_facts *ret)
{
    char text[EXPLANATION_BYTES];
    ret->n_remarks = quote->n_warnings;
    for (size_t i = 0; i < quote->n_warnings; i++) {
        const struct quote_warning *warning = &quote->warnings[i];
        explain_format(&warning->line, LANGUAGE_IS_EN, text, sizeof(text));
        (void)snprintf(ret->remarks[i], ENROLMENT_REMARK_BYTES, "%s: %s (%s)", warning->field, text,
                       warning->line.row->citation);
    }
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
    facts->lump_months = method_is_lump_sum(request.method) ? in->months : 0;
    if (rc == 0)
        put_remarks(&quote, facts);
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
    if (in->language < 0 || in->language > 2)
        return err_field(err, -EINVAL, "language", "want LANGUAGE_VI or LANGUAGE_EN");
    return 0;
}

int declaration_check(const struct policy *policy, const struct declaration *declaration,
                      int32_t today, struct declaration_facts *ret, struct err *err)
{
    memset(ret, 0, sizeof(*ret));
    int rc = check_dates(declaration, today, ret, err);
    if (rc == 0)
        rc = check_person(declaration, ret, err);
    if (rc == 0)
        rc = contribution_check_age(policy, ret->birth_day, ret->enrolled_day, err);
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
    if (method_is_lump_sum(request.method) && citizen->lump_months == 0)
        return 0; /* nothing is to be paid */
    return contribution_quote(policy, &request, &quote, err);
}
