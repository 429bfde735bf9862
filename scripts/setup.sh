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
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
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

# A stamp holds the checksum of what was installed, so that only a change of the pins installs again.
install_pins() {
    file=$1
    stamp="$venv/.$(basename "$file").installed"
    sum=$(cat requirements.txt "$file" | cksum)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ]; then return; fi
    say "installing $file (the first time this takes some minutes)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$file"
    printf '%s\n' "$sum" >"$stamp"
}

[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || make_venv
if [ "$what" = run ]; then
    install_pins requirements.txt
else
    install_pins requirements-dev.txt
    missing=
    command -v "${CHROMIUM:-chromium}" >/dev/null 2>&1 || missing="$missing chromium"
    command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
    # shellcheck disable=SC2086 # a list of words
    [ -z "$missing" ] || install_packages $missing
fi
