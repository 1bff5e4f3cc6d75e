# How long until everything works again: sourced by tests/bench/run. One client goes on with commands
# over HTTP while a process is killed and started again at once; consumers start behind a full journal.
# shellcheck shell=bash

readonly RECOVERY_WAIT_S=600
readonly RECOVERY_PORT=${BENCH_PORT:-18994}
readonly COMMUNES=3321 # as in the nation

PAID=0    # payments so far
PERSON=0  # people whom the client enrolled
ATTEMPT=0 # idempotency keys

since() {
    awk -v from="$1" -v now="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", now - from }'
}

# await WHAT COMMAND...: until the command succeeds.
await() {
    local what=$1 until=$((SECONDS + RECOVERY_WAIT_S))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || die "$what does not come"
        sleep 0.01 # asking takes the processor from who is waited for
    done
}

# post METHOD JSON [KEY]: the answer is in ANSWER; 1 when it is no success.
post() {
    local status
    status=$(curl -s --max-time 60 -o "$DATA/answer" -w '%{http_code}' -H 'Content-Type: application/json' \
        ${3:+-H "Idempotency-Key: $3"} -d "$2" "http://127.0.0.1:$RECOVERY_PORT/ansinh.v1.$1")
    ANSWER=$(<"$DATA/answer")
    [ "$status" = 200 ]
}

# command_done METHOD JSON: the same command again and again until it is acknowledged.
command_done() {
    ATTEMPT=$((ATTEMPT + 1))
    await "an answer of $1" acknowledged "$1" "$2" "recovery-$ATTEMPT"
}

acknowledged() {
    post "$@" && return
    [[ ! $ANSWER =~ \"code\":\"(invalid|not_found|already|failed_pre) ]] || die "$1: $ANSWER"
    return 1
}

field() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$ANSWER"
}

enrol_one() {
    PERSON=$((PERSON + 1))
    command_done Enrolment/Enrol "$(printf '{"personalId":"010080%06d","fullName":"Lò Văn Thử","birthDate":"1980-05-17","sex":"SEX_MALE",
        "unitCode":"10001","supportGroup":"SUPPORT_GROUP_OTHER","incomeVnd":"1500000","method":"METHOD_MONTHLY"}' $PERSON)"
}

# Somebody with a bill.
prepare_bill() {
    enrol_one
    PARTICIPANT=$(field participantId)
    command_done Payments/Inquire "$(printf '{"personalId":"010080%06d"}' $PERSON)"
    BILL=$(printf '{"billId":"%s","billVersion":%s,"amountVnd":"%s","channel":"PAYMENT_CHANNEL_CASH"}' \
        "$(field billId)" "$(field billVersion)" "$(field dueVnd)")
}

pay_bill() {
    command_done Payments/Pay "$BILL"
    PAID=$((PAID + 1))
}

# The board counts all payments.
is_counted() {
    post Analytics/GetProgress '{"unitCode":"VN"}' && [ "$(field payments)" = "$PAID" ]
}

pay_and_see_it() {
    pay_bill
    await "the payment on the board" is_counted
}

is_delivered() {
    post Notifications/ListDeliveries "{\"participantId\":\"$PARTICIPANT\"}" && [[ $ANSWER = *RECEIPT* ]]
}

pay_and_get_receipt() {
    pay_bill
    await "the receipt" is_delivered
}

archiver_answers() {
    await "the archiver" post Health/Check '{"service":"archiver"}'
}

# measure_restart KEY PROCESS COMMAND...: seconds from kill -9 to the command's success; before it, the
# command succeeds once without a kill.
measure_restart() {
    local key=$1 process=$2 killed
    shift 2
    prepare_bill
    "$@"
    prepare_bill
    kill -KILL "$(<"$PLACE/run/$process.pid")"
    killed=$EPOCHREALTIME
    "$@"
    note "$key" "$(since "$killed")"
    say "$process was killed: $(last "$key") s"
}

# metric_reached NAME VALUE
metric_reached() {
    local value
    value=$(curl -s --max-time 10 "http://127.0.0.1:$RECOVERY_PORT/metrics" | awk -v name="ansinh_$1" 'index($1, name) == 1 { sum += $2 } END { print sum + 0 }')
    [ "$value" -ge "$2" ]
}

# per_second EVENTS FROM: events per second since then.
per_second() {
    awk -v n="$1" -v from="$2" -v now="$EPOCHREALTIME" 'BEGIN { printf "%d\n", n / (now - from) }'
}

# cpu_s PROCESS: seconds of processor time that it has taken, the kernel's for it included.
cpu_s() {
    awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / tick }' "/proc/$(<"$PLACE/run/$1.pid")/stat"
}

load_people() {
    ansinh bench run --first "$1" --people "$2" --communes $COMMUNES >/dev/null || die "the load failed"
    PAID=$((PAID + $2))
}

import_territory() {
    {
        echo code,parent_code,level,name
        seq 10001 $((10000 + COMMUNES)) | sed 's/.*/&,15,commune,Xã &/'
    } >"$DATA/communes.csv"
    ansinh import units "$DATA/communes.csv" >/dev/null || die "the communes cannot be loaded"
}

recover_consumers() {
    local begun first=$((RECOVERY_PEOPLE * 2 / 3))
    load_people 0 $first
    begun=$EPOCHREALTIME
    start_service analytics
    await "the board" is_counted
    note feed_replay_per_s "$(per_second $((first * 3)) "$begun")"
    note feed_replay_per_s_core "$(awk -v n=$((first * 3)) -v s="$(cpu_s analytics)" 'BEGIN { printf "%d\n", n / s }')"
    kill -STOP "$(<"$PLACE/run/analytics.pid")"
    load_people $first $((RECOVERY_PEOPLE - first))
    begun=$EPOCHREALTIME
    kill -CONT "$(<"$PLACE/run/analytics.pid")"
    await "the board" is_counted
    note catch_up_s "$(since "$begun")"
    begun=$EPOCHREALTIME
    start_service notifications NOTIFICATIONS_QUEUE_MAX=100000000 NOTIFICATIONS_RATE_PER_S=1
    await "notifications" metric_reached notify_events_total $((RECOVERY_PEOPLE * 3))
    note notify_replay_per_s "$(per_second $((RECOVERY_PEOPLE * 3)) "$begun")"
    begun=$EPOCHREALTIME
    start_service archiver ARCHIVER_INTERVAL_S=1
    await "the archive" metric_reached archive_entries_total $((RECOVERY_PEOPLE * 3))
    note archive_per_s "$(per_second $((RECOVERY_PEOPLE * 3)) "$begun")"
}

# What Redis says of loading its file, in seconds.
ledger_load_s() {
    sed -n 's/.*DB loaded from append only file: \([0-9.]*\) seconds.*/\1/p' "$PLACE/log/ledger.log" | tail -n 1
}

recover_processes() {
    local service
    measure_restart restart_enrolment_s enrolment enrol_one
    measure_restart restart_payments_s payments pay_bill
    measure_restart restart_gateway_s gateway pay_bill
    measure_restart restart_analytics_s analytics pay_and_see_it
    measure_restart restart_notifications_s notifications pay_and_get_receipt
    measure_restart restart_archiver_s archiver archiver_answers
    measure_restart restart_views_s views pay_and_see_it
    measure_restart restart_to_first_ack_s ledger pay_bill
    note restart_ledger_load_s "$(ledger_load_s)"
}

# The books have taken in everything, and every payment has its receipt.
books_are_complete() {
    metric_reached books_caught_up 1 && metric_reached receipts_issued_total "$PAID"
}

# Entries per second of its own processor time; fails when it finds anything.
measure_verify() {
    local TIMEFORMAT='%U %S' took entries
    took=$({ time ansinh verify >"$DATA/verify" 2>&1; } 2>&1) || die "$(tail -n 3 "$DATA/verify")"
    entries=$(sed -n 's/.* partitions, \([0-9]*\) events, .* 0 differences/\1/p' "$DATA/verify")
    [ -n "$entries" ] || die "$(tail -n 3 "$DATA/verify")"
    note verify_entries_per_s "$(awk -v n="$entries" '{ printf "%d\n", n / ($1 + $2) }' <<<"$took")"
}

measure_recovery() {
    local SUPERVISED=1
    start_platform ledger enrolment payments
    import_territory
    start_service gateway GATEWAY_PORT="$RECOVERY_PORT" "GATEWAY_WEB=$ROOT/services/gateway/web"
    wait_for gateway post Health/Check '{"service":"payments"}'
    recover_consumers
    recover_processes
    await "the board" is_counted
    start_service settlement
    await "the books" books_are_complete
    measure_verify
    stop_all
}

recovery_rows() {
    row restart_to_first_ack_s "$(median restart_to_first_ack_s)"
    row restart_ledger_load_s "$(median restart_ledger_load_s)"
    local service
    for service in enrolment payments gateway analytics notifications archiver views; do
        row restart_${service}_s "$(median restart_${service}_s)"
    done
    row catch_up_s "$(median catch_up_s)"
    row feed_replay_per_s "$(median feed_replay_per_s)"
    row feed_replay_per_s_core "$(median feed_replay_per_s_core)" ">= 300000"
    row notify_replay_per_s "$(median notify_replay_per_s)"
    row archive_per_s "$(median archive_per_s)"
    row verify_entries_per_s "$(median verify_entries_per_s)" ">= 300000"
}
