# One kind of database: what a run costs, beside smtp-source. Sourced by compare.sh.
# shellcheck shell=bash

case "$where" in
  memory) folder="$memory_scratch" ;;
  disk | postgres) folder="$scratch" ;;
  *) usage >&2; exit 2 ;;
esac
say "$letters letters of about $size bytes, $connections connections, $(nproc) cores; database: $where"
source_rate=
if [ "$peers" = yes ]; then
  for sessions in 1 2 10; do
    smtp_source "$sessions" "$letters"
    say "smtp-source × $sessions: $rate letters/s, $(calculate "$cpu * 1e6 / $letters") µs CPU a letter"
    source_rate="$rate"
  done
fi
prepare "$folder/home" "$where" "$letters"
say "plan: $plan_seconds s, $(calculate "$plan_cpu * 1e6 / $letters") µs CPU a letter, peak $((plan_memory / 1024)) MiB; approve: $approve_seconds s"
for _ in $(seq "${repeat:-1}"); do
  before="$(flushes "$folder")"
  ours "$folder/home" "$where" "$letters" "$workers"
  after="$(flushes "$folder")"
  say "demarche × $workers: $rate letters/s ($seconds s), $(calculate "$cpu * 1e6 / $letters") µs CPU a letter, peak $((memory / 1024)) MiB;" \
    "the sink counted $taken, the database says $sent sent"
  if [ -n "$source_rate" ]; then say "  against smtp-source × 10: $(calculate "$rate / $source_rate" 2)"; fi
  say "  the storage flushes $before times a second before, $after after: $(calculate "2 * $rate / ($before + $after)" 1) letters a flush"
done
if [ "$workers" -eq 1 ] && [ "$where" != postgres ] && command -v strace >/dev/null; then
  flushes_made "$folder/home" "$where" "$letters"
  say "flushes asked for: $made, so $(calculate "$letters / max($made, 1)" 1) letters each"
fi
