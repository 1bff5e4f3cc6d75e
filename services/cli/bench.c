/* ansinh bench run|latency|bills: a load generator on the bus, for measurements.
 *
 * Made-up people go through Enrol, Inquire and Pay. Every request of a stage is made before its
 * clock starts, so that what is measured is the platform and not this process. */
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "services/cli/cli.h"
#include "services/cli/territory.h"

#define PEOPLE_MAX 5000000
#define WINDOW_MAX 16384
#define RATE_MAX 1000000
#define SERIALS 1000000 /* personal ids of one birth year */
#define BODIES_MAX_BYTES ((size_t)2 * 1024 * 1024 * 1024)
#define TIMEOUT_MS 60000
#define FAILURES_SAID 5
#define COMMUNES_MAX 80000
#define BILL_ID_BYTES 48
#define TERRITORY_ARENA_BYTES (16 * 1024 * 1024)

/* Of the sample campaign. */
#define UNIT "02647"
#define POINT "BD02647"
#define COLLECTOR "NV0001"

/* Of --communes N: 10001 and what follows. */
#define COMMUNE_BEFORE 10000U

/* Where somebody lives and pays. */
struct home {
    const char *unit, *point, *collector;
};

struct bill {
    char id[BILL_ID_BYTES];
    uint32_t version;
    int64_t due_vnd;
};

struct bench {
    struct service svc;
    int64_t people, first, window, rate;
    int64_t communes;   /* that people live in, by turns; 0: all in UNIT */
    int is_everywhere;  /* --communes all: in those of the platform that have plan and collector */
    struct home *homes; /* so many; NULL: 10001 and what follows */
    struct arena *arena;
    struct bill *bills;
};

struct stage;

struct job {
    struct stage *stage;
    int64_t due_us; /* when it is, or should have been, sent */
    size_t body_end;
    struct request_id id;
};

/* One method called once for each person. */
struct stage {
    struct bench *bench;
    const char *service, *method;
    void (*keep)(struct stage *self, size_t i, const struct bus_answer *answer);
    struct job *jobs;
    size_t n_made, n_started, n_done, n_failed;
    struct buf bodies;
    int64_t *took_us;
    int64_t begin_us, end_us;
};

static void stage_init(struct stage *self, struct bench *bench, const char *service,
                       const char *method)
{
    memset(self, 0, sizeof(*self));
    self->bench = bench;
    self->service = service;
    self->method = method;
    self->jobs = calloc((size_t)bench->people, sizeof(*self->jobs));
    self->took_us = calloc((size_t)bench->people, sizeof(*self->took_us));
    ASSERT(self->jobs != NULL && self->took_us != NULL);
    buf_init(&self->bodies, BODIES_MAX_BYTES);
}

/* cppcheck-suppress unusedFunction ; it runs by CLEANUP */
static void stage_fini(struct stage *self)
{
    buf_fini(&self->bodies);
    free(self->took_us);
    free(self->jobs);
}

static void stage_add(struct stage *self, const ProtobufCMessage *input)
{
    size_t len = protobuf_c_message_get_packed_size(input);
    uint8_t *body = buf_reserve(&self->bodies, len);
    ASSERT(body != NULL);
    self->bodies.len += protobuf_c_message_pack(input, body);
    struct job *job = &self->jobs[self->n_made++];
    job->stage = self;
    job->body_end = self->bodies.len;
    request_id_make(clock_wall_ms(), &job->id);
}

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct job *job = arg;
    struct stage *self = job->stage;
    size_t i = (size_t)(job - self->jobs);
    self->took_us[i] = clock_mono_us() - job->due_us;
    self->n_done++;
    if (answer->code == 0) {
        if (self->keep != NULL)
            self->keep(self, i, answer);
    } else if (self->n_failed++ < FAILURES_SAID) {
        (void)cli_fail(1, "%s: %s: %s %s", self->method, bus_code_name(answer->code), answer->field,
                       answer->message);
    }
}

static void start_one(struct stage *self, int64_t due_us)
{
    struct job *job = &self->jobs[self->n_started];
    size_t begin = self->n_started == 0 ? 0 : job[-1].body_end;
    struct bus_call call = {
        .service = self->service, .method = self->method, .id = &job->id, .timeout_ms = TIMEOUT_MS};
    self->n_started++;
    job->due_us = due_us;
    bus_call_packed(self->bench->svc.client, &call, self->bodies.data + begin,
                    job->body_end - begin, on_answer, job);
}

/* With a rate every call has its time, whatever became of the earlier ones; without one a window of
 * calls is kept under way. */
static void stage_run(struct stage *self, int64_t rate)
{
    size_t window = (size_t)self->bench->window;
    self->begin_us = clock_mono_us();
    while (self->n_done < self->n_made) {
        int64_t now_us = clock_mono_us();
        while (self->n_started < self->n_made) {
            int64_t due_us = now_us;
            if (rate > 0)
                due_us = self->begin_us + (int64_t)self->n_started * 1000000 / rate;
            if (rate > 0 ? due_us > now_us : self->n_started - self->n_done >= window)
                break;
            start_one(self, due_us);
        }
        loop_turn(self->bench->svc.loop, rate > 0 ? 1 : 100);
    }
    self->end_us = clock_mono_us();
}

static long stage_per_s(const struct stage *self)
{
    int64_t took_us = MAX(self->end_us - self->begin_us, (int64_t)1);
    return (long)((int64_t)(self->n_done - self->n_failed) * 1000000 / took_us);
}

static int compare_int64(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void print_latency(struct stage *self, const char *name)
{
    static const struct {
        const char *name;
        size_t per_mille;
    } quantiles[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p999", 999}};
    qsort(self->took_us, self->n_done, sizeof(*self->took_us), compare_int64);
    for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
        size_t at = self->n_done * quantiles[i].per_mille / 1000;
        (void)printf("%s_%s_ms=%.2f\n", name, quantiles[i].name,
                     (double)self->took_us[MIN(at, self->n_done - 1)] / 1000.0);
    }
}

/* --- the stages --- */

/* unit: room for the code of a made-up commune. */
static struct home home_of(const struct bench *self, int64_t i, char unit[16])
{
    if (self->homes != NULL)
        return self->homes[i % self->communes];
    if (self->communes == 0)
        return (struct home){UNIT, POINT, COLLECTOR};
    (void)snprintf(unit, 16, "%u", COMMUNE_BEFORE + 1 + (unsigned)(i % self->communes));
    return (struct home){unit, POINT, COLLECTOR};
}

/* Men born in 1985 and earlier, a million a year. */
static void make_enrol(struct stage *self, int64_t i)
{
    char personal_id[16], birth_date[16], phone[16], email[40], unit[16];
    unsigned serial = (unsigned)(i % SERIALS), year = 85 - (unsigned)(i / SERIALS);
    Ansinh__V1__EnrolRequest in;
    ansinh__v1__enrol_request__init(&in);
    (void)snprintf(personal_id, sizeof(personal_id), "0100%02u%06u", year % 100, serial);
    (void)snprintf(birth_date, sizeof(birth_date), "19%02u-05-17", year % 100);
    (void)snprintf(phone, sizeof(phone), "+84300%06u", serial);
    (void)snprintf(email, sizeof(email), "nguoi%lld@example.vn", (long long)i);
    struct home home = home_of(self->bench, i, unit);
    in.personal_id = personal_id;
    in.full_name = (char *)(uintptr_t) "Lò Văn Thử Nghiệm";
    in.birth_date = birth_date;
    in.sex = ANSINH__V1__SEX__SEX_MALE;
    in.phone = phone;
    in.email = email;
    in.address = (char *)(uintptr_t) "Tổ 7, phường Lào Cai";
    in.unit_code = (char *)(uintptr_t)home.unit;
    in.support_group = ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER;
    in.income_vnd = 1500000;
    in.method = ANSINH__V1__METHOD__METHOD_MONTHLY;
    in.collector_code = (char *)(uintptr_t)home.collector;
    in.language = ANSINH__V1__LANGUAGE__LANGUAGE_VI;
    stage_add(self, &in.base);
}

static void make_inquire(struct stage *self, int64_t i)
{
    char personal_id[16];
    unsigned serial = (unsigned)(i % SERIALS), year = 85 - (unsigned)(i / SERIALS);
    Ansinh__V1__InquireRequest in;
    ansinh__v1__inquire_request__init(&in);
    (void)snprintf(personal_id, sizeof(personal_id), "0100%02u%06u", year % 100, serial);
    in.key_case = ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = personal_id;
    stage_add(self, &in.base);
}

static void make_pay(struct stage *self, int64_t i, const struct bill *bill)
{
    char unit[16];
    struct home home = home_of(self->bench, i, unit);
    Ansinh__V1__PayRequest in;
    ansinh__v1__pay_request__init(&in);
    in.bill_id = (char *)(uintptr_t)bill->id;
    in.bill_version = bill->version;
    in.amount_vnd = bill->due_vnd;
    in.channel = ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH;
    in.point_code = (char *)(uintptr_t)home.point;
    in.collector_code = (char *)(uintptr_t)home.collector;
    stage_add(self, &in.base);
}

static void keep_bill(struct stage *self, size_t i, const struct bus_answer *answer)
{
    struct bill *bill = &self->bench->bills[i];
    Ansinh__V1__InquireResponse *in =
        ansinh__v1__inquire_response__unpack(NULL, answer->body_len, answer->body);
    ASSERT(in != NULL);
    (void)snprintf(bill->id, sizeof(bill->id), "%s", in->bill_id);
    bill->version = in->bill_version;
    bill->due_vnd = in->due_vnd;
    ansinh__v1__inquire_response__free_unpacked(in, NULL);
}

/* Runs a stage and says its rate; the number of failures. */
static size_t finish(struct stage *self, const char *name, int64_t rate)
{
    stage_run(self, rate);
    if (name != NULL)
        (void)printf("%s_per_s=%ld\n", name, stage_per_s(self));
    (void)fflush(stdout);
    return self->n_failed;
}

static size_t enrol(struct bench *self, const char *name)
{
    CLEANUP(stage_fini) struct stage stage;
    stage_init(&stage, self, "enrolment", "ansinh.v1.Enrolment/Enrol");
    for (int64_t i = 0; i < self->people; i++)
        make_enrol(&stage, self->first + i);
    return finish(&stage, name, 0);
}

static size_t inquire(struct bench *self, const char *name)
{
    CLEANUP(stage_fini) struct stage stage;
    stage_init(&stage, self, "payments", "ansinh.v1.Payments/Inquire");
    stage.keep = keep_bill;
    for (int64_t i = 0; i < self->people; i++)
        make_inquire(&stage, self->first + i);
    return finish(&stage, name, 0);
}

static size_t pay(struct bench *self, const char *name, int64_t rate)
{
    CLEANUP(stage_fini) struct stage stage;
    stage_init(&stage, self, "payments", "ansinh.v1.Payments/Pay");
    for (int64_t i = 0; i < self->people; i++)
        make_pay(&stage, self->first + i, &self->bills[i]);
    size_t n_failed = finish(&stage, name, rate);
    print_latency(&stage, name);
    return n_failed;
}

/* --- the command --- */

static int by_code(const void *a, const void *b)
{
    const struct sample_commune *left = a, *right = b;
    return strcmp(left->code, right->code);
}

/* Each commune of the platform with the last of its collectors. */
static int find_homes(struct bench *self)
{
    struct territory territory;
    self->arena = arena_create(TERRITORY_ARENA_BYTES);
    if (territory_read(&self->svc, self->arena, &territory) != 0)
        return 1;
    struct home *homes = calloc(territory.n_communes, sizeof(*homes));
    ASSERT(homes != NULL);
    for (size_t i = 0; i < territory.n_collectors; i++) {
        const struct sample_collector *collector = &territory.collectors[i];
        struct sample_commune key = {.code = collector->unit_code}, *found;
        found = bsearch(&key, territory.communes, territory.n_communes, sizeof(key), by_code);
        if (found != NULL)
            homes[found - territory.communes] =
                (struct home){found->code, collector->point_code, collector->code};
    }
    for (size_t i = 0; i < territory.n_communes; i++) {
        if (homes[i].unit != NULL)
            homes[self->communes++] = homes[i];
    }
    self->homes = homes;
    return self->communes > 0 ? 0 : cli_fail(1, "no commune has a collector");
}

static void print_bills(const struct bench *self)
{
    for (int64_t i = 0; i < self->people; i++)
        (void)printf("{\"billId\":\"%s\",\"billVersion\":%u,\"amountVnd\":\"%lld\","
                     "\"channel\":\"PAYMENT_CHANNEL_CASH\",\"pointCode\":\"" POINT
                     "\",\"collectorCode\":\"" COLLECTOR "\"}\n",
                     self->bills[i].id, self->bills[i].version, (long long)self->bills[i].due_vnd);
}

static int run(struct bench *self, const char *what)
{
    int is_run = strcmp(what, "run") == 0;
    size_t n_failed = enrol(self, is_run ? "enrol" : NULL);
    n_failed += inquire(self, is_run ? "bill" : NULL);
    if (n_failed == 0 && strcmp(what, "bills") == 0)
        print_bills(self);
    else if (n_failed == 0)
        n_failed += pay(self, "pay", is_run ? 0 : self->rate);
    return n_failed == 0 ? 0 : cli_fail(1, "%zu calls failed", n_failed);
}

static int read_options(struct bench *self, int argc, char **argv)
{
    const struct {
        const char *name;
        int64_t least, most, *value;
    } options[] = {{"--people", 1, PEOPLE_MAX, &self->people},
                   {"--first", 0, PEOPLE_MAX, &self->first},
                   {"--window", 1, WINDOW_MAX, &self->window},
                   {"--rate", 1, RATE_MAX, &self->rate},
                   {"--communes", 1, COMMUNES_MAX, &self->communes}};
    for (int i = 2; i < argc; i += 2) {
        size_t k = 0;
        while (k < ARRAY_LEN(options) && strcmp(options[k].name, argv[i]) != 0)
            k++;
        if (k == ARRAY_LEN(options))
            return cli_fail(2, "unknown option %s", argv[i]);
        if (options[k].value == &self->communes && i + 1 < argc && strcmp(argv[i + 1], "all") == 0)
            self->is_everywhere = 1;
        else if (i + 1 == argc ||
                 parse_int64(argv[i + 1], options[k].least, options[k].most, options[k].value) < 0)
            return cli_fail(2, "%s: want %lld to %lld", argv[i], (long long)options[k].least,
                            (long long)options[k].most);
    }
    return 0;
}

int cli_bench(int argc, char **argv)
{
    static const struct service_spec ground_spec = {.name = "cli",
                                                    .prefix = "CLI_",
                                                    .needs = SERVICE_LEDGER | SERVICE_VIEWS |
                                                             SERVICE_CLIENT | SERVICE_DIRECTORY};
    static const char *const names[] = {"enrolment", "payments", NULL};
    static const char *const modes[] = {"run", "latency", "bills"};
    struct bench self = {.people = 100000, .window = 1024, .rate = 1000};
    size_t mode = 0;
    while (argc >= 2 && mode < ARRAY_LEN(modes) && strcmp(modes[mode], argv[1]) != 0)
        mode++;
    if (argc < 2 || mode == ARRAY_LEN(modes))
        return cli_fail(2, "usage: ansinh bench run|latency|bills [--people N] [--first I] "
                           "[--window N] [--rate N] [--communes N|all]");
    if (read_options(&self, argc, argv) != 0)
        return 2;
    self.bills = calloc((size_t)self.people, sizeof(*self.bills));
    ASSERT(self.bills != NULL);
    int status = cli_open(&self.svc, self.is_everywhere ? &ground_spec : &cli_caller_spec, names);
    if (status == 0) {
        status = self.is_everywhere ? find_homes(&self) : 0;
        if (status == 0)
            status = run(&self, argv[1]);
        service_close(&self.svc);
    }
    arena_destroy(&self.arena);
    free(self.homes);
    free(self.bills);
    return status;
}
