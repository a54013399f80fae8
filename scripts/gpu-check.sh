#!/usr/bin/env bash
# Checks this machine's GPU in about two minutes: whether CPU and GPU give the same losses, with launched and with recorded
# steps; images per second in each precision with 1, 2 and 4 processes; the same in PyTorch. Prints a table for
# docs/performance.md. Without a GPU it says what it leaves out.
#
#   scripts/gpu-check.sh [OPTIONS OF pt4al gpu-check]     PT4AL_PYTHON names a Python with torch (python3)
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x target/release/pt4al ] || make --no-print-directory build
exec target/release/pt4al gpu-check experiments/cifar10.toml --python "${PT4AL_PYTHON:-python3}" "$@"
