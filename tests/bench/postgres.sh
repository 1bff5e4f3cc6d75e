# A private PostgreSQL cluster: sourced by tests/bench/run after platform.sh.
# shellcheck shell=bash

readonly PG_PORT=5432 # of the unix socket in PG_RUN
PG_BIN='' PG_RUN='' PG_DATA='' PG_CLIENTS=''

# As the user who may run the server, which refuses root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups env -C / "$@"
    else
        "$@"
    fi
}

sql() {
    as_postgres "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$PG_RUN" -p $PG_PORT "$@" postgres
}

# The cluster lies beside the ledger's files.
pg_init() {
    local server
    for server in /usr/lib/postgresql/*/bin/postgres; do PG_BIN=${server%/*}; done
    [ -x "$PG_BIN/initdb" ] || die "PostgreSQL is missing (make packages-bench)"
    PG_DATA=$DATA/postgres PG_RUN=$PLACE/postgres
    mkdir -p "$PG_DATA" "$PG_RUN"
    [ "$(id -u)" != 0 ] || chown postgres: "$PG_DATA" "$PG_RUN"
    as_postgres "$PG_BIN/initdb" -D "$PG_DATA" -A trust -U postgres -E UTF8 --locale=C >"$PLACE/log/initdb.log" 2>&1 ||
        die "initdb failed: $(tail -n 1 "$PLACE/log/initdb.log")"
    as_postgres tee -a "$PG_DATA/postgresql.conf" >/dev/null <<-END
	listen_addresses = ''
	unix_socket_directories = '$PG_RUN'
	port = $PG_PORT
	fsync = on
	synchronous_commit = on
	full_page_writes = on
	shared_buffers = 1GB
	wal_buffers = 64MB
	max_wal_size = 8GB
	checkpoint_timeout = 30min
	jit = off
	END
    pg_up
    sql -f - <"$ROOT/tests/bench/postgres/schema.sql" >/dev/null || die "the schema cannot be made"
    stop_all
}

# Runs only while it is measured: its background work would cost the others.
pg_up() {
    start postgres as_postgres "$PG_BIN/postgres" -D "$PG_DATA"
    wait_for postgres sql -c 'SELECT 1'
}

# pg_run SCRIPT CLIENTS TRANSACTIONS: transactions per second.
pg_run() {
    local output
    output=$(as_postgres "$PG_BIN/pgbench" -n -M prepared -h "$PG_RUN" -p $PG_PORT -U postgres -f - -D i=0 \
        -c "$2" -j 2 -t $(($3 / $2)) postgres <"$ROOT/tests/bench/postgres/$1.sql" 2>&1)
    sed -n 's/^tps = \([0-9]*\).*/\1/p' <<<"$output" | grep . || die "pgbench failed: $output"
}

# An empty database, as the ledger of each run is.
pg_empty() {
    sql -c 'TRUNCATE answers, citizens, identities, journal' -c 'UPDATE totals SET seq = 0, enrolled = 0, payments = 0' -c 'VACUUM FULL totals' -c CHECKPOINT
}

# Opens a bill for everybody, so that everybody can pay; not measured.
pg_bill() {
    sql -c "UPDATE citizens SET version = 2, state = decode(repeat('5a', 37), 'hex')" -c 'VACUUM ANALYZE' -c CHECKPOINT
}

# The number of clients with the most payments per second.
pg_find_clients() {
    local clients rate best=0
    pg_up
    for clients in "${PG_CLIENTS_TRIED[@]}"; do
        pg_empty
        pg_run enrol "$clients" "$PG_PEOPLE" >/dev/null
        pg_bill
        rate=$(pg_run pay "$clients" "$PG_PEOPLE")
        say "PostgreSQL with $clients clients: $rate payments per second"
        if [ "$rate" -gt "$best" ]; then
            best=$rate
            PG_CLIENTS=$clients
        fi
    done
    stop_all
}
