/* Names and settlement of the sample's people. The shares are plausible, not statistics. */
#ifndef ANSINH_CLI_SAMPLE_NAMES_H
#define ANSINH_CLI_SAMPLE_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum sample_people {
    PEOPLE_KINH,
    PEOPLE_TAY,
    PEOPLE_THAI,
    PEOPLE_NUNG,
    PEOPLE_GIAY,
    PEOPLE_DAO,
    PEOPLE_MONG,
    PEOPLES
};

struct sample_words {
    const char *const *words;
    size_t n;
};

/* How one people names its children, and percent of them in the support groups poor, near-poor,
 * ethnic minority; the rest is in the group of others. */
struct sample_naming {
    struct sample_words surnames;
    struct sample_words male_middle, male_given, female_middle, female_given;
    uint8_t group_percent[3];
};

const struct sample_naming *sample_naming(enum sample_people people);

/* Percent of each people in a commune, adding up to 100; the code is the five digits as a number.
 */
const uint8_t *sample_settlement(uint32_t commune_code);

#endif
