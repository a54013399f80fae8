#!/usr/bin/env bash
# Follows the README's two commands on a minimal Debian, as a user who is not root: makes the root with debootstrap, clones the
# last commit into it, and runs `make demo` and `make test`. Then again with a home that cannot be written, and with a proxy
# that is not there.
#
#   tests/debian/run.sh             everything; the build alone takes an hour of one core
#   tests/debian/run.sh --to-build  only until the first crates compile, each time
#
# Needs root, debootstrap and a network. Rust comes from this machine's rustup, mounted read-only: what is tested is the
# project on a Debian without anything else, not rustup. RELEASE names another release (bookworm), ROOT_DIR an empty folder with
# 15 GB of room. Says what happened on lines that begin with "debian:", and fails if a step does.
set -euo pipefail
cd "$(dirname "$0")/../.."
CHECKOUT=$PWD
RELEASE=${RELEASE:-bookworm}
TO_BUILD=no
case ${1:-} in
    '') ;;
    --to-build) TO_BUILD=yes ;;
    *) echo "usage: tests/debian/run.sh [--to-build]" >&2; exit 2 ;;
esac

say() { echo "debian: $*"; }
fail() { echo "error: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "debootstrap needs root; run this as root, in a container or a virtual machine"
command -v debootstrap >/dev/null || fail "no debootstrap; install it (apt-get install debootstrap)"
sysroot=$(rustc --print sysroot 2>/dev/null) || fail "no rustc; install Rust with rustup"

ROOT_DIR=${ROOT_DIR:-$(mktemp -d /var/tmp/pt4al-debian.XXXXXX)}
[ -z "$(ls -A "$ROOT_DIR")" ] || fail "$ROOT_DIR is not empty; name an empty folder with ROOT_DIR"
mounted=()
clean() {
    # What a failed test left running keeps mounts busy.
    local at process
    for process in /proc/[0-9]*; do
        case $(readlink "$process/root" 2>/dev/null) in "$ROOT_DIR"*) kill -KILL "${process#/proc/}" || true ;; esac
    done
    # The last mount first. A root with a mount in it is never removed.
    for ((at = ${#mounted[@]} - 1; at >= 0; at--)); do umount -R "${mounted[at]}" || return; done
    rm -rf --one-file-system "$ROOT_DIR"
}
trap clean EXIT
# mount_at PATH OPTIONS...: mounts something at a path of the root.
mount_at() {
    mkdir -p "$ROOT_DIR$1"
    mount "${@:2}" "$ROOT_DIR$1"
    mounted+=("$ROOT_DIR$1")
}

# The mirror of this machine, if it is a Debian; else debootstrap's own.
mirror=$(sed -nE 's/^(URIs:|deb( \[[^]]*\])?) *(http[^ ]*\/debian\/?)( .*)?$/\3/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1 || true)
say "making a minimal $RELEASE in $ROOT_DIR"
# What the README asks for, and nothing else: a C and a C++ compiler, make, Python 3 with venv.
debootstrap --variant=minbase --include=gcc,g++,make,python3,python3-venv,ca-certificates "$RELEASE" "$ROOT_DIR" \
    ${mirror:+"$mirror"} >"$ROOT_DIR.log" 2>&1 || fail "debootstrap failed ($(tail -n 1 "$ROOT_DIR.log")); see $ROOT_DIR.log"
rm -f "$ROOT_DIR.log"
# It is the root folder of a user, and mktemp keeps others out.
chmod 755 "$ROOT_DIR"
mount_at /proc -t proc proc
mount_at /dev --rbind /dev
mount --make-rslave "$ROOT_DIR/dev"
mount_at /opt/rust --bind -o ro "$sysroot"
mount -o remount,bind,ro "$ROOT_DIR/opt/rust"
# So that the root trusts what this machine trusts, for instance the certificate of a proxy.
mount_at /etc/ssl/certs --bind /etc/ssl/certs
cp /etc/resolv.conf "$ROOT_DIR/etc/resolv.conf"
chroot "$ROOT_DIR" useradd --create-home --shell /bin/bash person
say "$(chroot "$ROOT_DIR" dpkg-query -W | wc -l) packages, $(chroot "$ROOT_DIR" gcc --version | head -n 1), $(chroot "$ROOT_DIR" python3 --version), $(chroot "$ROOT_DIR" /opt/rust/bin/cargo --version)"

# clone NAME: a fresh clone of the last commit in the folder /srv/NAME of the person.
clone() {
    git clone --quiet "$CHECKOUT" "$ROOT_DIR/srv/$1"
    chroot "$ROOT_DIR" chown -R person: "/srv/$1"
}

# Settings of the network that this machine has, and nothing else of its environment.
network=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE PIP_CERT PIP_INDEX_URL; do
    if [ -n "${!name:-}" ]; then network+=("$name=${!name}"); fi
done

# as_person FOLDER LOG VARIABLE=VALUE... -- COMMAND...: runs a command in a clone. With --to-build it ends when crates compile.
as_person() {
    local folder=$1 log=$2 variables=()
    shift 2
    while [ "$1" != -- ]; do variables+=("$1"); shift; done
    shift
    # setsid: the whole group can be ended.
    setsid chroot --userspec=person:person "$ROOT_DIR" /usr/bin/env -i HOME=/home/person USER=person LANG=C.UTF-8 \
        PATH=/opt/rust/bin:/usr/bin:/bin "${network[@]}" "${variables[@]}" \
        sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@" >"$log" 2>&1 &
    local child=$!
    while kill -0 "$child" 2>/dev/null; do
        if [ "$TO_BUILD" = yes ] && [ "$(grep -c '^ *Compiling' "$log")" -ge 3 ]; then
            kill -- "-$child"
            wait "$child" 2>/dev/null || true
            say "   compiles: $(grep '^ *Compiling' "$log" | head -n 3 | xargs); ended there"
            return 0
        fi
        sleep 1
    done
    wait "$child"
}

# step WHAT ARGUMENTS...: as_person with a report.
step() {
    local what=$1 log began
    log=$(mktemp)
    began=$SECONDS
    shift
    say "$what"
    if as_person "$1" "$log" "${@:2}"; then
        say "   right, after $((SECONDS - began)) s"
    else
        sed 's/^/    /' "$log" | tail -n 20
        rm -f "$log"
        fail "failed: $what"
    fi
    rm -f "$log"
}

clone usual
step "make demo, as a user" /srv/usual -- make demo
step "make test, as a user" /srv/usual -- make test

# An empty one, because cargo can build from a folder of crates that it filled before and cannot write.
say "an empty home that cannot be written"
home=/srv/home
mount_at $home -t tmpfs -o ro tmpfs
clone read-only
log=$(mktemp)
if as_person /srv/read-only "$log" HOME=$home -- make build; then
    say "   make build does not need it"
else
    say "   without CARGO_HOME: $(grep -m 1 -E '^error' "$log" || tail -n 1 "$log")"
    rm -rf "$ROOT_DIR/srv/read-only"
    clone read-only
    mkdir "$ROOT_DIR/srv/cargo"
    chroot "$ROOT_DIR" chown person: /srv/cargo
    step "make demo with CARGO_HOME in another folder" /srv/read-only HOME=$home CARGO_HOME=/srv/cargo -- make demo
fi
rm -f "$log"

say "a proxy that is not there, which must end in one line that says so"
clone proxy
log=$(mktemp)
dead=http://127.0.0.1:9
if as_person /srv/proxy "$log" http_proxy=$dead https_proxy=$dead CARGO_HOME=/srv/proxy/.cargo-home -- make build; then
    say "   it was not used"
else
    say "   $(grep -m 1 -E '^error' "$log" || tail -n 1 "$log")"
fi
rm -f "$log"
say "done"
