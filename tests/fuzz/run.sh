#!/usr/bin/env bash
# Builds the fuzz targets and runs them: `run.sh [TARGET...]`; all of them without names.
#
# FUZZ_SECONDS: how long each runs (600). FUZZ_JOBS: how many run at once (1). FUZZ_SEED: with a number other than 0, each run
# tries the same inputs in the same order, as far as it gets in its time, and does not go on from the inputs of runs before.
#
# What a target finds lies in target/fuzz/found/<target>/, and the run fails. To try such an input again:
# FUZZ_TARGET=<target> target/fuzz/pt4al-fuzz FILE. Once it is corrected, put the input into tests/fuzz/corpus/<target>/.
#
# It needs no nightly Rust: the flags below switch on what cargo-fuzz switches on, except the sanitizers.
set -euo pipefail
cd "$(dirname "$0")"
SECONDS_EACH=${FUZZ_SECONDS:-600}
JOBS=${FUZZ_JOBS:-1}
SEED=${FUZZ_SEED:-0}
ROOT=$(cd ../.. && pwd)
OUT=${CARGO_TARGET_DIR:-$ROOT/target}/fuzz
TARGET=$(rustc -vV | sed -n 's/^host: //p')

# Coverage of edges and comparisons, from which libFuzzer learns which inputs are new. With --target, so that build scripts
# and macros, which have no libFuzzer to call, are built without it.
FLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
FLAGS="$FLAGS -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
FLAGS="$FLAGS -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=4"
mkdir -p "$OUT"
RUSTFLAGS="$FLAGS" cargo build --release --locked --target "$TARGET" --target-dir "$OUT/build"
cp "$OUT/build/$TARGET/release/pt4al-fuzz" "$OUT/pt4al-fuzz"

FUZZ_SEEDS="$OUT/seeds" "$OUT/pt4al-fuzz"
if [ $# = 0 ]; then
    mapfile -t names < <(ls "$OUT/seeds")
    set -- "${names[@]}"
fi

# Inputs are written to files before they are read, so these should be in memory.
memory=/dev/shm
[ -d "$memory" ] && [ -w "$memory" ] || memory=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d "$memory/pt4al-fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# libFuzzer tells code apart by addresses, so a run can only be repeated if they are the same. Some containers forbid that.
steady=()
if [ "$SEED" != 0 ] && setarch -R true 2>/dev/null; then steady=(setarch -R); fi


# run_target NAME: runs one target, and says how it went. Fails if it found something.
run_target() {
    local name=$1 longest=4096
    local corpus="$OUT/corpus/$name" found="$OUT/found/$name" log="$OUT/$name.log" committed="$PWD/corpus/$name"
    if [ "$SEED" != 0 ]; then
        corpus="$TMPDIR/$name/corpus"
    fi
    mkdir -p "$corpus" "$found" "$committed" "$TMPDIR/$name"
    case $name in image | mat | cifar | spec | resolved) longest=16384 ;; esac
    # The first folder gets what is new; the others are only read.
    if (cd "$TMPDIR/$name" && FUZZ_TARGET=$name FUZZ_PLACE=inputs "${steady[@]}" "$OUT/pt4al-fuzz" \
        "$corpus" "$committed" "$OUT/seeds/$name" -max_total_time="$SECONDS_EACH" -seed="$SEED" -timeout=10 \
        -rss_limit_mb=1024 -max_len="$longest" -artifact_prefix="$found/" -print_final_stats=1 >"$log" 2>&1); then
        echo "fuzz: $name: $(awk '/stat::number_of_executed_units/ { n = $2 } /stat::new_units_added/ { new = $2 }
            END { print n + 0 " inputs tried, " new + 0 " of them new" }' "$log")"
    else
        echo "fuzz: $name: FOUND something, see $log"
        { grep -aE -A 3 'panicked at|^==[0-9]+==|SUMMARY|ERROR' "$log" || tail -n 5 "$log"; } | head -n 12 | sed 's/^/    /'
        return 1
    fi
}

echo "fuzz: $# targets, $SECONDS_EACH s each, $JOBS at once"
failed=0
running=0
for name in "$@"; do
    [ -d "$OUT/seeds/$name" ] || { echo "error: there is no fuzz target $name; there are $(cd "$OUT/seeds" && echo *)" >&2; exit 1; }
    if [ "$running" -ge "$JOBS" ]; then
        wait -n || failed=$((failed + 1))
        running=$((running - 1))
    fi
    run_target "$name" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
done
if [ "$failed" -gt 0 ]; then
    echo "error: $failed of the fuzz targets found something; the inputs are in $OUT/found/, and what was said in $OUT/<target>.log" >&2
    exit 1
fi
