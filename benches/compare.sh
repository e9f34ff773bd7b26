#!/usr/bin/env bash
# How fast letters leave, beside others and in the same run: Postfix's own smtp-source, and a flush probe of the storage.
# Everything happens on the loopback interface and in a temporary folder; every address is invented.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

usage() {
  cat <<'END'
benches/compare.sh [options]

  --where memory|disk|postgres   where the database lies (default: disk). postgres starts a cluster of its own
  --folder DIR                   under which everything is made (default: /tmp for disk, /dev/shm for memory)
  --letters N                    default 10000
  --size BYTES                   of a whole message, default 5120
  --connections N                of each worker, default 10
  --workers N                    at once, on PostgreSQL, default 1
  --binary FILE                  default target/release/demarche beside this folder
  --no-peers                     only ours and the flush probe
  --prepare DIR                  only make a workspace with approved letters in DIR (which must not exist), print how to go on, and end
END
}

where=disk folder= letters=10000 size=5120 connections=10 workers=1 peers=yes prepare=
binary="$here/../target/release/demarche"
while [ $# -gt 0 ]; do
  case "$1" in
    --where) where="$2"; shift 2 ;;
    --folder) folder="$2"; shift 2 ;;
    --letters) letters="$2"; shift 2 ;;
    --size) size="$2"; shift 2 ;;
    --connections) connections="$2"; shift 2 ;;
    --workers) workers="$2"; shift 2 ;;
    --binary) binary="$2"; shift 2 ;;
    --no-peers) peers=no; shift ;;
    --prepare) prepare="$2"; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
case "$where" in
  memory) folder="${folder:-/dev/shm}" ;;
  disk | postgres) folder="${folder:-${TMPDIR:-/tmp}}" ;;
  *) usage >&2; exit 2 ;;
esac

scratch="$(mktemp -d "$folder/demarche-bench.XXXXXX")"
chmod 755 "$scratch"
started=()
cluster=
as_owner=()
stop() {
  local process
  for process in ${started[@]+"${started[@]}"}; do kill "$process" 2>/dev/null || true; done
  if [ -n "$cluster" ]; then postgres "$programs/pg_ctl" -D "$cluster" -m immediate stop >/dev/null 2>&1 || true; fi
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '%s\n' "$*"; }
per() { python3 -c 'import sys; a, b, digits = sys.argv[1:]; print(f"{float(a) / float(b):.{digits}f}" if float(b) else "-")' "$@"; }
measure() { python3 "$here/compare/measure.py" "$@"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# A new sink for each measurement, so that its count is that measurement's alone.
sink() {
  local user=()
  if [ "$(id -u)" -eq 0 ]; then user=(-u nobody); fi
  port="${1:-$(free_port)}"
  smtp-sink ${user[@]+"${user[@]}"} -c "127.0.0.1:$port" 1000 >"$scratch/sink" 2>"$scratch/sink.log" &
  sink=$!
  started+=("$sink")
  for _ in $(seq 100); do
    if python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()' "$port" 2>/dev/null; then return; fi
    sleep 0.05
  done
  cat "$scratch/sink.log" >&2
  return 1
}
# What the sink has counted, and its end.
counted() {
  sleep 0.2
  kill "$sink" 2>/dev/null || true
  wait "$sink" 2>/dev/null || true
  taken="$(tr '\r' '\n' <"$scratch/sink" | sed -n 's/.*mesg=\([0-9]*\).*/\1/p' | tail -n 1)"
  taken="${taken:-0}"
}

postgres() { (cd "$scratch" && ${as_owner[@]+"${as_owner[@]}"} "$@"); }
start_postgres() {
  programs="$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)"
  mkdir "$scratch/cluster"
  # PostgreSQL refuses to run as root.
  if [ "$(id -u)" -eq 0 ]; then
    owner=nobody
    if id postgres >/dev/null 2>&1; then owner=postgres; fi
    as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups)
    chown "$owner" "$scratch/cluster"
  fi
  postgres "$programs/initdb" -D "$scratch/cluster/data" -U demarche -A trust -E UTF8 --locale C.UTF-8 >"$scratch/initdb.log" 2>&1 \
    || { cat "$scratch/initdb.log" >&2; exit 1; }
  cluster="$scratch/cluster/data"
  database_port="$(free_port)"
  # Durable, as in earnest.
  postgres "$programs/pg_ctl" -D "$cluster" -l "$scratch/cluster/log" -w -t 60 \
    -o "-p $database_port -k $scratch/cluster -c listen_addresses=127.0.0.1 -c fsync=on -c synchronous_commit=on -c max_connections=200" \
    start >/dev/null || { cat "$scratch/cluster/log" >&2; exit 1; }
  url="postgres://demarche@127.0.0.1:$database_port/postgres"
}

# A workspace with letters that are approved and due. Sets plan_seconds, plan_cpu and approve_seconds.
prepare() {
  local home="$1" campaign user system
  python3 "$here/compare/workspace.py" "$binary" "$home" "$letters" "$size" "$connections" "$port" "$url"
  plan_seconds=0 plan_cpu=0 plan_memory=0 approve_seconds=0
  for campaign in bulk rest; do
    [ -f "$home/config/campaigns/$campaign.toml" ] || continue
    measure "$scratch/cost" "$binary" --workspace "$home" --json plan "$campaign" >"$scratch/plan.json" 2>"$scratch/plan.err" \
      || { tail -n 40 "$scratch/plan.err" >&2; exit 1; }
    read -r seconds user system memory <"$scratch/cost"
    plan_seconds="$(python3 -c "print($plan_seconds + $seconds)")"
    plan_cpu="$(python3 -c "print($plan_cpu + $user + $system)")"
    if [ "$memory" -gt "$plan_memory" ]; then plan_memory=$memory; fi
    measure "$scratch/cost" "$binary" --workspace "$home" approve "$campaign" --as 'First Approver' --yes \
      >"$scratch/approve.out" 2>"$scratch/approve.err" || { tail -n 40 "$scratch/approve.err" >&2; exit 1; }
    read -r seconds user system memory <"$scratch/cost"
    approve_seconds="$(python3 -c "print($approve_seconds + $seconds)")"
  done
}

# How many dispatches the database holds with that status.
stored() {
  "$binary" --workspace "$home" --json status >"$scratch/status.json" 2>/dev/null || true
  python3 - "$scratch/status.json" "$1" <<'END'
import json, sys

def total(value):
    if isinstance(value, dict):
        counts = value.get("counts")
        own = counts.get(sys.argv[2], 0) if isinstance(counts, dict) else 0
        return own + sum(total(v) for k, v in value.items() if k != "counts")
    if isinstance(value, list):
        return sum(map(total, value))
    return 0

print(total(json.load(open(sys.argv[1], encoding="utf-8"))))
END
}

[ -x "$binary" ] || { printf '%s is not there: cargo build --release --no-default-features\n' "$binary" >&2; exit 1; }
url=sqlite://var/demarche.db

if [ -n "$prepare" ]; then
  port=2525
  if [ "$where" = postgres ]; then printf -- '--prepare is for SQLite\n' >&2; exit 2; fi
  prepare "$prepare"
  say "plan ${plan_seconds} s, approve ${approve_seconds} s. Keep a copy of $prepare, then:"
  say "  smtp-sink -u nobody -c 127.0.0.1:$port 1000 &"
  say "  time $binary --workspace $prepare run --until-idle"
  exit 0
fi

say "$letters letters of about $size bytes, $connections connections, $(nproc) cores; database: $where, under $folder"
say "flushes a second before: $(python3 "$here/compare/flushes.py" "$scratch" 2)"

if [ "$peers" = yes ]; then
  for sessions in 1 2 10; do
    sink
    measure "$scratch/cost" smtp-source -d -s "$sessions" -m "$letters" -l "$size" -f outreach@coalition.example \
      -t mission@swe.mission.example "127.0.0.1:$port"
    counted
    read -r seconds user system memory <"$scratch/cost"
    say "smtp-source × $sessions: $(per "$letters" "$seconds" 0) letters/s, the sink counted $taken"
    if [ "$sessions" -eq 10 ]; then source_rate="$(per "$letters" "$seconds" 3)"; fi
  done
fi

if [ "$where" = postgres ]; then start_postgres; fi
sink
home="$scratch/home"
prepare "$home"
say "plan: $plan_seconds s, $(per "${plan_cpu}e6" "$letters" 0) µs CPU a letter, peak $((plan_memory / 1024)) MiB; approve: $approve_seconds s"

began="$(date +%s.%N)"
running=()
for n in $(seq "$workers"); do
  measure "$scratch/cost.$n" "$binary" --workspace "$home" run --until-idle >"$scratch/run.$n.out" 2>"$scratch/run.$n.err" &
  running+=($!)
done
failed=no
for process in "${running[@]}"; do wait "$process" || failed=yes; done
ended="$(date +%s.%N)"
if [ "$failed" = yes ]; then tail -n 20 "$scratch"/run.*.err "$scratch"/run.*.out >&2; fi
counted
seconds="$(python3 -c "print($ended - $began)")"
read -r cpu memory < <(cat "$scratch"/cost.[0-9]* | awk '{ cpu += $2 + $3; if ($4 > memory) memory = $4 } END { print cpu, memory }')
rate="$(per "$letters" "$seconds" 3)"
sent="$(stored sent)"
say "demarche × $workers: $(per "$letters" "$seconds" 0) letters/s ($seconds s), $(per "${cpu}e6" "$letters" 0) µs CPU a letter, peak $((memory / 1024)) MiB"
if [ "$taken" = "$letters" ] && [ "$sent" = "$letters" ]; then
  # Each row that is `sent` has a server's yes of its own: as many messages as rows means one message each.
  say "the sink counted $taken, the database says $sent sent: nobody twice"
else
  say "WRONG: the sink counted $taken, the database says $sent sent, of $letters"
fi
if [ -n "${source_rate:-}" ]; then say "against smtp-source × 10: $(per "$rate" "$source_rate" 2)"; fi
flushes="$(python3 "$here/compare/flushes.py" "$scratch" 2)"
say "flushes a second after: $flushes, so letters per flush that the storage could do: $(per "$rate" "$flushes" 1)"
