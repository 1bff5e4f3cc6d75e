# Private servers and services of one measurement: sourced by tests/bench/run. Needs ROOT, BIN and
# BENCH (bench programs); sets up PLACE (sockets, keys, logs) and DATA (what must be on the disk).
# shellcheck shell=bash

readonly START_WAIT_S=30

PIDS=() # started here, in this order
declare -A PID_OF # the last that was started with a name

say() {
    echo "bench: $*" >&2
}

die() {
    say "$*"
    exit 1
}

# start NAME COMMAND...: in the background, with its log in PLACE/log; with SUPERVISED=1 it is started
# again as soon as it ends.
start() {
    local name=$1
    shift
    if [ "${SUPERVISED:-}" = 1 ]; then
        keep_up "$name" "$@" >>"$PLACE/log/$name.log" 2>&1 &
    else
        "$@" >>"$PLACE/log/$name.log" 2>&1 &
    fi
    PIDS+=($!)
    PID_OF[$name]=$!
}

# keep_up NAME COMMAND...: its process id is in PLACE/run/NAME.pid.
keep_up() {
    local name=$1 child=
    shift
    trap 'kill -TERM "$child"; wait "$child"; exit' TERM
    while :; do
        "$@" &
        child=$!
        echo "$child" >"$PLACE/run/$name.pid"
        wait "$child"
    done
}

# Waits until the command succeeds; says the end of the log otherwise.
wait_for() {
    local name=$1 until=$((SECONDS + START_WAIT_S))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $until ]; then
            tail -n 5 "$PLACE/log/$name.log" >&2
            die "$name does not come up"
        fi
        sleep 0.05
    done
}

stop_all() {
    local i
    for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
        kill -TERM "${PIDS[i]}" 2>/dev/null
    done
    for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
        wait "${PIDS[i]}" 2>/dev/null
    done
    PIDS=()
}

# start_redis ROLE [OPTION...]: empty.
start_redis() {
    rm -rf "${DATA:?}/$1"
    mkdir -p "$DATA/$1"
    start "$1" "$ROOT/deploy/redis/serve" "$ROOT/deploy/redis/$1.conf" "$DATA/$1" --unixsocket "$PLACE/run/$1.sock" "${@:2}"
    wait_for "$1" redis-cli -s "$PLACE/run/$1.sock" ping
}

start_service() {
    start "$1" env "ANSINH_INSTANCE=$1-1" ANSINH_LOG_LEVEL=warn "${@:2}" "$BIN/$1"
}

ansinh() {
    env -C "$ROOT" "$BIN/ansinh" "$@"
}

# start_platform LEDGER_SOCKET SERVICE...: empty servers with the sample's reference data.
start_platform() {
    local ledger=$1
    shift
    export ANSINH_LEDGER=unix:$PLACE/run/$ledger.sock
    start_redis ledger
    start_redis views
    if [ "$ledger" = recorder ]; then
        start recorder "$BENCH/recorder" "$PLACE/run/recorder.sock" "$PLACE/run/ledger.sock" "$DATA"
        wait_for recorder test -S "$PLACE/run/recorder.sock"
    fi
    ansinh init >/dev/null || die "ansinh init failed"
    start_service enrolment
    ansinh import units "$ROOT/deploy/sample/units.csv" >/dev/null || die "the units cannot be loaded"
    ansinh import organisations "$ROOT/deploy/sample/organisations.csv" >/dev/null || die "the organisations cannot be loaded"
    for service in "$@"; do
        [ "$service" = enrolment ] || start_service "$service"
    done
}
