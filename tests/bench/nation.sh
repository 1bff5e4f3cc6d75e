# A country's board: sourced by tests/bench/run. A whole territory, its people, 10,000 payments a
# second in all communes with many viewers; then the board as of moments in between held against the
# journals, and a leader killed.
# shellcheck shell=bash

NATION_UNITS=$(realpath -- "${NATION_UNITS:-$ROOT/deploy/sample/units.csv}")
readonly NATION_UNITS NATION_PEOPLE=${NATION_PEOPLE:-$NATION_PEOPLE_USUAL}
readonly NATION_LIVE_S=${NATION_LIVE_S:-30} NATION_MOMENTS=3 NATION_SEED=${NATION_SEED:-1}

# Of ten streams one shows the country, three a province with its communes, six a commune.
list_nation() {
    awk -F, '$3 == "commune" { communes[nc++] = $1; if (!seen[$2]++) provinces[np++] = $2 }
        END { for (i = 0; i < nc; i++) print i % 10 == 0 ? "unit=VN" : i % 10 < 4 ? "unit=" provinces[i % np] : "unit=" communes[i] }' \
        "$NATION_UNITS" >"$DATA/watched"
}

# ask_progress [FIELD]: of the country; more fields of the question begin with a comma.
ask_progress() {
    curl -sf --max-time 60 -H 'Content-Type: application/json' -d "{\"unitCode\":\"VN\"${1:-}}" \
        "http://127.0.0.1:$LIVE_PORT/ansinh.v1.Analytics/GetProgress"
}

country_payments() {
    ask_progress | sed -n 's/.*"payments":"\([0-9]*\)".*/\1/p'
}

now_ms() {
    date +%s%3N
}

payments_are_counted() {
    [ "$(country_payments)" = "$1" ]
}

rss_mb() {
    awk -v what="$2" '$1 == what ":" { printf "%d\n", $2 / 1024 }' "/proc/${PID_OF[$1]}/status"
}

load_nation() {
    local said renewed
    said=$(ansinh drill people --units "$NATION_UNITS" --people "$NATION_PEOPLE" 2>>"$PLACE/log/people.log" | tail -n 1) || die "people cannot be loaded: $(tail -n 3 "$PLACE/log/people.log")"
    say "$said"
    note nation_people "${said%% *}"
    note nation_communes "$(sed -n 's/.* in \([0-9]*\) communes.*/\1/p' <<<"$said")"
    renewed=$(sed -n 's/.* \([0-9]*\) renewed.*/\1/p' <<<"$said")
    await "the board" payments_are_counted "$((NATION_PEOPLE + renewed))"
}

# ms that a question as of a moment takes, which walks over every fact.
time_of_question() {
    local took
    took=$(ask_progress ",\"withChildren\":true,\"asOfMs\":\"$1\"" >/dev/null && curl -sf -o "$DATA/answer" -w '%{time_total}' \
        -H 'Content-Type: application/json' -d "{\"unitCode\":\"VN\",\"asOfMs\":\"$(($1 - 1))\"}" \
        "http://127.0.0.1:$LIVE_PORT/ansinh.v1.Analytics/GetProgress") || die "no answer as of $1"
    awk -v s="$took" 'BEGIN { printf "%d\n", s * 1000 }'
}

# hold_to_journals FROM_MS UNTIL_MS
hold_to_journals() {
    (cd "$ROOT" && "$BENCH/asof" "$1" "$2" $NATION_MOMENTS "$NATION_SEED") >"$DATA/asof" || die "the board as of then is not the journals': $(tr '\n' ' ' <"$DATA/asof")"
    say "as of: $(tr '\n' ' ' <"$DATA/asof")"
    note nation_asof_numbers "$(sed -n 's/^numbers=//p' "$DATA/asof")"
    note nation_asof_differences "$(sed -n 's/^differences=//p' "$DATA/asof")"
}

board_answers() {
    [ -n "$(country_payments)" ]
}

facts_answer() {
    ask_progress ",\"asOfMs\":\"$(($(now_ms) - 1000))\"" >"$DATA/answer"
}

# The leader is killed and started again: when it shows the board, and when it answers from the facts.
take_over() {
    local begun=$EPOCHREALTIME
    kill -KILL "${PID_OF[analytics]}"
    wait "${PID_OF[analytics]}" 2>/dev/null
    PIDS=("${PIDS[@]/${PID_OF[analytics]}/}")
    start_service analytics ANSINH_LOG_LEVEL=info
    await "the board" board_answers
    note nation_board_again_s "$(since "$begun")"
    await "the facts" facts_answer
    note nation_facts_again_s "$(since "$begun")"
    note nation_facts_load_ms "$(sed -n 's/.*the facts are loaded.* ms=\([0-9]*\).*/\1/p' "$PLACE/log/analytics.log" | tail -n 1)"
    note nation_rss_again_mb "$(rss_mb analytics VmRSS)"
}

measure_nation() {
    local payments=$((LIVE_RATE * NATION_LIVE_S)) counted until
    start_platform ledger enrolment payments analytics
    start_service gateway GATEWAY_PORT="$LIVE_PORT" "GATEWAY_WEB=$ROOT/services/gateway/web"
    wait_for gateway ask_progress
    load_nation
    list_nation
    counted=$(country_payments)
    run_viewers "$LIVE_VIEWERS" 0 all $payments "$counted"
    until=$(now_ms)
    note nation_lag_p50_ms "$(live_value event_lag_p50_ms)"
    note nation_lag_p99_ms "$(live_value event_lag_p99_ms)"
    note nation_events_per_s "$(live_value events_per_s)"
    note nation_viewers "$(live_value served)"
    note nation_gateway_rss_mb "$(gateway_rss_mb)"
    note nation_analytics_rss_mb "$(rss_mb analytics VmRSS)"
    await "the board" payments_are_counted $((counted + payments))
    note nation_question_ms "$(time_of_question "$until")"
    hold_to_journals $((until - NATION_LIVE_S * 1000)) "$until"
    take_over
    payments_are_counted $((counted + payments)) || die "the new leader counts $(country_payments) payments"
    hold_to_journals $((until - NATION_LIVE_S * 1000)) "$until"
    stop_all
}

nation_rows() {
    local key
    row nation_lag_p99_ms "$(median nation_lag_p99_ms)" "<= 250"
    row nation_viewers "$(median nation_viewers)" ">= $LIVE_VIEWERS"
    row nation_asof_differences "$(median nation_asof_differences)" "<= 0"
    for key in people communes lag_p50_ms events_per_s asof_numbers question_ms gateway_rss_mb analytics_rss_mb \
        board_again_s facts_again_s facts_load_ms rss_again_mb; do
        row nation_$key "$(median nation_$key)"
    done
}
