#!/usr/bin/env bash
# run.sh BUILD TARGET...: each target FUZZ_SECONDS long, what it finds into BUILD/findings/TARGET. The last line tells how
# many targets found nothing and how many found something.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
build=$1
shift
clean=0
dirty=0
for target in "$@"; do
    mkdir -p "$build/corpus/$target" "$build/findings/$target"
    words=()
    [[ ! -e tests/fuzz/${target#fuzz_}.dict ]] || words=("-dict=tests/fuzz/${target#fuzz_}.dict")
    mapfile -t seeds < <(tests/fuzz/corpus.sh "$target")
    printf '%s: %s s from %d folders\n' "$target" "$FUZZ_SECONDS" "${#seeds[@]}"
    if "$build/$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        "${words[@]}" \
        -artifact_prefix="$build/findings/$target/" "$build/corpus/$target" "${seeds[@]}" >"$build/$target.log" 2>&1; then
        clean=$((clean + 1))
        grep -E 'stat::number_of_executed_units|DONE' "$build/$target.log" | tail -2
    else
        dirty=$((dirty + 1))
        tail -n 40 "$build/$target.log"
    fi
done
printf '%d targets clean, %d with findings\n' "$clean" "$dirty"
((dirty == 0))
