#!/usr/bin/env bash
# Runs the golden tests under every instruction set that this processor has. libtorch and oneDNN choose their kernels by
# instruction set, and the results must be the same under all of them.
set -euo pipefail
cd "$(dirname "$0")/.."

has() { grep -qw -- "$1" /proc/cpuinfo; }

# The name, the flag in /proc/cpuinfo, and the names that libtorch, oneDNN and MKL use
SETS=(
    "SSE4.1 sse4_1 default SSE41 SSE4_2"
    "AVX2 avx2 avx2 AVX2 AVX2"
    "AVX-512 avx512bw avx512 AVX512_CORE AVX512"
    "AVX-512-with-bf16 avx512_bf16 avx512 AVX512_CORE_BF16 AVX512"
    "AMX amx_bf16 avx512 AVX512_CORE_AMX AVX512"
)
for set in "${SETS[@]}"; do
    read -r name flag aten onednn mkl <<<"$set"
    if ! has "$flag"; then
        echo "golden tests under $name: SKIPPED, this processor does not have it"
        continue
    fi
    log=$(mktemp)
    if ATEN_CPU_CAPABILITY=$aten ONEDNN_MAX_CPU_ISA=$onednn MKL_ENABLE_INSTRUCTIONS=$mkl \
        cargo test --release --test suite -- golden:: >"$log" 2>&1 && grep -qE '^test result: ok. [1-9]' "$log"; then
        echo "golden tests under $name: $(grep -E '^test result' "$log")"
        rm "$log"
    else
        cat "$log"
        rm "$log"
        echo "error: the golden tests fail under $name"
        exit 1
    fi
done
