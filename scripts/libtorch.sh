#!/usr/bin/env bash
# Finds or installs libtorch and prepares .libtorch/dist, the folder that the build uses as LIBTORCH.
#
# It takes the first of these: LIBTORCH, if the user set it; a Python that has torch in the right version (PT4AL_PYTHON,
# else python3); the libraries alone from the wheels on PyPI, installed into .libtorch/venv (with CUDA only if there is an
# NVIDIA GPU). A second run finds the folder of the first one and changes nothing, so it needs no network.
#
# Prints the folder on standard output and everything else on standard error. On failure it prints one line.
set -euo pipefail

# The one place that names libtorch's version; build.rs reads it here. The `tch` of Cargo.toml is made for this version.
VERSION=2.11.0
ROOT=$(cd "$(dirname "$0")/.." && pwd)
HOME_DIR="$ROOT/.libtorch"
DIST="$HOME_DIR/dist"
# Three lines: the folder of the torch that DIST links to; its kind (user, cpu or cuda); the version of DIST's layout.
MARKER="$DIST/made-from"
LAYOUT=2

fail() { echo "error: $*" >&2; exit 1; }
say() { echo "libtorch: $*" >&2; }

case $(uname -s) in Darwin) SO=dylib ;; *) SO=so ;; esac

# Unquoted: CXX may hold arguments, for instance "ccache g++".
# shellcheck disable=SC2086
${CXX:-c++} --version >/dev/null 2>&1 ||
    fail "no C++ compiler (\`${CXX:-c++}\` does not run); install g++ or clang++, or set CXX, then run make again"

# version_of INCLUDE: the libtorch version that its headers state, e.g. 2.11.0.
version_of() {
    local header
    for header in "$1/torch/headeronly/version.h" "$1/torch/csrc/api/include/torch/version.h" "$1/torch/version.h"; do
        [ -e "$header" ] || continue
        awk '$1 == "#define" && $2 ~ /^TORCH_VERSION_(MAJOR|MINOR|PATCH)$/ { printf "%s%s", dot, $3; dot = "." }' "$header"
        return
    done
}

has_gpu() { command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; }

if [ -n "${LIBTORCH:-}" ] && [ "$LIBTORCH" != "$DIST" ]; then
    [ -e "$LIBTORCH/lib/libtorch_cpu.$SO" ] ||
        fail "LIBTORCH=$LIBTORCH has no lib/libtorch_cpu.$SO; set it to an unpacked libtorch $VERSION, or unset it"
    found=$(version_of "$LIBTORCH/include")
    [ -n "$found" ] || found=$(cut -d+ -f1 "$LIBTORCH/build-version" 2>/dev/null || true)
    case "$found" in
        "$VERSION") ;;
        '') fail "LIBTORCH=$LIBTORCH has no version (no torch/version.h); set it to libtorch $VERSION, or unset it" ;;
        *) fail "LIBTORCH=$LIBTORCH is libtorch $found, but pt4al needs $VERSION; point it at that, or unset it" ;;
    esac
    # An absolute path, because build scripts of dependencies run in other folders.
    (cd "$LIBTORCH" && pwd)
    exit 0
fi

mkdir -p "$HOME_DIR" 2>/dev/null || fail "cannot create $HOME_DIR; check the rights on the checkout"
# If two makes run at once, the second one waits for the first.
if command -v flock >/dev/null 2>&1; then
    exec 9>"$HOME_DIR/.lock"
    flock 9
fi

PYTHON=${PT4AL_PYTHON:-python3}
PROBE='
import importlib.metadata as m, importlib.util as u, os
try:
    v = m.version("torch"); s = u.find_spec("torch")
    print(v.split("+")[0], os.path.dirname(s.origin) if s else "")
except m.PackageNotFoundError:
    print("none")'

# Use the folder of an earlier run, unless another Python is named, its torch was changed, or a GPU was added.
if [ -e "$MARKER" ] && [ -e "$DIST/lib/libtorch_cpu.$SO" ] && [ "$(version_of "$DIST/include")" = "$VERSION" ]; then
    { read -r from; read -r kind; read -r layout; } <"$MARKER" || true
    wanted=$from
    if [ -n "${PT4AL_PYTHON:-}" ]; then
        wanted=$("$PYTHON" -c "$PROBE" 2>/dev/null | cut -d' ' -f2- || true)
    fi
    if [ "$wanted" = "$from" ] && [ "${layout:-1}" = "$LAYOUT" ] && { [ "${kind:-user}" != cpu ] || ! has_gpu; }; then
        echo "$DIST"
        exit 0
    fi
fi

# lay_out TORCH KIND: fills DIST with links into TORCH, the folder of a Python package.
lay_out() {
    local torch=$1 kind=$2 lib
    rm -rf "$DIST.new"
    mkdir -p "$DIST.new/lib"
    ln -s "$torch/include" "$DIST.new/include"
    # With CUDA's headers, build.rs compiles the library that records CUDA graphs; pt4al also runs without it.
    local cuda
    for cuda in "$(dirname "$torch")"/nvidia/cu1[0-9]/include; do
        if [ -d "$cuda/crt" ]; then ln -sfn "$cuda" "$DIST.new/cuda"; fi
    done
    for lib in "libtorch_cpu.$SO" "libc10.$SO" libgomp.so.1 libomp.dylib; do
        if [ -e "$torch/lib/$lib" ]; then ln -s "$torch/lib/$lib" "$DIST.new/lib/$lib"; fi
    done
    # libtorch_cpu.so itself needs these libraries of CUDA's runtime, which are in packages beside torch.
    while IFS= read -r lib; do
        if [ -n "$lib" ]; then ln -sf "$lib" "$DIST.new/lib/$(basename "$lib")"; fi
    done < <(find "$(dirname "$torch")/nvidia" \( -name 'libcudart.so.1[0-9]' -o -name 'libcupti.so.1[0-9]' \) 2>/dev/null || true)
    if [ "$SO" = so ]; then
        # The linker asks for libtorch.so, which depends on all of CUDA. This linker script replaces it: the program
        # links only the CPU libraries, and loads those of CUDA at start if they are there (src/device/mod.rs).
        echo 'INPUT(libtorch_cpu.so libc10.so)' >"$DIST.new/lib/libtorch.so"
    else
        ln -s "$torch/lib/libtorch.$SO" "$DIST.new/lib/libtorch.$SO"
    fi
    printf '%s\n%s\n%s\n' "$torch" "$kind" "$LAYOUT" >"$DIST.new/made-from"
    rm -rf "$DIST"
    mv "$DIST.new" "$DIST"
}

command -v "$PYTHON" >/dev/null 2>&1 ||
    fail "no Python 3 (\`$PYTHON\`) to fetch libtorch $VERSION with; install python3 with venv, or set LIBTORCH to an unpacked libtorch $VERSION"
read -r have where < <("$PYTHON" -c "$PROBE" 2>/dev/null || echo none) || true
if [ "${have:-}" = "$VERSION" ] && [ -e "${where:-}/include" ]; then
    say "using torch $have of $PYTHON ($where)"
    lay_out "$where" user
    echo "$DIST"
    exit 0
fi
if [ -n "${PT4AL_PYTHON:-}" ]; then
    fail "PT4AL_PYTHON=$PYTHON has torch ${have:-none}, but pt4al needs $VERSION; install torch==$VERSION there, or unset it"
fi
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    fail "no libtorch for $(uname -s) $(uname -m): install torch==$VERSION in a Python and set PT4AL_PYTHON to it, or set LIBTORCH"
fi

VENV="$HOME_DIR/venv"
LOG="$HOME_DIR/pip.log"
if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV" >"$LOG" 2>&1 ||
        fail "\`$PYTHON -m venv\` failed ($(tail -n 1 "$LOG")); install Python's venv module (Debian: python3-venv)"
fi
if has_gpu; then
    say "NVIDIA GPU found: installing torch $VERSION with CUDA (about 5 GB)"
    kind=cuda
    packages=("torch==$VERSION" 'nvidia-cuda-crt==13.0.*')
else
    say "installing torch $VERSION, CPU libraries (about 0.55 GB)"
    kind=cpu
    packages=(--no-deps "torch==$VERSION" 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*' 'nvidia-cuda-crt==13.0.*')
fi
if ! "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >"$LOG" 2>&1; then
    why=$(grep -m 1 -iE 'name resolution|unreachable|refused|connection|timed out|no space' "$LOG" || tail -n 1 "$LOG")
    fail "pip could not install torch $VERSION for $("$PYTHON" --version 2>&1) (${why:0:200}); check the network and the disk, or name another Python with PT4AL_PYTHON, or set LIBTORCH (whole log: $LOG)"
fi
site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
lay_out "$site/torch" "$kind"
echo "$DIST"
