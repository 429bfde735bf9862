"""nginx with the site that deploy/nginx.conf ships, on this machine's own ports and with a certificate of its own."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers.servers import ROOT

NGINX = "/usr/sbin/nginx"
SITE = ROOT / "deploy" / "nginx.conf"
NAME = "faces.example.org"
MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    {paths}
    include {folder}/site.conf;
}}
"""
PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine and the site's name, and its key, as PEM files."""
    assert shutil.which("openssl"), "found no openssl: apt-get install openssl"
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*made, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's TLS settings that take a certificate for good."""
    return ssl.create_default_context(cafile=certificate)


@contextmanager
def nginx(folder: Path, behind: int, port: int, certificate: Path, key: Path) -> Iterator[None]:
    """The site on `port` of the loopback address, in front of a server on the port `behind`."""
    assert Path(NGINX).exists(), "found no nginx: apt-get install nginx"
    site = SITE.read_text(encoding="utf-8")
    for shipped, here in (
        ("server 127.0.0.1:5000;", f"server 127.0.0.1:{behind};"),
        ("listen 80;", f"listen unix:{folder}/plain;"),
        ("listen [::]:80;", ""),
        ("listen 443 ", f"listen 127.0.0.1:{port} "),
        ("listen [::]:443 ssl http2 sndbuf=64k;", ""),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(certificate)),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(key)),
        (f"server_name {NAME};", f"server_name {NAME} localhost 127.0.0.1;"),
    ):
        assert shipped in site, f"{SITE} has no {shipped!r} any more"
        site = site.replace(shipped, here)
    (folder / "site.conf").write_text(site)
    user = "user root;" if Path("/root").owner() == Path(folder).owner() else ""
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in PATHS)
    (folder / "main.conf").write_text(MAIN.format(folder=folder, user=user, paths=paths))
    with subprocess.Popen([NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/main.conf"]) as process:
        try:
            _await(process, port, folder)
            yield
        finally:
            process.terminate()
            process.wait(10)


def _await(process: subprocess.Popen[bytes], port: int, folder: Path, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            errors = (folder / "error.log").read_text() if (folder / "error.log").exists() else ""
            assert process.poll() is None, f"nginx ended: {errors}"
            assert time.monotonic() < until, f"nginx did not listen within {seconds:g} s: {errors}"
            time.sleep(0.05)
        else:
            return
