#include "services/cli/sample_names.h"

#include "common/base/macros.h"

#define WORDS(array)                                                                               \
    {                                                                                              \
        (array), ARRAY_LEN(array)                                                                  \
    }

static const char *const kinh_surnames[] = {
    "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Trần", "Trần", "Lê",  "Lê",    "Phạm",  "Phạm",
    "Hoàng",  "Vũ",     "Vũ",     "Đỗ",     "Bùi",  "Đặng", "Ngô", "Đinh",  "Dương", "Phan",
    "Lương",  "Đào",    "Trịnh",  "Đoàn",   "Cao",  "Tạ",   "Mai", "Phùng", "Hà",    "Lưu",
};
static const char *const kinh_male_middle[] = {
    "Văn",  "Văn",   "Văn",  "Đức", "Quang", "Minh", "Hữu",  "Xuân", "Ngọc",
    "Mạnh", "Thanh", "Quốc", "Duy", "Trọng", "Đình", "Tiến", "Công", "Bá",
};
static const char *const kinh_male_given[] = {
    "Hùng", "Dũng", "Cường", "Tuấn",  "Hải",   "Nam",  "Sơn",  "Thắng", "Hiếu",  "Long",
    "Bình", "Hòa",  "Thành", "Trung", "Kiên",  "Quân", "Toàn", "Phúc",  "Lâm",   "Tùng",
    "Đạt",  "Huy",  "Khánh", "Vinh",  "Chiến", "Hưng", "Lợi",  "Thịnh", "Quyết", "An",
};
static const char *const kinh_female_middle[] = {
    "Thị",     "Thị",     "Thị", "Thị",   "Thị Thu", "Thị Thanh", "Thị Ngọc", "Thị Hồng",
    "Thị Kim", "Thị Mai", "Thu", "Thanh", "Minh",    "Phương",    "Hồng",     "Thị Bích",
};
static const char *const kinh_female_given[] = {
    "Hoa",  "Lan",    "Hương", "Hà",    "Thủy",  "Hằng", "Nga",  "Huyền", "Trang", "Linh",
    "Mai",  "Yến",    "Loan",  "Hạnh",  "Nhung", "Thảo", "Dung", "Oanh",  "Vân",   "Phượng",
    "Liên", "Nguyệt", "Thơm",  "Tuyết", "Hiền",  "Chi",  "Ngân", "Xuân",  "Tâm",   "Anh",
};

static const char *const tay_surnames[] = {
    "Hoàng", "Hoàng",  "Nông", "Lương", "Hà",  "La", "Lý",  "Ma",    "Long", "Sầm",
    "Đàm",   "Nguyễn", "Vi",   "Lương", "Lục", "Cổ", "Hứa", "Triệu", "Mông", "Bế",
};
static const char *const tay_male_middle[] = {"Văn", "Văn", "Văn", "Đức", "Xuân", "Ngọc", "Quang"};
static const char *const tay_female_middle[] = {"Thị", "Thị", "Thị", "Thị Thu", "Thị Hồng", "Thu"};
static const char *const tay_male_given[] = {
    "Thắng", "Chiến", "Hưng",   "Tuyên", "Thuận", "Khánh", "Hiệp", "Đông",  "Sáng", "Tuấn",
    "Dương", "Vượng", "Nghiệp", "Thái",  "Lưu",   "Kiểm",  "Quý",  "Duyên", "Hậu",  "Điện",
};
static const char *const tay_female_given[] = {
    "Hiên", "Nhung", "Thơm", "Hoa",   "Chiên", "Duyên", "Viện", "Lả",  "Nguyên", "Tươi",
    "Thắm", "Huệ",   "Sen",  "Hường", "Biển",  "Thu",   "Nhâm", "Vui", "Lược",   "Én",
};

static const char *const thai_surnames[] = {"Lò", "Lò",    "Hà",   "Lường", "Cầm", "Điêu",
                                            "Sa", "Hoàng", "Đồng", "Lự",    "Vì",  "Mè"};
static const char *const thai_male_given[] = {
    "Biến",   "Thoan", "Inh", "Phương", "Tính", "Dọn", "Pháng", "Ính", "Chung", "Xương",
    "Nguyện", "Sơn",   "Hặc", "Thiết",  "Nọi",  "Ún",  "Toản",  "Hợp", "Đôi",   "Minh",
};
static const char *const thai_female_given[] = {
    "Phượng", "Pành", "Ón",   "Hom", "Xuyến", "Lả",   "Inh",  "Nọi",   "Bun",  "Hặc",
    "Thoa",   "Dung", "Hoan", "Lọt", "Én",    "Chom", "Pâng", "Phanh", "Thơi", "Duyên",
};

static const char *const nung_surnames[] = {"Nông",  "Vàng", "Lùng", "Hoàng", "Lục", "Thền",
                                            "Vương", "Lù",   "Tải",  "Nùng",  "Sền", "Lồ"};
static const char *const nung_male_given[] = {
    "Dín", "Sín", "Phà",  "Chín", "Thắng", "Sài", "Vần",  "Phủ",   "Trung", "Diu",
    "Lìn", "Páo", "Dũng", "Khải", "Minh",  "Hò",  "Sùng", "Thàng", "Tờ",    "Lền",
};
static const char *const nung_female_given[] = {
    "Hoa", "Chấn", "Dín", "Liên", "Phương", "Sủi",  "Mai", "Kíu", "Chẩn",  "Vinh",
    "Lan", "Thim", "Sen", "Xuân", "Dung",   "Phấn", "Nhì", "Mỷ",  "Dương", "Thu",
};

static const char *const giay_surnames[] = {"Vàng", "Vàng", "Lù",   "Lục",  "Hoàng",
                                            "Sần",  "Lò",   "Nông", "Phan", "Lý"};
static const char *const giay_male_given[] = {
    "Dín", "Chiến", "Lùng", "Phong", "Tuyên", "Sẻng",  "Dùng",  "Thành", "Trài",  "Nguyên",
    "Hải", "Khim",  "Sinh", "Lai",   "Pừn",   "Tráng", "Quyền", "Lìn",   "Chúng", "Hòa",
};
static const char *const giay_female_given[] = {
    "Thim", "Hoan", "Diện", "Seo",  "Phẻn", "Mai",  "Lan",    "Hương", "Niêm", "Xuân",
    "Chén", "Phin", "Vui",  "Liêm", "Kẻo",  "Hằng", "Nguyệt", "Thào",  "Dung", "Sinh",
};

static const char *const dao_surnames[] = {"Bàn", "Bàn",  "Triệu", "Triệu", "Đặng", "Phùng",
                                           "Lý",  "Chảo", "Tẩn",   "Phàn",  "Lò",   "Đường"};
static const char *const dao_male_middle[] = {"Văn",  "Láo", "Láo",  "Kim", "Tiến", "Phúc",
                                              "Xuân", "Tòn", "Chòi", "Hữu", "A",    "Sành"};
static const char *const dao_male_given[] = {
    "Tả", "Lở",  "San",   "Phin", "Sài",   "Tài", "Phúc", "Vạng", "Chẩn", "Sì",
    "Ú",  "Khé", "Quyên", "Hiến", "Thanh", "Nảy", "Páo",  "Lụ",   "Chìn", "Minh",
};
static const char *const dao_female_middle[] = {"Thị", "Mùi", "Mùi", "Mẩy", "Tả", "Sử", "Thị Mùi"};
static const char *const dao_female_given[] = {
    "Mẩy", "Khé", "Chạn", "Chài", "Mui",  "Ghển", "Coi",  "Nải", "Pham", "Lai",
    "Ton", "Sai", "Nhàn", "Phấy", "Viện", "Liều", "Kiều", "San", "Xiên", "Tá",
};

static const char *const mong_surnames[] = {
    "Giàng", "Giàng", "Vàng", "Thào", "Thào", "Lý",  "Sùng", "Sùng",  "Hảng",
    "Hờ",    "Chang", "Cứ",   "Mùa",  "Má",   "Hầu", "Ly",   "Tráng", "Khang",
};
static const char *const mong_male_middle[] = {"A", "A", "A", "Seo", "Seo", "Văn", "Mí", "Chứ"};
static const char *const mong_male_given[] = {
    "Páo",  "Chớ",  "Dình", "Sử", "Lử",   "Phử",   "Chu",  "Tủa",  "Vàng",  "Sình",
    "Lùng", "Sang", "Súa",  "Dơ", "Pủa",  "Chống", "Kỷ",   "Sàng", "Giống", "Tráng",
    "Của",  "Trừ",  "Nhà",  "Dờ", "Lềnh", "Khua",  "Thào", "Pao",  "Rùa",   "Câu",
};
static const char *const mong_female_middle[] = {"Thị", "Thị", "Thị", "", "Seo"};
static const char *const mong_female_given[] = {
    "Mỷ",    "Máy", "Dở",   "Chở", "Sua", "Pàng", "Mào",  "Say",   "Dinh",  "Chư",
    "Ghênh", "Cở",  "Sao",  "Dí",  "Mai", "Dợ",   "Sếnh", "Ca",    "Pà",    "Xoa",
    "Súng",  "Lia", "Vang", "Nụ",  "Rua", "Chá",  "Bầu",  "Giang", "Thông", "Mảy",
};

static const struct sample_naming namings[PEOPLES] = {
    [PEOPLE_KINH] = {WORDS(kinh_surnames),
                     WORDS(kinh_male_middle),
                     WORDS(kinh_male_given),
                     WORDS(kinh_female_middle),
                     WORDS(kinh_female_given),
                     {3, 4, 0}},
    [PEOPLE_TAY] = {WORDS(tay_surnames),
                    WORDS(tay_male_middle),
                    WORDS(tay_male_given),
                    WORDS(tay_female_middle),
                    WORDS(tay_female_given),
                    {9, 10, 81}},
    [PEOPLE_THAI] = {WORDS(thai_surnames),
                     WORDS(tay_male_middle),
                     WORDS(thai_male_given),
                     WORDS(tay_female_middle),
                     WORDS(thai_female_given),
                     {12, 12, 76}},
    [PEOPLE_NUNG] = {WORDS(nung_surnames),
                     WORDS(tay_male_middle),
                     WORDS(nung_male_given),
                     WORDS(tay_female_middle),
                     WORDS(nung_female_given),
                     {13, 13, 74}},
    [PEOPLE_GIAY] = {WORDS(giay_surnames),
                     WORDS(tay_male_middle),
                     WORDS(giay_male_given),
                     WORDS(tay_female_middle),
                     WORDS(giay_female_given),
                     {10, 11, 79}},
    [PEOPLE_DAO] = {WORDS(dao_surnames),
                    WORDS(dao_male_middle),
                    WORDS(dao_male_given),
                    WORDS(dao_female_middle),
                    WORDS(dao_female_given),
                    {22, 16, 62}},
    [PEOPLE_MONG] = {WORDS(mong_surnames),
                     WORDS(mong_male_middle),
                     WORDS(mong_male_given),
                     WORDS(mong_female_middle),
                     WORDS(mong_female_given),
                     {31, 17, 52}},
};

/* From this commune code on, in percent: Kinh, Tày, Thái, Nùng, Giáy, Dao, Mông. */
static const struct {
    uint32_t from_code;
    uint8_t percent[PEOPLES];
} settlements[] = {
    {0, {86, 5, 2, 2, 1, 2, 2}},        {2647, {74, 10, 1, 2, 6, 4, 3}},
    {2680, {28, 20, 0, 2, 16, 20, 14}}, {2683, {26, 4, 0, 1, 24, 21, 24}},
    {2686, {6, 1, 0, 1, 12, 33, 47}},   {2746, {40, 8, 0, 4, 22, 12, 14}},
    {2752, {8, 2, 0, 32, 6, 8, 44}},    {2788, {30, 8, 0, 22, 6, 18, 16}},
    {2809, {6, 3, 0, 10, 2, 1, 78}},    {2839, {22, 20, 0, 9, 4, 7, 38}},
    {2890, {12, 36, 0, 6, 2, 16, 28}},  {2902, {58, 14, 0, 4, 6, 11, 7}},
    {2947, {30, 40, 0, 3, 2, 18, 7}},   {3004, {4, 3, 0, 0, 9, 28, 56}},
    {3006, {46, 5, 0, 1, 6, 16, 26}},   {3013, {4, 6, 0, 0, 9, 30, 51}},
    {3061, {22, 48, 5, 1, 4, 12, 8}},   {3076, {4, 22, 6, 0, 2, 26, 40}},
    {3082, {20, 50, 7, 1, 2, 10, 10}},  {4252, {88, 5, 2, 1, 0, 3, 1}},
    {4288, {46, 8, 40, 1, 0, 3, 2}},    {4303, {22, 52, 0, 6, 0, 20, 0}},
    {4375, {46, 24, 1, 2, 0, 25, 2}},   {4402, {12, 34, 3, 1, 0, 38, 12}},
    {4429, {42, 24, 1, 2, 0, 27, 4}},   {4456, {4, 1, 8, 0, 0, 0, 87}},
    {4498, {70, 18, 0, 1, 0, 9, 2}},    {4603, {5, 1, 12, 0, 0, 0, 82}},
    {4630, {26, 20, 34, 1, 0, 10, 9}},  {4663, {48, 6, 42, 1, 0, 2, 1}},
    {4672, {34, 24, 24, 1, 0, 13, 4}},  {4693, {44, 26, 2, 1, 0, 20, 7}},
    {4714, {50, 20, 0, 6, 0, 24, 0}},   {4751, {86, 5, 2, 2, 1, 2, 2}},
};

const struct sample_naming *sample_naming(enum sample_people people)
{
    return &namings[people];
}

const uint8_t *sample_settlement(uint32_t commune_code)
{
    size_t i = ARRAY_LEN(settlements) - 1;
    while (settlements[i].from_code > commune_code)
        i--;
    return settlements[i].percent;
}
