# Where a platform lives: sourced by deploy/run. Sets VAR, RUN, PLACE and writes VAR/env.
# shellcheck shell=bash

# A unix socket's path has at most 107 bytes; the longest name below a state folder takes 47.
readonly PLACE_MAX_BYTES=60

# The state folder by a short name: itself, or a link to it in a private folder when it is too long.
# The link is kept for the next start and made again when it is gone (reboot).
place_choose() {
    local LC_ALL=C dir parent=/tmp
    PLACE=$VAR
    [ ${#VAR} -gt $PLACE_MAX_BYTES ] || return 0
    dir=$(cat "$VAR/place" 2>/dev/null) || true
    if [ -z "$dir" ] || [ ! -O "$dir" ] || [ "$(readlink "$dir/v")" != "$VAR" ]; then
        if [ -w "${XDG_RUNTIME_DIR:-}" ] && [ ${#XDG_RUNTIME_DIR} -lt 40 ]; then
            parent=$XDG_RUNTIME_DIR
        fi
        dir=$(mktemp -d "$parent/ansinh.XXXXXX")
        ln -s "$VAR" "$dir/v"
        echo "$dir" >"$VAR/place"
    fi
    PLACE=$dir/v
}

place_forget() {
    local dir
    if dir=$(cat "$VAR/place" 2>/dev/null) && [ -O "$dir" ]; then
        rm -f "$dir/v" "$VAR/place"
        rmdir "$dir" 2>/dev/null || true
    fi
}

# Everything in it is for this user alone (umask 077).
place_make() {
    if [ -e "$VAR/sv" ] && [ ! -e "$VAR/env" ]; then
        die "$VAR holds something that is not ansinh's (sv); choose another folder with VAR=..."
    fi
    mkdir -p "$VAR"/{run,log,ledger,views} 2>/dev/null || die "cannot make the state folder $VAR"
    chmod 0700 "$VAR"/{run,log,ledger,views}
}

# What finds this platform, as NAME=value: for every process here and for the command line.
place_environment() {
    local policy=${ANSINH_POLICY:-$ROOT/deploy/policy}
    policy=$(realpath -m -- "$policy")
    printf '%s\n' "ANSINH_VAR=$PLACE" "ANSINH_LEDGER=unix:$PLACE/run/ledger.sock" \
        "ANSINH_VIEWS=unix:$PLACE/run/views.sock" "ANSINH_KEYS=$PLACE/keys" "ANSINH_POLICY=$policy"
}

# For a shell: `. var/env; build/bin/ansinh status`.
place_write_env() {
    local line
    {
        place_environment | while IFS= read -r line; do
            printf 'export %s=%q\n' "${line%%=*}" "${line#*=}"
        done
        printf 'PORT=%q\n' "$PORT"
    } >"$VAR/env.new"
    mv "$VAR/env.new" "$VAR/env"
}
