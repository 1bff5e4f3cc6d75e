# Numbers of the rounds, their medians, the table and bench.json: sourced by tests/bench/run.
# shellcheck shell=bash

declare -A NOTED

# note KEY VALUE: one more measurement.
note() {
    [[ $2 =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "$1 could not be measured"
    NOTED[$1]="${NOTED[$1]:-} $2"
}

last() {
    echo "${NOTED[$1]##* }"
}

median() {
    tr ' ' '\n' <<<"${NOTED[$1]}" | grep . | sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

ratio() {
    awk -v a="$(median "$1")" -v b="$(median "$2")" 'BEGIN { printf "%.2f\n", a / b }'
}

round_summary() {
    local key
    for key in redis_floor_enrol_per_s zmq_enrol_per_s pg_enrol_per_s redis_floor_pay_per_s zmq_pay_per_s pg_pay_per_s http_pay_per_s; do
        printf '%s=%s ' "${key%_per_s}" "$(last $key)"
    done
    printf 'zmq_pay_p99_ms=%s' "$(last zmq_pay_p99_ms)"
}

# row KEY VALUE [GOAL STRETCH]: a line of the table; a goal is ">= x" or "<= x".
row() {
    local met=
    [ -z "${3:-}" ] || met=$(awk -v value="$2" -v sign="${3% *}" -v goal="${3#* }" \
        'BEGIN { print (sign == ">=" ? value >= goal : value <= goal) ? "met" : "MISSED" }')
    printf '%-28s %12s  %-9s %-9s %s\n' "$1" "$2" "${3:-}" "${4:-}" "$met"
    JSON+=$(printf '  "%s": %s,' "$1" "$2")$'\n'
}

# number KEY VALUE: in the JSON file alone.
number() {
    JSON+=$(printf '  "%s": %s,' "$1" "$2")$'\n'
}

speed_rows() {
    local key
    for key in redis_floor_enrol_per_s zmq_enrol_per_s pg_enrol_per_s redis_floor_pay_per_s zmq_pay_per_s pg_pay_per_s http_pay_per_s fsync_us_p50; do
        row $key "$(median $key)"
    done
    row zmq_enrol_per_floor "$(ratio zmq_enrol_per_s redis_floor_enrol_per_s)" ">= 0.70" ">= 0.90"
    row zmq_pay_per_floor "$(ratio zmq_pay_per_s redis_floor_pay_per_s)" ">= 0.70" ">= 0.90"
    row zmq_enrol_per_pg "$(ratio zmq_enrol_per_s pg_enrol_per_s)" ">= 3"
    row zmq_pay_per_pg "$(ratio zmq_pay_per_s pg_pay_per_s)" ">= 3"
    row http_pay_per_pg "$(ratio http_pay_per_s pg_pay_per_s)" ">= 1"
    row zmq_pay_p99_ms "$(median zmq_pay_p99_ms)" "<= 20" "<= 8"
    row http_signed_pay_per_s "$(median http_signed_pay_per_s_hmac-sha256)"
    row http_signed_ed25519_pay_per_s "$(median http_signed_pay_per_s_ed25519)"
    row bytes_per_citizen "$(median bytes_per_citizen)" "<= 80"
    row bytes_per_journal_entry "$(median bytes_per_journal_entry)" "<= 200"
    row quotes_per_s_core "$(median quotes_per_s_core)" ">= 1000000"
    row reconcile_lines_per_s "$(median reconcile_lines_per_s)" ">= 33334"
    row analytics_rss_mb "$(median analytics_rss_mb)"
    row analytics_facts "$(median analytics_facts)"
    row analytics_fold_per_s_core "$(median analytics_fold_per_s_core)"
    row analytics_scan_per_s_core "$(median analytics_scan_per_s_core)"
    number people "$PEOPLE"
    number rounds "$ROUNDS"
    number floor_connections "$FLOOR_CONNECTIONS"
    number floor_batch "$FLOOR_BATCH"
    number pg_clients "$PG_CLIENTS"
    number bytes_per_citizen_people "$CITIZENS"
    SUMMARY="median of $ROUNDS, $PEOPLE people a run; floor: $FLOOR_CONNECTIONS connections, batches of $FLOOR_BATCH; PostgreSQL: $PG_CLIENTS clients; bytes_per_citizen at $CITIZENS people; "
}

# report NAME: the table, and $O/NAME.json.
report() {
    local JSON='' SUMMARY=''
    printf '\n%-28s %12s  %-9s %-9s\n' "" value goal stretch
    [ "$1" != bench ] || speed_rows
    [[ ! $1 =~ ^(bench|recovery)$ ]] || recovery_rows
    [[ ! $1 =~ ^(bench|live)$ ]] || live_rows
    [ "$1" != nation ] || nation_rows
    [[ ! $1 =~ ^(bench|live)$ ]] || view_rows
    number recovery_people "$RECOVERY_PEOPLE"
    number live_payments "$LIVE_PAYMENTS"
    printf '\n%srecovery with %s people; live with %s payments; %s\n' "$SUMMARY" "$RECOVERY_PEOPLE" "$LIVE_PAYMENTS" "$DISK"
    printf '{\n%s  "disk": "%s"\n}\n' "$JSON" "$DISK" >"$O/$1.json"
    echo "written to $O/$1.json"
}
