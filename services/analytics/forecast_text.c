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

void forecast_sentence_en(const struct forecast *forecast, const char *name, const char *until,
                          char ret[FORECAST_TEXT_BYTES])
{
    struct writer self = {ret, ret + FORECAST_TEXT_BYTES - 1, 0};
    put(&self, name);
    if (forecast->gap > 0) {
        put(&self, " lacks ");
        put_number(&self, forecast->gap);
        put(&self, " participants");
        if (forecast->needed_per_day != FORECAST_NONE) {
            put(&self, ", ");
            put_mean(&self, forecast->needed_per_day);
            put(&self, " a day until ");
            put(&self, until);
        }
        put(&self, ";");
    } else {
        put(&self, ":");
    }
    put(&self, " at the pace of the last 7 days, ");
    put_mean(&self, forecast->pace_per_day);
    put(&self, " a day, it will have ");
    put_number(&self, forecast->projected);
    put(&self, " (");
    put_number(&self, forecast->projected_low);
    put(&self, " to ");
    put_number(&self, forecast->projected_high);
    put(&self, "): ");
    put_reach_en(&self, forecast);
    if (forecast->contacts_needed != FORECAST_NONE && forecast->gap > 0) {
        put(&self, " At the observed conversion it takes ");
        put_number(&self, forecast->contacts_needed);
        put(&self, " contacts.");
    }
}

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

void forecast_sentence_vi(const struct forecast *forecast, const char *name, const char *until,
                          char ret[FORECAST_TEXT_BYTES])
{
    struct writer self = {ret, ret + FORECAST_TEXT_BYTES - 1, 1};
    put(&self, name);
    if (forecast->gap > 0) {
        put(&self, " còn thiếu ");
        put_number(&self, forecast->gap);
        put(&self, " người");
        if (forecast->needed_per_day != FORECAST_NONE) {
            put(&self, ", cần ");
            put_mean(&self, forecast->needed_per_day);
            put(&self, " người mỗi ngày đến ");
            put(&self, until);
        }
        put(&self, ";");
    } else {
        put(&self, ":");
    }
    put(&self, " với tốc độ 7 ngày qua, ");
    put_mean(&self, forecast->pace_per_day);
    put(&self, " người mỗi ngày, sẽ có ");
    put_number(&self, forecast->projected);
    put(&self, " người (từ ");
    put_number(&self, forecast->projected_low);
    put(&self, " đến ");
    put_number(&self, forecast->projected_high);
    put(&self, "): ");
    put_reach_vi(&self, forecast);
    if (forecast->contacts_needed != FORECAST_NONE && forecast->gap > 0) {
        put(&self, " Theo tỷ lệ tham gia đã ghi nhận cần tiếp cận ");
        put_number(&self, forecast->contacts_needed);
        put(&self, " lượt người.");
    }
}
