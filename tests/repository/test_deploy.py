"""What deploy/ ships fits the program: metrics, folders, settings and the unit's own checks."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.loader import load
from config.settings import Settings
from main import create_app
from tests.repository.test_architecture import MODULES
from tests.support.servers.servers import ROOT

DEPLOY = ROOT / "deploy"
METRIC = re.compile(r"\b(?:expression|process)_[a-z_]+")


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    """The names of all samples that a server gives."""
    storage = str(tmp_path_factory.mktemp("deploy") / "store")
    app = create_app(Settings(source=("demo",), width=320, height=180, idle=0.2, storage=storage))
    client = app.test_client()
    client.get("/", buffered=True)
    stream = client.get("/video_feed?fps=5", buffered=False)
    for _, _ in zip(range(8), stream.response, strict=False):
        pass
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    stream.close()
    app.extensions["server"].close()
    return {sample.name for family in families for sample in family.samples}


def test_the_dashboard_asks_for_metrics_that_exist(metrics):
    shared_metrics = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in shared_metrics["panels"] for target in panel["targets"]]
    asked += [item["query"]["query"] for item in shared_metrics["templating"]["list"] if item["type"] == "query"]
    names = {name for text in asked for name in METRIC.findall(text)}
    assert len(names) > 20
    assert names <= metrics
    assert len({panel["id"] for panel in shared_metrics["panels"]}) == len(shared_metrics["panels"])


def test_the_alerts_ask_for_metrics_that_exist(metrics):
    rules = re.sub("#.*|job=.expression.|^ *- name:.*", "", (DEPLOY / "prometheus.rules.yml").read_text(), flags=re.M)
    names = set(METRIC.findall("\n".join(line for line in rules.splitlines() if "expr:" in line)))
    assert len(names) == 11
    assert names <= metrics


def test_the_settings_that_are_shipped_can_be_read():
    settings = load({"config": str(DEPLOY / "expression.toml")}, {})
    assert (settings.proxies, settings.hosts, settings.log_format) == (1, ("faces.example.org",), "json")


def test_the_unit_and_the_site_are_of_one_mind():
    unit, site = ((DEPLOY / name).read_text(encoding="utf-8") for name in ("expression.service", "nginx.conf"))
    shipped = tomllib.loads((DEPLOY / "expression.toml").read_text(encoding="utf-8"))
    assert "EXPRESSION_CONFIG=/etc/expression/expression.toml" in unit
    assert f"server {shipped['host']}:{shipped['port']};" in site
    assert f"server_name {shipped['hosts'][0]};" in site
    for folder in ("storage", "access"):
        assert shipped[folder].startswith("/var/lib/expression/"), "the only folder that the unit may write to"
    assert "StateDirectory=expression" in unit
    largest = int(re.search(r"client_max_body_size (\d+)m", site).group(1))
    assert largest > Settings().max_video


def test_the_unit_waits_for_the_class_of_devices_that_it_lets_through():
    unit = (DEPLOY / "expression.service").read_text(encoding="utf-8")
    assert "DeviceAllow=char-video4linux rw" in unit
    for order in ("After", "Wants"):  # systemd passes over a class that the kernel has not heard of yet
        assert re.search(f"^{order}=.*modprobe@videodev.service", unit, re.MULTILINE)


def test_the_image_holds_every_folder_that_serves():
    taken = set(re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    folders = {name.split(".")[0] for name, path in MODULES.items() if path.parent != ROOT} - {"training"}
    assert folders | {"*.py", "static", "templates", "weights", "requirements-serve.lock"} <= taken
    assert taken.isdisjoint({"tests", "training", "benchmarks"})


def test_the_image_runs_as_nobody_in_particular_and_is_told_to_stop():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER 10001" in lines
    assert 'CMD ["gunicorn", "main:app"]' in lines, "the exec form: signals reach gunicorn itself"
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_the_procfile_starts_what_the_readme_tells():
    assert (ROOT / "Procfile").read_text(encoding="utf-8").startswith("web: gunicorn ")


def test_serving_imports_nothing_that_its_own_install_lacks():
    script = "import main, sys; print(*sorted(name.split('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert {"tensorflow", "keras", "matplotlib", "pytest", "skimage"}.isdisjoint(done.stdout.split())


def test_the_network_runs_without_what_a_servers_install_removes():
    removed = re.findall(r"ai_edge_litert/(\S+)", (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8"))
    assert "libLiteRt.so" in removed
    script = f"""
import os
there = os.path.isfile
os.path.isfile = lambda path: os.path.basename(path) not in {removed!r} and there(path)
from model import EmotionModel
print(EmotionModel.load("weights/ferplus", "litert").runtime, "libLiteRt.so" in open("/proc/self/maps").read())
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "litert False\n", done.stderr


@pytest.mark.parametrize("name", ["deploy/prometheus.yml", "docs/deployment.md"])
def test_the_token_of_prometheus_is_in_no_file_that_others_can_read(name, tmp_path):
    """The steps as they are told, but for the owner, in a shell with the umask that most have."""
    kept = tmp_path / "expression.token"
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ").replace("/etc/prometheus", str(tmp_path))
    steps = [
        line.strip(" #") for line in text.splitlines() if f" {kept}" in line and not line.endswith(f"file: {kept}")
    ]
    make, write = steps
    assert re.fullmatch(rf"install -m 600 -o prometheus /dev/null {kept}", make)
    assert re.search(rf"main.py access add prometheus --role operate > {kept}$", write)
    write = f"{sys.executable} {write[write.index('main.py') :]}".replace(" >", f" --access {tmp_path}/access.json >")
    script = f"umask 022; {make.replace('-o prometheus ', '')}; stat -c %a {kept}; {write}; stat -c %a {kept}"
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["600", "600"], done.stderr
    assert kept.read_text(encoding="ascii").startswith("expr_")


def test_the_settings_may_hold_passwords_so_that_others_cannot_read_them():
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert "install -D -m 640 -g expression deploy/expression.toml /etc/expression/expression.toml" in text
