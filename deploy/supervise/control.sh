# Starts, watches and ends the processes of a platform: sourced by deploy/run.
# shellcheck shell=bash

readonly REDIS_START_S=120 # a big file is loaded first
readonly READY_S=60
readonly DRAIN_S=15 # more than ANSINH_DRAIN_MS's default
readonly REDIS_STOP_S=30
readonly STARTS_MAX=5 # a service that ended this often while starting will not come up

# wait_for SECONDS COMMAND...: until the command succeeds; 1 after that time.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# Runs a command that a signal to us must be able to end.
run_child() {
    "$@" 7>&- 9>&- </dev/null &
    child=$!
    wait "$child"
    local status=$?
    child=
    return $status
}

redis_answers() {
    [ "$(redis-cli -s "$PLACE/run/$1.sock" ping 2>/dev/null)" = PONG ]
}

is_supervised() {
    sv status "$VAR/sv/$1" >/dev/null 2>&1
}

any_supervised() {
    local dir
    for dir in "$VAR"/sv/*/; do
        if [ -d "$dir" ] && sv status "$dir" >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

runsvdir_pid() {
    local pid
    pid=$(cat "$RUN/runsvdir.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = runsvdir ] && echo "$pid"
}

# The lock is inherited by all processes of the platform: it is free when the last one is gone.
take_lock() {
    exec 9>>"$RUN/lock"
    flock -n 9 && return 0
    any_supervised && die "a platform is running on $VAR already (end it with: make down VAR=$VAR)"
    evict_all
    flock -w 5 9 || die "$RUN/lock is held by another process (see: fuser $RUN/lock)"
}

start_redis() {
    local name
    setsid runsvdir -P "$VAR/sv" 7>&- </dev/null >"$VAR/log/runsvdir.log" 2>&1 &
    supervisor=$!
    echo "$supervisor" >"$RUN/runsvdir.pid"
    for name in "${REDIS_SERVICES[@]}"; do
        wait_for "$REDIS_START_S" is_decided redis_answers "$name"
        redis_answers "$name" || give_up "Redis ($name) does not answer"
    done
}

start_services() {
    local name
    for name in "${SERVICES[@]}"; do
        wait_for 10 is_supervised "$name" || give_up "runit does not supervise $name"
        sv up "$VAR/sv/$name" >/dev/null
        rm -f "$VAR/sv/$name/down"
    done
}

ends_of() {
    wc -l 2>/dev/null <"$RUN/$1.ends" || echo 0
}

is_healthy() {
    curl -fsS -o /dev/null --noproxy '*' --max-time 2 "http://127.0.0.1:$PORT/healthz" 2>/dev/null
}

# is_decided CONDITION NAME...: the condition holds for the names, or one of them ended too often for
# waiting to be of use.
is_decided() {
    local name
    "$@" && return 0
    shift
    for name in "$@"; do
        [ "$(ends_of "$name")" -lt $STARTS_MAX ] || return 0
    done
    return 1
}

wait_ready() {
    wait_for "$READY_S" is_decided is_healthy "${SERVICES[@]}"
    is_healthy && return 0
    say "$(curl -sS --noproxy '*' --max-time 2 "http://127.0.0.1:$PORT/healthz" 2>&1 | head -c 2000)"
    give_up "the platform does not get ready on http://127.0.0.1:$PORT/healthz"
}

# give_up REASON: shows the logs of what ended, or of the gateway, and ends everything.
give_up() {
    local name shown=()
    say "$1"
    for name in "${REDIS_SERVICES[@]}" "${SERVICES[@]}"; do
        if [ "$(ends_of "$name")" -gt 0 ]; then
            shown+=("$name")
        fi
    done
    for name in "${shown[@]:-gateway-1}"; do
        say "the end of $VAR/log/$name.log:"
        tail -n 12 "$VAR/log/$name.log" 2>/dev/null | sed 's/^/    /'
    done
    stop_all
    exit 1
}

evict_all() {
    local file
    for file in "$RUN"/*.pid; do
        if [ -e "${file%.pid}.lock" ] && ! evict "${file%.pid}"; then
            say "process $(cat "$file") does not end"
        fi
    done
}

# shutdown_services SECONDS NAME...: SIGTERM to all, SIGKILL to those that take longer.
shutdown_services() {
    local seconds=$1 name dirs=()
    shift
    for name in "$@"; do
        if is_supervised "$name"; then
            dirs+=("$VAR/sv/$name")
        fi
    done
    if [ ${#dirs[@]} -gt 0 ]; then
        sv -w "$seconds" force-shutdown "${dirs[@]}" >/dev/null
    fi
}

# Those who accept work first, then those who keep it. Also ends what a killed supervisor left.
stop_all() {
    local pid dir name services=()
    if pid=$(runsvdir_pid); then
        kill -TERM "$pid"
    fi
    for dir in "$VAR"/sv/*/; do
        name=$(basename "$dir")
        [[ " ${REDIS_SERVICES[*]} " == *" $name "* ]] || services+=("$name")
    done
    shutdown_services "$DRAIN_S" "${services[@]}"
    shutdown_services "$REDIS_STOP_S" "${REDIS_SERVICES[@]}"
    evict_all
    rm -f "$RUN/runsvdir.pid"
}
