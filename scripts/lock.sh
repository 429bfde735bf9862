#!/bin/sh
# Write the lock files: every package with its version and the SHA-256 of each of its files, for all systems and
# Pythons that are supported. To be run after a change of requirements*.txt; what is locked already stays as it is.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
command -v uv >/dev/null 2>&1 && uv=uv || uv="$venv/bin/uv"
[ "$uv" = uv ] || [ -x "$uv" ] || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9
lock() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --output-file "$1.lock" "$1.txt" ${2:+--constraint "$2.lock"}
}
lock requirements-serve
lock requirements requirements-serve
lock requirements-dev requirements
