# The table of figures: each with its bar. Sourced by compare.sh.
# shellcheck shell=bash

table="$scratch/table"
: >"$table"
repeat="${repeat:-3}"
wanted() { [[ " $rows " == *" $1 "* ]]; }
# row NUMBER WHAT MEASURED UNIT at-least|at-most BAR
row() {
  local verdict
  verdict="$(python3 -c 'import sys; m, how, b = float(sys.argv[1]), sys.argv[2], float(sys.argv[3]); print("ok" if (m >= b if how == "at-least" else m <= b) else "short")' "$3" "$5" "$6")"
  printf '%s\t%s\t%s%s\t%s %s%s\t%s\n' "$1" "$2" "$3" "$4" "${5/-/ }" "$6" "$4" "$verdict" >>"$table"
}
left_out() { printf '%s\t%s\t-\t-\tleft out: %s\n' "$1" "$2" "$3" >>"$table"; }
micros() { calculate "$1 * 1e6 / $2" "${3:-0}"; }
mib() { echo $(($1 / 1024)); }

say "$letters letters of about $size bytes, $connections connections, medians of $repeat, $(nproc) cores"

# Rows 1 and 3: in memory, beside smtp-source and nodemailer, in turns.
if wanted 1 || wanted 3; then
  prepare "$memory_scratch/home" memory "$letters"
  our_plan_cpu="$plan_cpu" our_plan_memory="$plan_memory"
  say "plan: $plan_seconds s, $(micros "$plan_cpu" "$letters") µs CPU a letter, peak $(mib "$plan_memory") MiB; approve: $approve_seconds s"
  our_rates=() source_rates=() node_rates=() our_cpu=() node_cpu=() our_memory=() node_memory=()
  for _ in $(seq "$repeat"); do
    smtp_source 10 "$letters"
    source_rates+=("$rate")
    if have_node; then
      nodemailer "$memory_scratch/home.json" "$letters"
      node_rates+=("$rate") node_cpu+=("$cpu") node_memory+=("$memory")
    fi
    ours "$memory_scratch/home" memory "$letters" 1
    our_rates+=("$rate") our_cpu+=("$cpu") our_memory+=("$memory")
  done
  our_rate="$(median "${our_rates[@]}")" source_rate="$(median "${source_rates[@]}")"
  send_cpu="$(median "${our_cpu[@]}")" send_memory="$(printf '%.0f' "$(median "${our_memory[@]}")")"
  say "smtp-source × 10: $source_rate letters/s"
  say "ours, in memory: $our_rate letters/s, $(micros "$send_cpu" "$letters") µs CPU a letter, peak $(mib "$send_memory") MiB"
  peak=$((our_plan_memory > send_memory ? our_plan_memory : send_memory))
  if wanted 1; then
    row 1 'durable send in memory, of smtp-source × 10' "$(calculate "$our_rate / $source_rate" 2)" × at-least 0.5
  fi
  if have_node; then
    node_rate="$(median "${node_rates[@]}")" other_cpu="$(median "${node_cpu[@]}")"
    other_memory="$(printf '%.0f' "$(median "${node_memory[@]}")")"
    say "nodemailer × $connections: $node_rate letters/s, $(micros "$other_cpu" "$letters") µs CPU a letter, peak $(mib "$other_memory") MiB"
    if wanted 1; then row 1 "the same, of nodemailer × $connections" "$(calculate "$our_rate / $node_rate" 1)" × at-least 8; fi
    if wanted 3; then
      row 3 'CPU a letter, plan and send, of nodemailer' "$(calculate "($our_plan_cpu + $send_cpu) / $other_cpu" 2)" × at-most 0.2
      row 3 'peak memory, plan or send, of nodemailer' "$(calculate "$peak / $other_memory" 2)" × at-most 0.7
    fi
  else
    left_out 1 "durable send in memory, of nodemailer × $connections" 'no nodemailer'
    left_out 3 'CPU and memory, of nodemailer' 'no nodemailer'
  fi
  smtplib "$memory_scratch/home.json" "$letters"
  say "smtplib × 1: $rate letters/s, $(micros "$cpu" "$letters") µs CPU a letter"
  if wanted 3; then
    rm -rf "$memory_scratch/home"
    prepare "$memory_scratch/large" memory "$large"
    ours "$memory_scratch/large" memory "$large" 1
    large_peak=$((plan_memory > memory ? plan_memory : memory))
    say "$large letters: plan $plan_seconds s, peak $(mib "$plan_memory") MiB; send $rate letters/s, $(micros "$cpu" "$large") µs CPU a letter, peak $(mib "$memory") MiB"
    row 3 "peak memory at $large letters, of that at $letters" "$(calculate "$large_peak / $peak" 2)" × at-most 1.2
    row 3 "letters/s at $large letters, of those at $letters" "$(calculate "$rate / $our_rate" 2)" × at-least 0.8
    rm -rf "$memory_scratch/large"
  fi
fi

# Row 2: on a disk, with what it can flush before and after each run.
if wanted 2; then
  prepare "$scratch/home" disk "$letters"
  our_rates=() probes=()
  for _ in $(seq "$repeat"); do
    before="$(flushes "$scratch")"
    ours "$scratch/home" disk "$letters" 1
    after="$(flushes "$scratch")"
    say "ours, on disk: $rate letters/s; flushes a second: $before before, $after after"
    our_rates+=("$rate") probes+=("$before" "$after")
  done
  row 2 "durable send on disk: letters/s for each of the probe's flushes/s" \
    "$(calculate "$(median "${our_rates[@]}") / $(median "${probes[@]}")" 1)" '' at-least 8
  if command -v strace >/dev/null; then
    flushes_made "$scratch/home" disk "$letters"
    row 2 'the same: letters for each flush asked for' "$(calculate "$letters / max($made, 1)" 1)" '' at-least 8
  fi
  rm -rf "$scratch/home"
fi

# Row 4: one letter to each mission, the whole process.
if wanted 4; then
  if have_node; then
    prepare "$scratch/few" disk 193
    ours_seconds=() node_seconds=()
    for _ in $(seq $((repeat + 2))); do
      nodemailer "$scratch/few.json" 193
      node_seconds+=("$seconds")
      ours "$scratch/few" disk 193 1
      ours_seconds+=("$seconds")
    done
    a="$(median "${ours_seconds[@]}")" b="$(median "${node_seconds[@]}")"
    say "193 letters, the whole process, on disk: $a s; nodemailer: $b s"
    row 4 '193 letters, the whole process, of nodemailer' "$(calculate "$a / $b" 2)" × at-most 0.3
    prepare "$memory_scratch/few" memory 193
    ours_seconds=()
    for _ in $(seq $((repeat + 2))); do
      ours "$memory_scratch/few" memory 193 1
      ours_seconds+=("$seconds")
    done
    a="$(median "${ours_seconds[@]}")"
    row 4 'the same, in memory' "$(calculate "$a / $b" 2)" × at-most 0.3
  else
    left_out 4 '193 letters, the whole process, of nodemailer' 'no nodemailer'
  fi
fi

# Row 5: several workers on one database.
if wanted 5; then
  if [ -n "$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null)" ]; then
    prepare "$scratch/shared" postgres "$letters"
    one=() four=()
    for _ in $(seq "$repeat"); do
      ours "$scratch/shared" postgres "$letters" 1
      one+=("$rate")
      ours "$scratch/shared" postgres "$letters" 4
      four+=("$rate")
    done
    a="$(median "${one[@]}")" b="$(median "${four[@]}")"
    say "PostgreSQL, on disk: one worker $a letters/s, four $b; flushes a second: $(flushes "$scratch")"
    row 5 'PostgreSQL: four workers, of one' "$(calculate "$b / $a" 2)" × at-least 1.5
  else
    left_out 5 'PostgreSQL: four workers, of one' 'no PostgreSQL'
  fi
fi

# Rows 7 to 9 are measured inside the program. A bench prints `row NUMBER: FIGURE`.
bench() {
  (cd "$here/.." && grep -q "^name = \"$1\"" Cargo.toml && cargo bench --quiet --no-default-features --bench "$1") >"$scratch/bench.out" 2>&1 || return 1
  cat "$scratch/bench.out"
}
figure() { sed -n "s/^row $1: *\([0-9.]*\).*/\1/p" "$scratch/bench.out" | tail -n 1; }
if wanted 7; then
  if have_node && bench composing; then
    [ -f "$scratch/few.json" ] || python3 "$here/compare/workspace.py" "$binary" "$scratch/few" 193 "$size" 10 2525 sqlite://var/demarche.db
    read -r composed bytes < <(node "$here/compare/nodemailer.js" compose "$scratch/few.json" 5)
    say "nodemailer's composer with handlebars.js: $composed messages/s of $bytes bytes"
    ours_composed="$(figure 7)"
    row 7 "render and compose, one core, of nodemailer's" "$(calculate "${ours_composed:-0} / $composed" 1)" × at-least 20
  else
    left_out 7 "render and compose, one core, of nodemailer's" 'no nodemailer, or no bench'
  fi
fi
if wanted 8 || wanted 9; then
  if bench million; then
    if [ -n "$(figure 8)" ]; then row 8 'claim at 1,000,000 rows, of that at 10,000' "$(figure 8)" × at-most 2; fi
    if [ -n "$(figure 9)" ]; then row 9 'log: page 200, of page 1, at 1,000,000' "$(figure 9)" × at-most 1.2; fi
    if [ -n "$(figure 9b)" ]; then row 9 'counts at 1,000,000' "$(figure 9b)" ' ms' at-most 1; fi
  else
    left_out '8, 9' 'at 1,000,000 rows' 'no bench'
  fi
fi

# Row 12: how long the program takes to begin.
if wanted 12; then
  "$binary" init "$memory_scratch/empty" --session 64 --opens 2027-02-22 --closes 2027-04-02 >/dev/null
  "$binary" --workspace "$memory_scratch/empty" status >/dev/null
  for what in '--help' "status"; do
    took=()
    for _ in $(seq 15); do
      # shellcheck disable=SC2086 # words
      measure "$scratch/cost" "$binary" --workspace "$memory_scratch/empty" $what >/dev/null 2>&1
      read -r seconds _ <"$scratch/cost"
      took+=("$seconds")
    done
    row 12 "start: \`$what\`$([ "$what" = status ] && echo ' on an empty database')" "$(calculate "$(median "${took[@]}") * 1000" 1)" ' ms' at-most 30
  done
fi

say
python3 -c '
import sys
measured = sorted((line.rstrip("\n").split("\t") for line in sys.stdin), key=lambda line: int(line[0].split(",")[0]))
lines = [["row", "scenario", "measured", "bar", ""]] + measured
widths = [max(len(line[n]) for line in lines) for n in range(4)]
for line in lines:
    print("  ".join(cell.ljust(width) for cell, width in zip(line, widths + [0])).rstrip())
' <"$table"
