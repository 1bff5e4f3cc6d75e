# How late live progress is, and for how many at once: sourced by tests/bench/run. Payments at a fixed
# rate over the whole country, streams of one gateway, all on the same cores.
# shellcheck shell=bash

readonly LIVE_PORT=${BENCH_LIVE_PORT:-18992} LIVE_RATE=${LIVE_RATE:-10000} LIVE_VIEWERS=${LIVE_VIEWERS:-2000}

# The nation's communes, in all provinces by turns.
import_country() {
    awk -F, -v n="$COMMUNES" '$3 == "province" { codes[provinces++] = $1 }
        END { print "code,parent_code,level,name"; for (i = 0; i < n; i++) printf "%d,%s,commune,Xã %d\n", 10001 + i, codes[i % provinces], 10001 + i }' \
        "$ROOT/deploy/sample/units.csv" >"$DATA/country.csv"
    ansinh import units "$DATA/country.csv" >/dev/null || die "the communes cannot be loaded"
}

# Of ten streams one shows the country with its provinces, three a province with its communes, six a
# commune.
list_watched() {
    awk -F, -v n="$COMMUNES" '$3 == "province" { codes[provinces++] = $1 }
        END { for (i = 0; i < n; i++) print i % 10 == 0 ? "unit=VN" : i % 10 < 4 ? "unit=" codes[i % provinces] : "unit=" 10001 + i }' \
        "$ROOT/deploy/sample/units.csv" >"$DATA/watched"
}

live_value() {
    sed -n "s/^$1=//p" "$PLACE/log/live.log"
}

# run_viewers VIEWERS FIRST COMMUNES PAYMENTS COUNTED: so many payments of people FIRST and so on, who
# live in these communes, watched by so many; the board has counted so many before.
run_viewers() {
    local reader name processes=()
    for name in ledger views payments analytics gateway; do
        processes+=("$name:${PID_OF[$name]}")
    done
    : >"$PLACE/log/live.log"
    start live "$BENCH/live" "$LIVE_PORT" "$DATA/watched" "$1" $(($5 + $4 / 10)) $(($5 + $4)) "${processes[@]}"
    reader=${PIDS[-1]}
    wait_for live grep -q ready "$PLACE/log/live.log"
    ansinh bench latency --first "$2" --people "$4" --rate "$LIVE_RATE" --communes "$3" >"$DATA/live-load" || die "the load failed"
    wait "$reader" || die "$(tail -n 1 "$PLACE/log/live.log")"
    unset 'PIDS[-1]'
    say "$1 streams: $(tr '\n' ' ' <"$PLACE/log/live.log")$(gateway_counter sse_frames_total) frames sent, $(gateway_counter sse_frames_made_total) made, $(gateway_counter live_gaps_total) gaps, $(gateway_counter sse_viewers_cut_total) cut so far"
}

gateway_counter() {
    curl -s "http://127.0.0.1:$LIVE_PORT/metrics" | awk -v name="ansinh_$1{" 'index($1, name) == 1 { print $2 }'
}

gateway_rss_mb() {
    awk '/^VmHWM/ { printf "%d\n", $2 / 1024 }' "/proc/${PID_OF[gateway]}/status"
}

measure_live() {
    start_platform ledger enrolment payments analytics
    import_country
    list_watched
    start_service gateway GATEWAY_PORT="$LIVE_PORT" "GATEWAY_WEB=$ROOT/services/gateway/web"
    wait_for gateway curl -sf -H 'Content-Type: application/json' -d '{"unitCode":"VN"}' "http://127.0.0.1:$LIVE_PORT/ansinh.v1.Analytics/GetProgress"
    run_viewers 3 0 "$COMMUNES" "$LIVE_PAYMENTS" 0
    note live_lag_p99_ms "$(live_value event_lag_p99_ms)"
    run_viewers "$LIVE_VIEWERS" "$LIVE_PAYMENTS" "$COMMUNES" "$LIVE_PAYMENTS" "$LIVE_PAYMENTS"
    note live_events_per_s "$(live_value events_per_s)"
    note sse_viewers "$(live_value served)"
    note sse_lag_p99_ms "$(live_value frame_lag_p99_ms)"
    note sse_viewers_rss_mb "$(gateway_rss_mb)"
    stop_all
}

live_rows() {
    row live_lag_p99_ms "$(median live_lag_p99_ms)" "<= 250"
    row sse_viewers "$(median sse_viewers)" ">= $LIVE_VIEWERS"
    row sse_lag_p99_ms "$(median sse_lag_p99_ms)" "<= 1000"
    row sse_viewers_rss_mb "$(median sse_viewers_rss_mb)"
    number live_events_per_s "$(median live_events_per_s)"
}
