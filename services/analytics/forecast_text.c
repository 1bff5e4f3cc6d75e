#include "services/analytics/forecast_text.h"

#include <stdio.h>
#include <string.h>

#include "common/domain/explain.h"

/* A sentence under construction. */
struct writer {
    char *at, *end;
    int is_vi;
};

void decimal_format(int64_t hundredths, char ret[DECIMAL_TEXT_BYTES])
{
    if (hundredths == FORECAST_NONE)
        ret[0] = '\0';
    else
        (void)snprintf(ret, DECIMAL_TEXT_BYTES, "%lld.%02lld", (long long)hundredths / 100,
                       (long long)hundredths % 100);
}

static struct writer writer_of(char ret[FORECAST_TEXT_BYTES], int is_vi)
{
    ret[0] = '\0';
    return (struct writer){ret, ret + FORECAST_TEXT_BYTES - 1, is_vi};
}

static void put(struct writer *self, const char *text)
{
    for (; *text != '\0' && self->at < self->end; text++)
        *self->at++ = *text;
    *self->at = '\0';
}

/* 33392 as "33,392" or "33.392". */
static void put_number(struct writer *self, int64_t value)
{
    char text[VND_TEXT_BYTES];
    vnd_format(value, text);
    for (char *at = text; self->is_vi && *at != '\0'; at++)
        *at = *at == ',' ? '.' : *at;
    put(self, text);
}

static void put_mean(struct writer *self, int64_t hundredths)
{
    put_number(self, divide_half_up(hundredths, 100));
}

/* Text, number, text. */
static void put_counted(struct writer *self, const char *before, int64_t value, const char *behind)
{
    put(self, before);
    put_number(self, value);
    put(self, behind);
}

/* Both, or nothing where there is nothing to say. */
static void put_if(struct writer *self, const char *before, const char *text)
{
    if (text == NULL)
        return;
    put(self, before);
    put(self, text);
}

/* --- English ---------------------------------------------------------------------------------- */

static const char *const nouns_en[] = {
    [NOUN_PARTICIPANTS] = " participants",
    [NOUN_NEW_PARTICIPANTS] = " new participants",
    [NOUN_DECLARATIONS] = " declarations",
    [NOUN_ACCEPTED] = " accepted declarations",
};

static void put_reach_en(struct writer *self, const struct forecast *forecast)
{
    static const char *const ends[] = {
        [REACH_NO_PLAN] = "there is no plan.",
        [REACH_DONE] = "the plan is fulfilled.",
        [REACH_ON_COURSE] = "the plan will be fulfilled.",
        [REACH_POSSIBLE] = "the plan is within reach.",
        [REACH_TOO_SLOW] = "the plan is not reached at this pace.",
    };
    put(self, ends[forecast->reach]);
}

static void put_pace_en(struct writer *self, const struct forecast *forecast)
{
    put(self, " at the pace of the last 7 days, ");
    put_mean(self, forecast->pace_per_day);
    put_counted(self, " a day, it will have ", forecast->projected, " (");
    put_number(self, forecast->projected_low);
    put_counted(self, " to ", forecast->projected_high, "): ");
    put_reach_en(self, forecast);
}

static void put_need_en(struct writer *self, const struct forecast *forecast,
                        const struct forecast_words *words)
{
    if (forecast->gap <= 0) {
        put(self, ":");
        return;
    }
    put_counted(self, " lacks ", forecast->gap, nouns_en[words->noun]);
    if (forecast->needed_per_day != FORECAST_NONE) {
        put(self, ", ");
        put_mean(self, forecast->needed_per_day);
        put(self, " a day until ");
        put(self, words->until);
    }
    put(self, ";");
}

static void put_expired_en(struct writer *self, const struct forecast *forecast,
                           const struct forecast_words *words)
{
    put(self, words->is_year ? ": the plan of " : ": the plan \"");
    put(self, words->plan);
    put(self, words->is_year ? " ended on " : "\" ended on ");
    put(self, words->plan_until);
    put_counted(self,
                forecast->gap > 0 ? "; it has " : " and is fulfilled: ", forecast->participants,
                " of ");
    put_number(self, forecast->plan);
    put(self, nouns_en[words->noun]);
    if (forecast->gap > 0)
        put_counted(self, " and lacks ", forecast->gap, "");
    put(self, ".");
    if (forecast->days_left == 0)
        return;
    put(self, " Until ");
    put(self, words->until);
    put(self, ",");
    put_pace_en(self, forecast);
}

int forecast_is_beyond(const struct forecast *forecast, const struct forecast_words *words)
{
    return words->has_prospects && forecast->contacts_needed != FORECAST_NONE &&
           forecast->gap > 0 && forecast->contacts_needed > words->prospects;
}

static void put_contacts_en(struct writer *self, const struct forecast *forecast,
                            const struct forecast_words *words)
{
    int is_plain = words->observed_in == NULL && words->observed_until == NULL;
    put(self, is_plain ? " At the observed conversion" : " At the conversion observed");
    put_if(self, " until ", words->observed_until);
    put_if(self, " in ", words->observed_in);
    put_counted(self, " (", words->joined, " of ");
    put_counted(self, "", words->contacts, ") it takes ");
    put_number(self, forecast->contacts_needed);
    put(self, " contacts");
    if (forecast_is_beyond(forecast, words))
        put_counted(self, ", more than the ", words->prospects,
                    " people left to be won: it is not reached by this conversion");
    put(self, ".");
}

void forecast_sentence_en(const struct forecast *forecast, const struct forecast_words *words,
                          char ret[FORECAST_TEXT_BYTES])
{
    struct writer self = writer_of(ret, 0);
    put(&self, words->name);
    if (words->is_expired) {
        put_expired_en(&self, forecast, words);
    } else {
        put_need_en(&self, forecast, words);
        put_pace_en(&self, forecast);
    }
    if (forecast->contacts_needed != FORECAST_NONE && forecast->gap > 0)
        put_contacts_en(&self, forecast, words);
}

/* What is missing, and who can be won. */
static void put_rest_en(struct writer *self, const struct next_session *row)
{
    if (row->gap != NEXT_SESSION_UNKNOWN)
        put_counted(self, " It lacks ", row->gap, ".");
    if (row->prospects != NEXT_SESSION_UNKNOWN)
        put_counted(self, " ", row->prospects, " prospects are left.");
}

static void put_span_en(struct writer *self, const struct observed_words *words)
{
    if (words->since == NULL)
        put_counted(self, "In the last ", words->days, " days");
    put_if(self, "From ", words->since);
    put_if(self, " to ", words->until);
    put(self, ", ");
}

void next_session_why_en(const struct next_session *row, const struct observed_words *words,
                         char ret[FORECAST_TEXT_BYTES])
{
    struct writer self = writer_of(ret, 0);
    put_span_en(&self, words);
    if (row->expected == NEXT_SESSION_UNOBSERVED) {
        put(&self, "no session with a result was observed.");
        if (words->is_by_prospects)
            put_counted(&self, " Few were held here for its prospects: ", row->own.sessions, ".");
        put_rest_en(&self, row);
        return;
    }
    if (row->own.sessions > 0) {
        put_counted(&self, "", row->own.sessions, " of this kind brought ");
        put_counted(&self, "", row->own.joined, " here; in ");
    } else {
        put(&self, "none of this kind was held here; in ");
    }
    put(&self, words->above);
    put_counted(&self, " ", row->above_kind.sessions, " brought ");
    put_counted(&self, "", row->above_kind.joined, ".");
    put_rest_en(&self, row);
}

/* --- Vietnamese ------------------------------------------------------------------------------- */

static const char *const nouns_vi[] = {
    [NOUN_PARTICIPANTS] = " người",
    [NOUN_NEW_PARTICIPANTS] = " người mới",
    [NOUN_DECLARATIONS] = " tờ khai",
    [NOUN_ACCEPTED] = " tờ khai được chấp nhận",
};

static void put_reach_vi(struct writer *self, const struct forecast *forecast)
{
    static const char *const ends[] = {
        [REACH_NO_PLAN] = "chưa có kế hoạch.",
        [REACH_DONE] = "đã hoàn thành kế hoạch.",
        [REACH_ON_COURSE] = "sẽ hoàn thành kế hoạch.",
        [REACH_POSSIBLE] = "có thể hoàn thành kế hoạch.",
        [REACH_TOO_SLOW] = "với tốc độ này không đạt kế hoạch.",
    };
    put(self, ends[forecast->reach]);
}

static void put_pace_vi(struct writer *self, const struct forecast *forecast,
                        const struct forecast_words *words)
{
    put(self, " với tốc độ 7 ngày qua, ");
    put_mean(self, forecast->pace_per_day);
    put(self, nouns_vi[words->noun]);
    put_counted(self, " mỗi ngày, sẽ có ", forecast->projected, nouns_vi[words->noun]);
    put_counted(self, " (từ ", forecast->projected_low, " đến ");
    put_number(self, forecast->projected_high);
    put(self, "): ");
    put_reach_vi(self, forecast);
}

static void put_need_vi(struct writer *self, const struct forecast *forecast,
                        const struct forecast_words *words)
{
    if (forecast->gap <= 0) {
        put(self, ":");
        return;
    }
    put_counted(self, " còn thiếu ", forecast->gap, nouns_vi[words->noun]);
    if (forecast->needed_per_day != FORECAST_NONE) {
        put(self, ", cần ");
        put_mean(self, forecast->needed_per_day);
        put(self, nouns_vi[words->noun]);
        put(self, " mỗi ngày đến ");
        put(self, words->until);
    }
    put(self, ";");
}

static void put_expired_vi(struct writer *self, const struct forecast *forecast,
                           const struct forecast_words *words)
{
    put(self, words->is_year ? ": kế hoạch " : ": kế hoạch \"");
    put(self, words->plan);
    put(self, words->is_year ? " đã hết hạn ngày " : "\" đã hết hạn ngày ");
    put(self, words->plan_until);
    put_counted(self,
                forecast->gap > 0 ? "; hiện có " : " và đã hoàn thành: ", forecast->participants,
                " trên ");
    put_number(self, forecast->plan);
    put(self, nouns_vi[words->noun]);
    if (forecast->gap > 0)
        put_counted(self, ", còn thiếu ", forecast->gap, nouns_vi[words->noun]);
    put(self, ".");
    if (forecast->days_left == 0)
        return;
    put(self, " Đến ");
    put(self, words->until);
    put(self, ",");
    put_pace_vi(self, forecast, words);
}

static void put_contacts_vi(struct writer *self, const struct forecast *forecast,
                            const struct forecast_words *words)
{
    put(self, " Theo tỷ lệ tham gia đã ghi nhận");
    put_if(self, " đến ", words->observed_until);
    put_if(self, " ở ", words->observed_in);
    put_counted(self, " (", words->joined, " trên ");
    put_counted(self, "", words->contacts, ") cần tiếp cận ");
    put_number(self, forecast->contacts_needed);
    put(self, " lượt người");
    if (forecast_is_beyond(forecast, words))
        put_counted(self, ", nhiều hơn ", words->prospects,
                    " người còn có thể vận động: không đạt được với tỷ lệ này");
    put(self, ".");
}

void forecast_sentence_vi(const struct forecast *forecast, const struct forecast_words *words,
                          char ret[FORECAST_TEXT_BYTES])
{
    struct writer self = writer_of(ret, 1);
    put(&self, words->name);
    if (words->is_expired) {
        put_expired_vi(&self, forecast, words);
    } else {
        put_need_vi(&self, forecast, words);
        put_pace_vi(&self, forecast, words);
    }
    if (forecast->contacts_needed != FORECAST_NONE && forecast->gap > 0)
        put_contacts_vi(&self, forecast, words);
}

static void put_rest_vi(struct writer *self, const struct next_session *row)
{
    if (row->gap != NEXT_SESSION_UNKNOWN)
        put_counted(self, " Còn thiếu ", row->gap, ".");
    if (row->prospects != NEXT_SESSION_UNKNOWN)
        put_counted(self, " Còn ", row->prospects, " người có thể vận động.");
}

static void put_span_vi(struct writer *self, const struct observed_words *words)
{
    if (words->since == NULL)
        put_counted(self, "", words->days, " ngày qua");
    put_if(self, "Từ ", words->since);
    put_if(self, " đến ", words->until);
    put(self, ", ");
}

void next_session_why_vi(const struct next_session *row, const struct observed_words *words,
                         char ret[FORECAST_TEXT_BYTES])
{
    struct writer self = writer_of(ret, 1);
    put_span_vi(&self, words);
    if (row->expected == NEXT_SESSION_UNOBSERVED) {
        put(&self, "chưa ghi nhận buổi nào có kết quả.");
        if (words->is_by_prospects)
            put_counted(
                &self, " Số buổi còn ít so với số người có thể vận động: ", row->own.sessions, ".");
        put_rest_vi(&self, row);
        return;
    }
    if (row->own.sessions > 0) {
        put_counted(&self, "ở đây ", row->own.sessions, " buổi loại này mang lại ");
        put_counted(&self, "", row->own.joined, "; ở ");
    } else {
        put(&self, "ở đây chưa có buổi loại này; ở ");
    }
    put(&self, words->above);
    put_counted(&self, " ", row->above_kind.sessions, " buổi mang lại ");
    put_counted(&self, "", row->above_kind.joined, ".");
    put_rest_vi(&self, row);
}
