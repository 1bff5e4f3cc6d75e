# How soon the dashboard's first view is there: sourced by tests/bench/run. A browser with nothing cached,
# on the cores that also run the platform.
# shellcheck shell=bash

readonly VIEW_PORT=${BENCH_VIEW_PORT:-18991} VIEW_PEOPLE=20000

# The packages of the browser tests are not needed for anything else here.
has_browser() {
    command -v chromedriver >/dev/null && /usr/bin/python3 -c 'import selenium' 2>/dev/null
}

measure_view() {
    local key value
    has_browser || {
        say "no browser (make packages-test): the first view is not measured"
        return
    }
    start_platform ledger enrolment payments analytics
    (cd "$ROOT" && ansinh drill people --people $VIEW_PEOPLE --units deploy/sample/units.csv >/dev/null) || die "the people cannot be made"
    start_service gateway GATEWAY_PORT="$VIEW_PORT" "GATEWAY_WEB=$ROOT/services/gateway/web"
    wait_for gateway curl -sf -H 'Content-Type: application/json' -d '{"unitCode":"VN"}' "http://127.0.0.1:$VIEW_PORT/ansinh.v1.Analytics/GetProgress"
    while IFS='=' read -r key value; do
        note "$key" "$value"
    done < <(PYTHONPATH=$ROOT/tests/browser timeout 120 /usr/bin/python3 "$ROOT/tests/bench/view.py" "http://127.0.0.1:$VIEW_PORT")
    stop_all
}

view_rows() {
    [ -n "${NOTED[view_ready_ms]:-}" ] || return 0
    row view_ready_ms "$(median view_ready_ms)" "<= 1000"
    row view_kbytes "$(median view_kbytes)" "<= 300"
}
