# Ends a process that outlived its supervisor: sourced by deploy/run and by supervise/hold.
# shellcheck shell=bash

readonly EVICT_TERM_S=10
readonly EVICT_KILL_S=5

# evict BASE: every service holds a lock on BASE.lock and has its process id in BASE.pid. Returns
# when nobody holds the lock any more; 1 when somebody still does.
evict() {
    local base=$1 pid
    flock -n "$base.lock" true && return 0
    pid=$(cat "$base.pid") || return 1
    kill -TERM "$pid" 2>/dev/null
    flock -w "$EVICT_TERM_S" "$base.lock" true && return 0
    kill -KILL "$pid" 2>/dev/null
    flock -w "$EVICT_KILL_S" "$base.lock" true
}
