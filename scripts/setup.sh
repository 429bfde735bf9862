#!/bin/sh
# Set up what is missing: the virtual environment with the pinned packages and, for "dev", what the tests need.
# Does nothing, in milliseconds, when all is there. Usage: scripts/setup.sh run|dev
set -eu
cd "$(dirname "$0")/.."
what=${1:?run or dev}
venv=${VENV:-.venv}

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Installs Debian packages, as root or by sudo; the names are the message where neither can be had.
install_packages() {
    command -v apt-get >/dev/null 2>&1 || fail "please install by hand what Debian calls: $*"
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "please have an administrator run: apt-get install $*"
        as_root=sudo
    fi
    say "installing $*"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "could not install $*; install by hand what is missing (a browser may also be named by CHROMIUM=/path)"
}

# TensorFlow has wheels for Python 3.11 to 3.13, so those go before whatever python3 is.
find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "found no Python 3.11 to 3.13 (TensorFlow has none for later ones yet); install one, then: make PYTHON=python3.13"
}

make_venv() {
    python=$(find_python)
    say "making $venv with $("$python" --version)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install_packages "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    "$python" -m venv --clear "$venv"
}

# Stamps hold the checksum of the pins that were installed, so that only a change of them installs again.
stamp() { printf '%s/.%s.installed' "$venv" "$1"; }
is_installed() { [ "$(cat "$(stamp "$1")" 2>/dev/null)" = "$(cksum <"$1")" ]; }
install_pins() {
    say "installing $1 (the first time this takes some minutes)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$1"
    cksum <requirements.txt >"$(stamp requirements.txt)" # the other file begins with this one
    cksum <"$1" >"$(stamp "$1")"
}

# The browser that the tests drive; Ubuntu has no package "chromium", but one that brings it as a snap.
browser_package() {
    for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
        command -v "$name" >/dev/null 2>&1 && return
    done
    if grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then echo chromium-browser; else echo chromium; fi
}

# The cameras that the tests read: uStreamer, and GStreamer's RTSP server with what Debian's own Python needs for it.
camera_packages() {
    command -v ustreamer >/dev/null 2>&1 || echo ustreamer
    have() { for file in "$@"; do [ -e "$file" ] && return; done; false; }
    have /usr/lib/python3/dist-packages/gi || echo python3-gi
    have /usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib || echo gir1.2-gst-rtsp-server-1.0
    have /usr/lib/*/gstreamer-1.0/libgstrtp.so || echo gstreamer1.0-plugins-good
    have /usr/lib/*/gstreamer-1.0/libgstx264.so || echo gstreamer1.0-plugins-ugly
}

[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || make_venv
is_installed requirements.txt || [ "$what" = dev ] || install_pins requirements.txt
if [ "$what" = dev ]; then
    is_installed requirements.txt && is_installed requirements-dev.txt || install_pins requirements-dev.txt
    missing=$(browser_package)
    command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
    missing="$missing$(camera_packages | sed 's/^/ /' | tr -d '\n')"
    # shellcheck disable=SC2086 # a list of words
    [ -z "$missing" ] || install_packages $missing
fi
