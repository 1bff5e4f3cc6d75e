/* Every sentence that explains a sum, in both languages. */
#include "common/base/log.h"
#include "common/domain/explain.h"

struct texts {
    const char *key;
    struct {
        const char *title, *form;
    } vi, en;
};

static const struct texts texts[EXPLAIN_TEXTS] = {
    [TEXT_CONTRIBUTION] = {"contribution",
                           {"Mức đóng", "{0} x {1} x {2}"},
                           {"Contribution", "{0} x {1} x {2}"}},
    [TEXT_DISCOUNT] = {"discount",
                       {"Giảm do đóng trước", "lãi kép {0} một tháng, cho {1} đóng trước"},
                       {"Discount", "{0} a month, compound, for {1} paid ahead"}},
    [TEXT_INTEREST] = {"interest",
                       {"Lãi đóng bù", "lãi kép {0} một tháng, cho {1} đóng bù"},
                       {"Interest", "{0} a month, compound, for {1} paid late"}},
    [TEXT_CENTRAL_SUPPORT] = {"central_support",
                              {"Ngân sách trung ương hỗ trợ", "{0} x {1} x {2} x {3}"},
                              {"Central budget", "{0} x {1} x {2} x {3}"}},
    [TEXT_CENTRAL_SUPPORT_LAST] = {"central_support",
                                   {"Ngân sách trung ương hỗ trợ",
                                    "{0} x {1} x {2} x {3}, là những tháng hỗ trợ cuối cùng"},
                                   {"Central budget",
                                    "{0} x {1} x {2} x {3}, the last with support"}},
    [TEXT_CENTRAL_SUPPORT_USED] = {"central_support",
                                   {"Ngân sách trung ương hỗ trợ",
                                    "không còn: đã hưởng đủ {0} hỗ trợ"},
                                   {"Central budget", "none left: all {0} of support are used"}},
    [TEXT_LOCAL_SHARE] = {"local_support",
                          {"Ngân sách địa phương hỗ trợ", "{0} x {1} x {2} x {3}"},
                          {"Local budget", "{0} x {1} x {2} x {3}"}},
    [TEXT_LOCAL_SHARE_CUT] = {"local_support",
                              {"Ngân sách địa phương hỗ trợ",
                               "{0} x {1} x {2} x {3}, không quá số còn phải đóng"},
                              {"Local budget", "{0} x {1} x {2} x {3}, no more than is left"}},
    [TEXT_LOCAL_AMOUNT] = {"local_support",
                           {"Ngân sách địa phương hỗ trợ", "{0} x {1}"},
                           {"Local budget", "{0} x {1}"}},
    [TEXT_LOCAL_AMOUNT_CUT] = {"local_support",
                               {"Ngân sách địa phương hỗ trợ",
                                "{0} x {1}, không quá số còn phải đóng"},
                               {"Local budget", "{0} x {1}, no more than is left"}},
    [TEXT_DONOR_AMOUNT] = {"donor_support",
                           {"Nhà tài trợ hỗ trợ", "{0} x {1}"},
                           {"Donors", "{0} x {1}"}},
    [TEXT_DONOR_AMOUNT_CUT] = {"donor_support",
                               {"Nhà tài trợ hỗ trợ", "{0} x {1}, không quá số còn phải đóng"},
                               {"Donors", "{0} x {1}, no more than is left"}},
    [TEXT_INCOME_STEP] = {"income_step",
                          {"Bước của mức thu nhập",
                           "{0} không theo bước {3} trong khoảng {1} đến {2}; mức dưới gần nhất là "
                           "{4}"},
                          {"Step of the income",
                           "{0} is not in the steps of {3} from {1} to {2}; the next lower is "
                           "{4}"}},
    [TEXT_PAST_RETIREMENT_AGE] =
        {"past_retirement_age",
         {"Đến tuổi nghỉ hưu", "đến tuổi nghỉ hưu trong tháng {0}: có thể đóng một lần cho tối đa "
                               "{1} còn thiếu của {2}"},
         {"At retirement age",
          "retirement age in {0}: up to {1} missing of {2} can be paid at once instead"}},
    [TEXT_UNUSED_MONTHS] = {"unused_months",
                            {"Những tháng chưa dùng", "{0} x {1} x {2}"},
                            {"Unused months", "{0} x {1} x {2}"}},
    [TEXT_UNUSED_DISCOUNT] = {"discount",
                              {"Giảm do đóng trước",
                               "lãi kép {0} một tháng, đã giảm cho {1} cuối khi đóng"},
                              {"Discount",
                               "{0} a month, compound, already given for the last {1}"}},
    [TEXT_UNUSED_CENTRAL] = {"central_support",
                             {"Hoàn lại ngân sách trung ương", "phần hỗ trợ của {0} chưa dùng"},
                             {"Back to the central budget", "support of {0} not used"}},
    [TEXT_UNUSED_LOCAL] = {"local_support",
                           {"Hoàn lại ngân sách địa phương", "phần hỗ trợ của {0} chưa dùng"},
                           {"Back to the local budget", "support of {0} not used"}},
    [TEXT_UNUSED_DONOR] = {"donor_support",
                           {"Hoàn lại nhà tài trợ", "phần hỗ trợ của {0} chưa dùng"},
                           {"Back to the donors", "support of {0} not used"}},
    [TEXT_MEMBER_REDUCTION] = {"member_reduction",
                               {"Giảm theo thứ tự thành viên",
                                "thành viên thứ {0} của hộ đóng {1}"},
                               {"Reduction by member order",
                                "member {0} of the household pays {1}"}},
    [TEXT_MEMBER_REDUCTION_LATER] = {"member_reduction",
                                     {"Giảm theo thứ tự thành viên",
                                      "thành viên thứ {0} trở đi của hộ đóng {1}"},
                                     {"Reduction by member order",
                                      "member {0} or later of the household pays {1}"}},
    [TEXT_HEALTH_WAIT] = {"health_wait",
                          {"Thẻ chưa có giá trị ngay",
                           "có giá trị sau {0}: tham gia lần đầu hoặc gián đoạn từ {1} trở lên"},
                          {"The card waits",
                           "valid after {0}: the first one, or after a gap of {1} or more"}},
    [TEXT_RETIREMENT_AGE] = {"retirement_age",
                             {"Tuổi nghỉ hưu", "{0}, đủ tuổi trong tháng {1}"},
                             {"Retirement age", "{0}, reached in {1}"}},
    [TEXT_REQUIRED_YEARS] = {"required_years",
                             {"Thời gian đóng tối thiểu",
                              "ít nhất {0}; đến hết tháng {2} đã đóng {1}"},
                             {"Required years", "at least {0}; {1} are paid at the end of {2}"}},
    [TEXT_AVERAGE_INCOME] =
        {"average_income",
         {"Mức bình quân thu nhập làm căn cứ đóng",
          "{0} trong {1}, mỗi tháng nhân với hệ số của năm đó, các năm sau hệ số 1"},
         {"Average income", "{0} in {1}, each times its year's coefficient, 1 for years to come"}},
    [TEXT_PENSION] = {"pension",
                      {"Lương hưu hằng tháng", "{0} x {1} một tháng"},
                      {"Monthly pension", "{0} x {1} a month"}},
    [TEXT_PENSION_LUMP] = {"lump_sum",
                           {"Trợ cấp một lần khi nghỉ hưu",
                            "một lần: {0} x {1} x {2} năm cao hơn {3}"},
                           {"Lump sum at retirement", "once: {0} x {1} x {2} years above {3}"}},
    [TEXT_BAR_AGE] = {"age",
                      {"Tuổi", "{0} tuổi, phải đủ {1} tuổi trở lên"},
                      {"Age", "{0} years old, must be at least {1}"}},
    [TEXT_BAR_COMPULSORY_SI] = {"compulsory_si",
                                {"Bảo hiểm xã hội bắt buộc",
                                 "đang tham gia bảo hiểm xã hội bắt buộc"},
                                {"Compulsory social insurance",
                                 "takes part in compulsory social insurance"}},
    [TEXT_BAR_PENSION] = {"pension",
                          {"Lương hưu", "đang hưởng lương hưu"},
                          {"Pension", "draws a pension"}},
    [TEXT_BAR_ALLOWANCE] = {"allowance",
                            {"Trợ cấp", "đang hưởng trợ cấp bảo hiểm xã hội hằng tháng"},
                            {"Allowance", "draws a monthly social insurance allowance"}},
    [TEXT_BAR_FOREIGN_CITIZEN] = {"foreign_citizen",
                                  {"Quốc tịch", "không phải công dân Việt Nam"},
                                  {"Citizenship", "is not a citizen of Viet Nam"}},
};

const char *explain_key(enum explain_text text)
{
    ASSERT(text < EXPLAIN_TEXTS);
    return texts[text].key;
}

const char *explain_title(enum explain_text text, enum language language)
{
    ASSERT(text < EXPLAIN_TEXTS);
    return language == LANGUAGE_IS_VI ? texts[text].vi.title : texts[text].en.title;
}

const char *explain_form(enum explain_text text, enum language language)
{
    ASSERT(text < EXPLAIN_TEXTS);
    return language == LANGUAGE_IS_VI ? texts[text].vi.form : texts[text].en.form;
}
