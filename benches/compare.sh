#!/usr/bin/env bash
# How fast letters leave and what one costs, beside others and in the same run: Postfix's smtp-source, nodemailer with
# handlebars.js, Python's smtplib; and how often the storage flushes. All of it on the loopback interface and in temporary
# folders, with invented addresses. Needs Postfix's smtp-sink and smtp-source and Python; PostgreSQL and strace for some rows.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

usage() {
  cat <<'END'
benches/compare.sh [options]                 the table: each figure and its bar
benches/compare.sh --where memory|disk|postgres [options]   one kind of database only, ours and smtp-source

  --rows "1 2 …"      of the table, default: all
  --letters N         default 10000
  --large N           row 3: the larger outbox, default 100000
  --size BYTES        of a whole message, default 5120
  --connections N     of each worker, default 10
  --workers N         with --where postgres: at once, default 1
  --repeat N          the median of so many runs counts, default 3 (with --where: 1)
  --disk DIR          a folder on a disk, default $TMPDIR or /tmp
  --memory DIR        a folder in memory, default /dev/shm
  --binary FILE       default target/release/demarche beside this folder (cargo build --release --no-default-features)
  --no-peers          with --where: without smtp-source

DEMARCHE_BENCH_NODE_MODULES names a node_modules with nodemailer and handlebars; without it rows that need them are left out.
END
}

where='' letters=10000 large=100000 size=5120 connections=10 workers=1 repeat='' peers=yes rows='1 2 3 4 5 6 7 8 9 12'
disk="${TMPDIR:-/tmp}" memory_folder=/dev/shm binary="$here/../target/release/demarche"
while [ $# -gt 0 ]; do
  case "$1" in
    --where) where="$2"; shift 2 ;;
    --rows) rows="$2"; shift 2 ;;
    --letters) letters="$2"; shift 2 ;;
    --large) large="$2"; shift 2 ;;
    --size) size="$2"; shift 2 ;;
    --connections) connections="$2"; shift 2 ;;
    --workers) workers="$2"; shift 2 ;;
    --repeat) repeat="$2"; shift 2 ;;
    --disk) disk="$2"; shift 2 ;;
    --memory) memory_folder="$2"; shift 2 ;;
    --binary) binary="$2"; shift 2 ;;
    --no-peers) peers=no; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
# shellcheck source=benches/compare/lib.sh
. "$here/compare/lib.sh"
[ -x "$binary" ] || fail "$binary is not there: cargo build --release --no-default-features"
export PATH="$PATH:/usr/sbin"
command -v smtp-sink smtp-source >/dev/null || fail "smtp-sink and smtp-source, which come with Postfix, are not there"

scratch="$(mktemp -d "$disk/demarche-bench.XXXXXX")"
memory_scratch="$(mktemp -d "$memory_folder/demarche-bench.XXXXXX")"
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$scratch"
export NODE_PATH="${DEMARCHE_BENCH_NODE_MODULES:-}"
have_node() { [ -n "$NODE_PATH" ] && node -e 'require("nodemailer"); require("handlebars")' 2>/dev/null; }

if [ -n "$where" ]; then . "$here/compare/one.sh"; else . "$here/compare/table.sh"; fi
