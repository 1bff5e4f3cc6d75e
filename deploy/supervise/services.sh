# Writes the service directories that runit supervises: sourced by deploy/run.
# shellcheck shell=bash

readonly REDIS_SERVICES=(ledger views)
readonly LOG_BYTES=4000000
readonly LOG_FILES=5
readonly LOG_LINE_BYTES=4000
readonly LOG_BUFFER_BYTES=8192

SERVICES=() # names of the platform's own processes, "payments-1"

# write_script FILE COMMAND...: a shell script that becomes the command.
write_script() {
    local file=$1
    shift
    {
        printf '#!/usr/bin/env bash\n# Written by deploy/run at every start.\nexec 2>&1\ncd %q || exit 1\n' "$VAR"
        printf 'exec'
        printf ' %q' "$@"
        echo
    } >"$file"
    chmod 0700 "$file"
}

# write_service NAME COMMAND...: supervised, with its log in VAR/log/NAME.log.
write_service() {
    local name=$1 dir=$VAR/sv/$1 log=$VAR/log/$1
    shift
    mkdir -p "$dir/log" "$log"
    printf 's%d\nn%d\n' "$LOG_BYTES" "$LOG_FILES" >"$log/config"
    ln -sfn "$name/current" "$VAR/log/$name.log"
    write_script "$dir/run" "$ROOT/deploy/supervise/hold" "$RUN" "$name" "$@"
    write_script "$dir/log/run" svlogd -b "$LOG_BUFFER_BYTES" -l "$LOG_LINE_BYTES" "$log"
    printf '#!/bin/sh\nexec %q %q %q "$@"\n' "$ROOT/deploy/supervise/finish" "$RUN" "$name" >"$dir/finish"
    chmod 0700 "$dir/finish"
}

write_redis() {
    write_service "$1" "$ROOT/deploy/redis/serve" "$ROOT/deploy/redis/$1.conf" "$VAR/$1" \
        --unixsocket "$PLACE/run/$1.sock" --daemonize no
}

# write_instances SERVICE COUNT [NAME=value...]: not started before `sv up`.
write_instances() {
    local service=$1 count=$2 i name
    shift 2
    for ((i = 1; i <= count; i++)); do
        name=$service-$i
        write_service "$name" env "${ENVIRONMENT[@]}" "ANSINH_INSTANCE=$name" \
            "ANSINH_BIND=ipc://$PLACE/run/$name.ipc" "ANSINH_BIND_EVENTS=ipc://$PLACE/run/$name.pub" \
            "$@" "$BIN/$service"
        touch "$VAR/sv/$name/down"
        SERVICES+=("$name")
    done
}

write_services() {
    local name
    rm -rf "$VAR/sv" "$RUN"/*.ends
    mkdir "$VAR/sv"
    for name in "${REDIS_SERVICES[@]}"; do
        write_redis "$name"
    done
    SERVICES=()
    write_instances enrolment "$N_ENROLMENT"
    write_instances payments "$N_PAYMENTS"
    write_instances notifications "$N_NOTIFICATIONS"
    write_instances analytics "$N_ANALYTICS"
    write_instances settlement "$N_SETTLEMENT"
    write_instances archiver "$N_ARCHIVER"
    write_instances gateway 1 "GATEWAY_PORT=$PORT" "GATEWAY_WEB=$ROOT/services/gateway/web"
}
