#!/usr/bin/env bash
# Finds or installs libtorch 2.11 and lays out .libtorch/dist, the folder that the build calls LIBTORCH.
#
# Order: LIBTORCH of the user; a Python whose torch is 2.11 (PT4AL_PYTHON, python3); else the libraries alone, from
# the wheels on PyPI, into .libtorch/venv (CUDA's only where an NVIDIA GPU is). A second run finds the folder made
# for the same source and touches nothing, so it needs no network.
#
# Prints the folder on standard output; everything else goes to standard error. Fails with one line.
set -euo pipefail

VERSION=2.11.0
ROOT=$(cd "$(dirname "$0")/.." && pwd)
HOME_DIR="$ROOT/.libtorch"
DIST="$HOME_DIR/dist"

fail() { echo "error: $*" >&2; exit 1; }
say() { echo "libtorch: $*" >&2; }

case $(uname -s) in Darwin) SO=dylib ;; *) SO=so ;; esac

"${CXX:-c++}" --version >/dev/null 2>&1 ||
    fail "no C++ compiler (\`${CXX:-c++}\` does not run); install g++ or clang++, or set CXX, then run make again"

# version_of HEADERS: the libtorch version that version.h of an include folder states, e.g. 2.11.0.
version_of() {
    local header
    for header in "$1/torch/headeronly/version.h" "$1/torch/csrc/api/include/torch/version.h" "$1/torch/version.h"; do
        [ -e "$header" ] || continue
        awk '$1 == "#define" && $2 ~ /^TORCH_VERSION_(MAJOR|MINOR|PATCH)$/ { printf "%s%s", dot, $3; dot = "." }' "$header"
        return
    done
}

check_version() { # FOUND WHERE REMEDY
    case "$1" in
        2.11|2.11.*) ;;
        '') fail "$2 has no torch/version.h, so it is not a libtorch with headers; $3" ;;
        *) fail "$2 is libtorch $1, but pt4al needs 2.11; $3" ;;
    esac
}

if [ -n "${LIBTORCH:-}" ] && [ "$LIBTORCH" != "$DIST" ]; then
    [ -e "$LIBTORCH/lib/libtorch_cpu.$SO" ] ||
        fail "LIBTORCH=$LIBTORCH has no lib/libtorch_cpu.$SO; set it to an unpacked libtorch $VERSION, or unset it"
    found=$(version_of "$LIBTORCH/include")
    [ -n "$found" ] || found=$(cut -d+ -f1 "$LIBTORCH/build-version" 2>/dev/null || true)
    check_version "$found" "LIBTORCH=$LIBTORCH" "point it at 2.11, or unset it and run make again"
    echo "$LIBTORCH"
    exit 0
fi

# The marker names the source a finished folder was made from; its last step is written last.
MARKER="$DIST/made-from"
if [ -e "$MARKER" ] && [ -e "$DIST/lib/libtorch_cpu.$SO" ]; then
    echo "$DIST"
    exit 0
fi

# lay_out TORCH [EXTRA_LIB...]: the build's view of the folder TORCH of a Python package.
lay_out() {
    local torch=$1; shift
    rm -rf "$DIST.new"
    mkdir -p "$DIST.new/lib"
    ln -s "$torch/include" "$DIST.new/include"
    local lib
    for lib in "libtorch_cpu.$SO" "libc10.$SO" libgomp.so.1 libomp.dylib; do
        [ -e "$torch/lib/$lib" ] && ln -s "$torch/lib/$lib" "$DIST.new/lib/$lib"
    done
    for lib in "$@"; do ln -s "$lib" "$DIST.new/lib/$(basename "$lib")"; done
    if [ "$SO" = so ]; then
        # The linker asks for libtorch.so, whose own dependencies are all of CUDA. This text stands in for it: the
        # program links the CPU libraries alone, and loads the CUDA ones at start where they are (src/device.rs).
        echo 'INPUT(libtorch_cpu.so libc10.so)' >"$DIST.new/lib/libtorch.so"
    else
        ln -s "$torch/lib/libtorch.$SO" "$DIST.new/lib/libtorch.$SO"
    fi
    echo "$torch" >"$DIST.new/made-from"
    rm -rf "$DIST"
    mv "$DIST.new" "$DIST"
}

# cuda_libs SITE: the runtime libraries that libtorch_cpu.so itself names, from the wheels beside torch.
cuda_libs() {
    find "$1/nvidia" \( -name 'libcudart.so.1[0-9]' -o -name 'libcupti.so.1[0-9]' \) 2>/dev/null || true
}

PYTHON=${PT4AL_PYTHON:-python3}
PROBE='
import importlib.metadata as m, importlib.util as u, os
try:
    v = m.version("torch"); s = u.find_spec("torch")
    print(v.split("+")[0], os.path.dirname(s.origin) if s else "")
except m.PackageNotFoundError:
    print("none")'
if ! command -v "$PYTHON" >/dev/null 2>&1; then
    fail "no Python 3 (\`$PYTHON\`) to fetch libtorch $VERSION with; install python3 with venv, or set LIBTORCH to an unpacked libtorch $VERSION"
fi
read -r have where < <("$PYTHON" -c "$PROBE" 2>/dev/null || echo none) || true
case "$have" in
    2.11|2.11.*)
        say "using torch $have of $PYTHON ($where)"
        # shellcheck disable=SC2046
        lay_out "$where" $(cuda_libs "$(dirname "$where")")
        echo "$DIST"
        exit 0 ;;
esac
if [ -n "${PT4AL_PYTHON:-}" ]; then
    fail "PT4AL_PYTHON=$PYTHON has torch ${have:-none}, but pt4al needs 2.11; install torch==$VERSION there, or unset it"
fi
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    fail "no libtorch 2.11 for $(uname -s) $(uname -m): install torch==$VERSION in a Python and set PT4AL_PYTHON to it, or set LIBTORCH"
fi

VENV="$HOME_DIR/venv"
LOG="$HOME_DIR/pip.log"
mkdir -p "$HOME_DIR"
if [ ! -x "$VENV/bin/pip" ]; then
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV" >"$LOG" 2>&1 ||
        fail "\`$PYTHON -m venv\` failed ($(tail -n 1 "$LOG")); install Python's venv module (Debian: python3-venv)"
fi
if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; then
    say "NVIDIA GPU found: installing torch $VERSION with CUDA (about 5 GB)"
    packages=("torch==$VERSION")
else
    say "installing torch $VERSION, CPU libraries (about 0.55 GB)"
    packages=(--no-deps "torch==$VERSION" 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*')
fi
if ! "$VENV/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >"$LOG" 2>&1; then
    why=$(grep -m 1 -iE 'name resolution|network is unreachable|connection|timed out|no space|no matching' "$LOG" || tail -n 1 "$LOG")
    fail "pip could not install torch $VERSION (${why:0:160}); check the network and the disk, or set LIBTORCH (whole log: $LOG)"
fi
site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# shellcheck disable=SC2046
lay_out "$site/torch" $(cuda_libs "$site")
echo "$DIST"
