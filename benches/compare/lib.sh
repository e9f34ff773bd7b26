# What the comparison is made of: a sink that counts, a cluster of PostgreSQL, workspaces with letters that are due, and what
# each sender costs. Sourced by compare.sh, which sets here, binary, letters, size, connections, scratch.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}
# A sum, printed: calculate 'a / b' 2 digits.
calculate() { python3 -c "print(f'{($1):.${2:-0}f}')"; }
median() { printf '%s\n' "$@" | python3 -c 'import statistics, sys; print(statistics.median(map(float, sys.stdin)))'; }
measure() { python3 "$here/compare/measure.py" "$@"; }
flushes() { python3 "$here/compare/flushes.py" "$1" 2; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

started=()
cluster=
as_owner=()
stop() {
  local process
  for process in ${started[@]+"${started[@]}"}; do kill "$process" 2>/dev/null || true; done
  if [ -n "$cluster" ]; then postgres "$programs/pg_ctl" -D "$cluster" -m immediate stop >/dev/null 2>&1 || true; fi
  wait 2>/dev/null || true
  rm -rf "$scratch" ${memory_scratch:+"$memory_scratch"}
}

# A new sink for each measurement, so that its count is that measurement's alone.
open_sink() {
  local user=()
  if [ "$(id -u)" -eq 0 ]; then user=(-u nobody); fi
  port="$(free_port)"
  smtp-sink ${user[@]+"${user[@]}"} -c "127.0.0.1:$port" 1000 >"$scratch/sink" 2>"$scratch/sink.log" &
  sink=$!
  started+=("$sink")
  for _ in $(seq 100); do
    if python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()' "$port" 2>/dev/null; then
      return
    fi
    sleep 0.05
  done
  fail "no sink: $(cat "$scratch/sink.log")"
}
# Its end, and what it has counted: `taken`.
close_sink() {
  sleep 0.2
  kill "$sink" 2>/dev/null || true
  wait "$sink" 2>/dev/null || true
  taken="$(tr '\r' '\n' <"$scratch/sink" | sed -n 's/.*mesg=\([0-9]*\).*/\1/p' | tail -n 1)"
  taken="${taken:-0}"
}

postgres() { (cd "$scratch" && ${as_owner[@]+"${as_owner[@]}"} "$@"); }
start_postgres() {
  [ -z "$cluster" ] || return 0
  programs="$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)"
  mkdir "$scratch/cluster"
  # PostgreSQL refuses to run as root.
  if [ "$(id -u)" -eq 0 ]; then
    local owner=nobody
    if id postgres >/dev/null 2>&1; then owner=postgres; fi
    as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups)
    chown "$owner" "$scratch/cluster"
  fi
  postgres "$programs/initdb" -D "$scratch/cluster/data" -U demarche -A trust -E UTF8 --locale C.UTF-8 >"$scratch/initdb.log" 2>&1 \
    || fail "$(cat "$scratch/initdb.log")"
  cluster="$scratch/cluster/data"
  database_port="$(free_port)"
  # Durable, as in earnest.
  postgres "$programs/pg_ctl" -D "$cluster" -l "$scratch/cluster/log" -w -t 60 -o "-p $database_port -k $scratch/cluster \
    -c listen_addresses=127.0.0.1 -c fsync=on -c synchronous_commit=on -c max_connections=200" start >/dev/null \
    || fail "$(cat "$scratch/cluster/log")"
}
sql() { postgres "$programs/psql" -h 127.0.0.1 -p "$database_port" -U demarche -d postgres -qAtc "$1"; }

# prepare FOLDER memory|disk|postgres N: a workspace with N letters, approved and due. Sets plan_seconds, plan_cpu (seconds),
# plan_memory (KiB) and approve_seconds.
prepare() {
  local home="$1" where="$2" n="$3" url=sqlite://var/demarche.db campaign user system seconds memory
  if [ "$where" = postgres ]; then
    start_postgres
    sql "CREATE DATABASE prepared_$n"
    url="postgres://demarche@127.0.0.1:$database_port/prepared_$n"
  fi
  python3 "$here/compare/workspace.py" "$binary" "$home" "$n" "$size" "$connections" 2525 "$url"
  plan_seconds=0 plan_cpu=0 plan_memory=0 approve_seconds=0
  for campaign in bulk rest; do
    [ -f "$home/config/campaigns/$campaign.toml" ] || continue
    measure "$scratch/cost" "$binary" --workspace "$home" --json plan "$campaign" >"$scratch/plan.json" 2>"$scratch/plan.err" \
      || fail "$(tail -n 40 "$scratch/plan.err")"
    read -r seconds user system memory <"$scratch/cost"
    plan_seconds="$(calculate "$plan_seconds + $seconds" 3)"
    plan_cpu="$(calculate "$plan_cpu + $user + $system" 4)"
    if [ "$memory" -gt "$plan_memory" ]; then plan_memory=$memory; fi
    measure "$scratch/cost" "$binary" --workspace "$home" approve "$campaign" --as 'First Approver' --yes \
      >"$scratch/approve.out" 2>"$scratch/approve.err" || fail "$(tail -n 40 "$scratch/approve.err")"
    read -r seconds user system memory <"$scratch/cost"
    approve_seconds="$(calculate "$approve_seconds + $seconds" 3)"
  done
  if [ "$where" = postgres ]; then sql CHECKPOINT; fi
}

# How many dispatches of a workspace have that status.
stored() {
  "$binary" --workspace "$1" --json status 2>/dev/null | python3 -c '
import json, sys

def total(value):
    if isinstance(value, dict):
        counts = value.get("counts")
        own = counts.get(sys.argv[1], 0) if isinstance(counts, dict) else 0
        return own + sum(total(v) for k, v in value.items() if k != "counts")
    if isinstance(value, list):
        return sum(map(total, value))
    return 0

print(total(json.load(sys.stdin)))' "$2"
}

# ours PREPARED memory|disk|postgres N WORKERS [COMMAND…]: sends a copy of a prepared workspace. Sets seconds, rate, cpu (seconds),
# memory (KiB), taken, sent. COMMAND is put before the program, as in `strace …`. Ends the whole run where a letter is missing or
# one too many: what is measured then is nothing.
ours() {
  local prepared="$1" where="$2" n="$3" workers="$4" home="$1.run" began ended running=() process failed=no k
  shift 4
  rm -rf "$home"
  cp -a "$prepared" "$home"
  open_sink
  sed -i "s/^port = .*/port = $port/" "$home/config/demarche.toml"
  if [ "$where" = postgres ]; then
    sql 'DROP DATABASE IF EXISTS running' 2>/dev/null
    sql "CREATE DATABASE running TEMPLATE prepared_$n"
    sql CHECKPOINT
    sed -i "s/prepared_$n/running/" "$home/config/demarche.toml"
  fi
  # What the copy left to write must not be written while letters leave.
  sync -f "$home"
  began="$(date +%s.%N)"
  for k in $(seq "$workers"); do
    "$@" python3 "$here/compare/measure.py" "$scratch/cost.$k" "$binary" --workspace "$home" run --until-idle \
      >"$scratch/run.$k.out" 2>"$scratch/run.$k.err" &
    running+=($!)
  done
  for process in "${running[@]}"; do wait "$process" || failed=yes; done
  ended="$(date +%s.%N)"
  close_sink
  sent="$(stored "$home" sent)"
  if [ "$failed" = yes ]; then fail "$(tail -n 20 "$scratch"/run.*.err "$scratch"/run.*.out)"; fi
  # Each row that is `sent` has a server's yes of its own: as many messages as rows means one message each.
  if [ "$taken" != "$n" ] || [ "$sent" != "$n" ]; then
    fail "WRONG: of $n letters the sink counted $taken, and the database says that $sent are sent"
  fi
  seconds="$(calculate "$ended - $began" 4)"
  if [ "$workers" -eq 1 ]; then read -r seconds _ <"$scratch/cost.1"; fi
  rate="$(calculate "$n / $seconds" 1)"
  read -r cpu memory < <(cat $(seq -f "$scratch/cost.%g" "$workers") \
    | awk '{ cpu += $2 + $3; if ($4 > memory) memory = $4 } END { print cpu, memory }')
  rm -rf "$home"
}

# peer N COMMAND…: another sender; `PORT` in its arguments is the sink's port. Sets seconds, rate, cpu, memory, taken.
peer() {
  local n="$1" user system
  shift
  open_sink
  measure "$scratch/cost" "${@//PORT/$port}" >/dev/null 2>"$scratch/peer.err" || fail "$(tail -n 20 "$scratch/peer.err")"
  close_sink
  [ "$taken" = "$n" ] || fail "WRONG: of $n letters of $1 the sink counted $taken"
  read -r seconds user system memory <"$scratch/cost"
  rate="$(calculate "$n / $seconds" 1)"
  cpu="$(calculate "$user + $system" 4)"
}
smtp_source() {
  peer "$2" smtp-source -d -s "$1" -m "$2" -l "$size" -f outreach@coalition.example -t mission@swe.mission.example 127.0.0.1:PORT
}
nodemailer() { peer "$2" node "$here/compare/nodemailer.js" send "$1" PORT "$connections"; }
smtplib() { peer "$2" python3 "$here/compare/smtplib_peer.py" "$1" PORT; }

# flushes_made PREPARED WHERE N: letters for each flush that the program asked for, counted by the kernel.
flushes_made() {
  ours "$1" "$2" "$3" 1 strace -f --seccomp-bpf -qq -c -o "$scratch/flushes" -e trace=fsync,fdatasync,sync_file_range,msync
  made="$(awk '$NF ~ /sync/ { made += $4 } END { print made + 0 }' "$scratch/flushes")"
}
