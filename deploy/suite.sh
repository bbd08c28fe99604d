# Sourced by deploy/run: starts, watches and stops the processes of one suite. Expects root, data, port_base, bin,
# demo. Every process is restarted when it dies, so the suite heals by itself.
# shellcheck shell=bash disable=SC2154,SC2174

services=(contacts orders segmentation attribution support gateway)

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# Who runs the suite of a data folder holds this lock, and the kernel takes it from whoever dies.
suite_running() {
  [ -f "$data/suite.lock" ] && ! flock -n -s "$data/suite.lock" true
}

# Whether a pid is that of the process of this name that this folder's suite started: pids are used again.
is_ours() {
  local name=$1 pid=$2 line
  [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
  line=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 1
  if [ "$name" = postgres ]; then
    [[ $line == */postgres\ -D\ "$(cat "$data/run/postgres.home" 2>/dev/null || echo "$data/postgres")/data"* ]]
  else
    [[ $line == */esnaf-"$name"\ * && $line == *" $(cat "$data/run/home" 2>/dev/null || echo "$data")/secrets/$name.database "* ]]
  fi
}

# The pid of a process of this folder's suite; empty where it does not run.
pid_left_of() {
  local pid
  pid=$(cat "$data/run/$1.pid" 2>/dev/null) || return 0
  if is_ours "$1" "$pid"; then echo "$pid"; fi
}

# The names of what still runs, those first that are to be ended first.
names_left() {
  local i
  for ((i = ${#services[@]} - 1; i >= 0; --i)); do
    [ -z "$(pid_left_of "${services[i]}")" ] || echo "${services[i]}"
  done
  [ -z "$(pid_left_of postgres)" ] || echo postgres
}

# Ends what a suite left behind that was killed itself.
end_leftovers() {
  local name pid
  for name in $(names_left); do
    pid=$(pid_left_of "$name")
    say "$name (pid $pid) was left behind; ending it"
    end_process "$name" "$pid"
  done
  rm -f "$data/suite.pid" "$data"/run/*.pid "$data/run/ready"
}

suite_stop() {
  if ! suite_running; then
    if [ -z "$(names_left)" ]; then
      echo "not running"
    else
      end_leftovers
      echo "stopped"
    fi
    return 0
  fi
  local pid
  pid=$(cat "$data/suite.pid")
  kill -TERM "$pid"
  for _ in $(seq 900); do
    suite_running || { echo "stopped"; return 0; }
    sleep 0.1
  done
  echo "deploy/run: the suite (pid $pid) did not stop within 90 s" >&2
  return 1
}

suite_status() {
  local name pid left
  if ! suite_running; then
    left=$(names_left | tr '\n' ' ')
    if [ -z "$left" ]; then
      echo "not running"
      return 3
    fi
    echo "not running, but left behind: ${left% }; --stop ends them, a start replaces them"
    return 1
  fi
  echo "running since $(stat -c %y "$data/suite.pid" | cut -d. -f1), pid $(cat "$data/suite.pid")"
  for name in postgres "${services[@]}"; do
    pid=$(pid_left_of "$name")
    if [ -n "$pid" ]; then
      printf '  %-14s up, pid %s\n' "$name" "$pid"
    else
      printf '  %-14s down\n' "$name"
    fi
  done
  [ -f "$data/run/ports" ] && cat "$data/run/ports"
  local stopped
  stopped=$(stopped_consumers)
  if [ -n "$stopped" ]; then
    printf '  consumers that stand still (see docs/operations):\n%s\n' "$stopped"
  fi
  return 0
}

# Postgres refuses to run as root, so root runs it as the user that Debian's package brings.
as_postgres_user() {
  if [ "$(id -u)" = 0 ]; then
    # Started in /, since the caller's folder may be closed to that user.
    (cd / && exec runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

# Where Postgres keeps its files and its socket: in the data folder, unless its user cannot get there or the socket's
# path would be longer than the system allows.
choose_postgres_home() {
  pg_home=$data/postgres
  mkdir -p "$pg_home"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$pg_home"
    chmod 711 "$data"
    if ! as_postgres_user test -x "$pg_home"; then
      rmdir "$pg_home" 2>/dev/null || true
      pg_home=/var/lib/esnaf-$(printf %s "$data" | sha256sum | cut -c1-12)
      mkdir -p -m 700 "$pg_home"
      chown postgres "$pg_home"
      say "Postgres keeps its files in $pg_home: its user cannot enter $data"
    fi
  fi
  pg_socket=$pg_home/run
  socket_folder=$data/run
  if [ ${#pg_socket} -gt 80 ] || [ ${#socket_folder} -gt 80 ]; then
    local short
    short=/tmp/esnaf-$(id -u)-$(printf %s "$data" | sha256sum | cut -c1-12)
    mkdir -p -m 711 "$short"
    [ -O "$short" ] || { echo "deploy/run: $short belongs to somebody else" >&2; exit 1; }
    [ ${#pg_socket} -gt 80 ] && pg_socket=$short/pg
    [ ${#socket_folder} -gt 80 ] && socket_folder=$short
  fi
  mkdir -p "$pg_socket"
  if [ "$(id -u)" = 0 ]; then chown postgres "$pg_socket"; fi
}

# A password a role, made once, readable only by the owner of the data folder.
make_secrets() {
  local name file
  mkdir -p -m 700 "$data/secrets"
  for name in postgres "${services[@]}"; do
    file=$data/secrets/$name.password
    if [ ! -s "$file" ]; then
      (umask 077 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file")
    fi
  done
  (umask 077 && printf '*:*:*:postgres:%s\n' "$(cat "$data/secrets/postgres.password")" >"$data/secrets/pgpass")
}

init_postgres() {
  pg_bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 | sort -V | tail -n 1)
  if [ ! -f "$pg_home/data/PG_VERSION" ]; then
    say "creating the database cluster"
    # initdb opens the file as its own user, who may not read ours.
    local password_file=$pg_home/password
    (umask 077 && cp "$data/secrets/postgres.password" "$password_file")
    if [ "$(id -u)" = 0 ]; then chown postgres "$password_file"; fi
    as_postgres_user "$pg_bin/initdb" -D "$pg_home/data" -U postgres --auth-local=scram-sha-256 --auth-host=reject \
      --pwfile="$password_file" -E UTF8 --locale=C.UTF-8 >/dev/null
    rm -f "$password_file"
  fi
  # Sized for a small machine; an operator's own settings go to conf.d.
  mkdir -p "$pg_home/data/conf.d"
  cat >"$pg_home/data/conf.d/00-esnaf.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$pg_socket'
max_connections = 160
shared_buffers = 256MB
max_wal_size = 2GB
checkpoint_completion_target = 0.9
log_min_messages = warning
log_timezone = UTC
CONF
  grep -q "include_dir 'conf.d'" "$pg_home/data/postgresql.conf" ||
    echo "include_dir 'conf.d'" >>"$pg_home/data/postgresql.conf"
  if [ "$(id -u)" = 0 ]; then chown -R postgres "$pg_home/data/conf.d"; fi
}

psql_admin() {
  PGPASSFILE=$data/secrets/pgpass psql -X -q -h "$pg_socket" -U postgres "$@"
}

provision() {
  if [ -z "$(psql_admin -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = 'esnaf'")" ]; then
    psql_admin -d postgres -c "CREATE DATABASE esnaf"
  fi
  {
    local name
    for name in "${services[@]}"; do
      printf "\\\\set %s_password '%s'\n" "$name" "$(cat "$data/secrets/$name.password")"
    done
    cat "$root/deploy/postgres/provision.sql"
  } | psql_admin -d esnaf >/dev/null
  for name in "${services[@]}"; do
    (umask 077 && printf "host='%s' dbname=esnaf user=%s password=%s\n" "$pg_socket" "$name" \
      "$(cat "$data/secrets/$name.password")" >"$data/secrets/$name.database")
  done
}

declare -A pid_of=()
declare -A started_at=()

# start NAME COMMAND...: runs a process in the background with its log in the data folder.
start() {
  local name=$1
  shift
  # A session of its own keeps a Ctrl-C at the terminal from reaching everything at once and out of order. The lock is
  # the launcher's alone (9>&-).
  setsid "$@" >>"$data/log/$name.log" 2>&1 </dev/null 9>&- &
  pid_of[$name]=$!
  started_at[$name]=$SECONDS
  echo $! >"$data/run/$name.pid"
}

start_postgres() {
  echo "$pg_home" >"$data/run/postgres.home"
  if [ "$(id -u)" = 0 ]; then
    # setpriv replaces itself by Postgres, so that the pid that is watched is Postgres's own.
    start postgres setpriv --reuid=postgres --regid=postgres --init-groups env -C / \
      "$pg_bin/postgres" -D "$pg_home/data"
  else
    start postgres "$pg_bin/postgres" -D "$pg_home/data"
  fi
}

start_service() {
  local name=$1
  local address="unix:$socket_folder"
  local arguments=(--database-file "$data/secrets/$name.database")
  case $name in
    contacts)
      arguments+=(--listen "$address/contacts.sock" --metrics-listen "127.0.0.1:$((port_base + 1))"
        --orders-address "$address/orders.sock" --segmentation-address "$address/segmentation.sock"
        --support-address "$address/support.sock")
      ;;
    orders)
      arguments+=(--listen "$address/orders.sock" --metrics-listen "127.0.0.1:$((port_base + 2))"
        --contacts-address "$address/contacts.sock")
      ;;
    segmentation)
      arguments+=(--listen "$address/segmentation.sock" --metrics-listen "127.0.0.1:$((port_base + 3))"
        --contacts-address "$address/contacts.sock" --orders-address "$address/orders.sock"
        --attribution-address "$address/attribution.sock" --support-address "$address/support.sock")
      ;;
    attribution)
      arguments+=(--listen "$address/attribution.sock" --metrics-listen "127.0.0.1:$((port_base + 4))"
        --contacts-address "$address/contacts.sock" --orders-address "$address/orders.sock")
      ;;
    support)
      arguments+=(--listen "$address/support.sock" --metrics-listen "127.0.0.1:$((port_base + 5))"
        --contacts-address "$address/contacts.sock" --segmentation-address "$address/segmentation.sock"
        --files "$data/files" --mail-secrets "$data/secrets/mail"
        --chat-secrets "$data/secrets/chat" --stream-limit 256)
      ;;
    gateway)
      arguments+=(--listen "$address/gateway.sock" --grpc-listen "127.0.0.1:$port_base"
        --http-listen "127.0.0.1:$((port_base + 10))" --admin-key-file "$data/admin.key"
        --contacts-address "$address/contacts.sock" --orders-address "$address/orders.sock"
        --segmentation-address "$address/segmentation.sock" --attribution-address "$address/attribution.sock"
        --support-address "$address/support.sock")
      ;;
  esac
  start "$name" "$bin/esnaf-$name" "${arguments[@]}"
}

wait_for() {
  local what=$1 seconds=$2
  shift 2
  local end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      echo "deploy/run: $what is not ready after $seconds s; its log: $data/log/" >&2
      return 1
    fi
    sleep 0.1
  done
}

postgres_answers() { psql_admin -d postgres -Atc 'SELECT 1'; }
# The gateway answers 200 while a service behind it is away; ready means that all of them serve. A consumer that stands
# still is for an operator to mend in the running suite.
all_serving() {
  local states
  states=$(curl -fsS --max-time 2 "http://127.0.0.1:$((port_base + 10))/healthz" | grep -o '"services":{[^}]*}') || return 1
  ! grep -qE '"(unknown|unreachable|not_serving)"' <<<"$states"
}

# What the gateway says of consumers that stand still, one a line; nothing while there are none.
stopped_consumers() {
  local url
  url=$(sed -n 's/^ *HTTP *\(http:[^ ]*\).*/\1/p' "$data/run/ports" 2>/dev/null)
  [ -n "$url" ] || return 0
  curl -fsS --max-time 2 "$url/healthz" 2>/dev/null | grep -o '"stoppedConsumers":\[{.*}\]' |
    sed 's/^"stoppedConsumers":\[{//; s/}\]$//; s/},{/\n/g' | sed 's/^/    /' || true
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Starts again what has died. A process that dies right after its start is given a second before the next try.
watch() {
  local name code
  while true; do
    sleep 0.25 9>&- &
    wait $! || true
    for name in postgres "${services[@]}"; do
      if ! kill -0 "${pid_of[$name]}" 2>/dev/null; then
        code=0
        wait "${pid_of[$name]}" || code=$?
        if [ $((SECONDS - started_at[$name])) -lt 2 ]; then sleep 1; fi
        say "$name ended (exit $code), starting it again"
        if [ "$name" = postgres ]; then start_postgres; else start_service "$name"; fi
      fi
    done
  done
}

# end_process NAME PID: Postgres takes INT as the word to end at once and cleanly.
end_process() {
  local pid=$2 signal=TERM
  if [ "$1" = postgres ]; then signal=INT; fi
  kill "-$signal" "$pid" 2>/dev/null || return 0
  for _ in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}

# The public door first, then those behind it, Postgres last.
stop_all() {
  trap '' INT TERM
  say "stopping"
  local i
  for ((i = ${#services[@]} - 1; i >= 0; --i)); do
    if [ -n "${pid_of[${services[i]}]:-}" ]; then end_process "${services[i]}" "${pid_of[${services[i]}]}"; fi
  done
  if [ -n "${pid_of[postgres]:-}" ]; then end_process postgres "${pid_of[postgres]}"; fi
  rm -f "$data/suite.pid" "$data"/run/*.pid "$data/run/ready"
  say "stopped"
}

suite_run() {
  # Longer than somebody who asks for the status holds it.
  exec 9>>"$data/suite.lock"
  flock -w 2 9 || { echo "deploy/run: this data folder's suite is running; --stop ends it" >&2; exit 1; }
  end_leftovers
  local port
  for port in "$port_base" $((port_base + 10)) $((port_base + 1)) $((port_base + 2)) $((port_base + 3)) \
    $((port_base + 4)) $((port_base + 5)); do
    port_is_free "$port" || { echo "deploy/run: port $port is in use; choose another with --port-base" >&2; exit 1; }
  done
  mkdir -p "$data/run" "$data/log"
  echo $$ >"$data/suite.pid"
  echo "$data" >"$data/run/home"
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap stop_all EXIT

  choose_postgres_home
  make_secrets
  init_postgres
  start_postgres
  wait_for Postgres 60 postgres_answers
  say "postgres ready"
  provision
  local name
  for name in "${services[@]}"; do start_service "$name"; done
  wait_for "the suite" 60 all_serving
  {
    echo "  gRPC           127.0.0.1:$port_base"
    echo "  HTTP           http://127.0.0.1:$((port_base + 10))   docs at /docs, contract at /openapi.json"
    echo "  admin key      $data/admin.key"
  } >"$data/run/ports"
  say "the suite is ready"
  cat "$data/run/ports"
  if [ "$demo" = yes ]; then
    "$bin/esnaf" --address "127.0.0.1:$port_base" --key-file "$data/admin.key" demo load 9>&- &
    wait $!
  fi
  touch "$data/run/ready"
  echo "Ctrl-C stops everything."
  watch
}

suite_detach() {
  mkdir -p "$data/run" "$data/log"
  rm -f "$data/run/ready"
  local arguments=(--data "$data" --port-base "$port_base" --bin "$bin")
  [ "$demo" = yes ] && arguments+=(--demo)
  : >"$data/log/suite.log"
  setsid "$root/deploy/run" "${arguments[@]}" >"$data/log/suite.log" 2>&1 </dev/null &
  local pid=$! shown=0 lines
  while [ ! -f "$data/run/ready" ]; do
    lines=$(wc -l <"$data/log/suite.log")
    if [ "$lines" -gt "$shown" ]; then
      sed -n "$((shown + 1)),${lines}p" "$data/log/suite.log" | grep -v '^Ctrl-C' || true
      shown=$lines
    fi
    if ! kill -0 "$pid" 2>/dev/null; then
      tail -n "+$((shown + 1))" "$data/log/suite.log" >&2
      exit 1
    fi
    sleep 0.2
  done
  tail -n "+$((shown + 1))" "$data/log/suite.log" | grep -v '^Ctrl-C' || true
  echo "in the background, pid $pid; deploy/run --stop --data $data ends it"
}
