"""The OpenAPI document says what the server does: all of it, and nothing else."""

import http.client
import io
import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import jsonschema_rs
import pytest
from PIL import Image
from skimage import data

import web.description.openapi
from config.settings import Settings
from main import create_app
from tests.support.servers.grants import Grants
from tests.support.servers.servers import ROOT, free_port, running
from web.description.examples import example

EXAMPLES = os.environ.get("API_EXAMPLES", "2")
"""Random requests for each endpoint and phase in `make test-long`; `make fuzz-api` asks for more."""
SEED = os.environ.get("API_SEED", "1")
PAGES = re.compile(r"/(api/docs|static/.*|camera|pictures|videos|records.*|about.*|login|logout)?")
"""What is for people, not for programs."""


@pytest.fixture(scope="module")
def app():
    app = create_app(Settings(source=("demo",)))
    yield app
    app.extensions["server"].close()


@pytest.fixture(scope="module")
def document(app):
    return app.test_client().get("/api/openapi.json").json


def closed(schema):
    """The same schemas, in which an object may have no member that is not told of."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: part if key in ("example", "examples") else closed(part) for key, part in schema.items()}
    return {**made, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else made


def references(part):
    if isinstance(part, dict):
        yield from (part["$ref"],) if isinstance(part.get("$ref"), str) else ()
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_address_for_programs_is_described(app, document):
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        if not rule.websocket and not PAGES.fullmatch(rule.rule):
            assert path in document["paths"], f"{rule.rule} wants an `operation` beside its view"
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                assert method.lower() in document["paths"][path]


def test_every_operation_has_words_and_its_own_id_and_errors_are_problems(document):
    operations = [about for methods in document["paths"].values() for about in methods.values()]
    assert len({about["operationId"] for about in operations}) == len(operations)
    for about in operations:
        assert about["summary"]
        assert all(parameter["description"] for parameter in about.get("parameters", ()))
        for status, answer in about["responses"].items():
            assert answer["description"]
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"]


def test_references_lead_somewhere_and_examples_are_what_the_schemas_say(document):
    schemas = document["components"]["schemas"]
    assert {reference.rsplit("/", 1)[1] for reference in references(document)} <= set(schemas)
    for name in schemas:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema_rs.Draft202012Validator(closed(schema)).validate(example({"$ref": f"/{name}"}, schemas))


def test_the_document_is_the_same_at_both_addresses_and_names_a_camera_of_this_server(app, document):
    assert app.test_client().get("/openapi.json").json == document
    assert document["openapi"].startswith("3.1")
    (camera,) = document["paths"]["/video_feed/{camera}"]["get"]["parameters"][:1]
    assert camera["example"] in app.extensions["server"].cameras


def test_where_the_server_asks_who_is_there_the_document_says_so(app):
    document = web.description.openapi.document(app, guarded=True)
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["paths"]["/api/analyze"]["post"]["security"] == [{"token": []}]
    assert document["paths"]["/api/analyze"]["post"]["x-role"] == "analyse"
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_where_the_server_asks_who_is_there_the_commands_of_the_page_hold_a_token(tmp_path):
    grants = Grants(tmp_path)
    guarded = create_app(Settings(source=("demo",), access=str(tmp_path / "access.json")))
    page = guarded.test_client().get("/api/docs", headers=grants.bearer("watch")).text
    assert 'data-path="/api/analyze" data-guarded>' in page
    assert 'data-path="/healthz">' in page
    guarded.extensions["guard"].close()


def test_a_form_of_pictures_has_one_of_its_fields_and_no_other(document):
    content = document["paths"]["/api/analyze"]["post"]["requestBody"]["content"]
    form = content["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"image", "face"}
    assert (form["minProperties"], form["additionalProperties"]) == (1, False)
    assert "application/octet-stream" in content, "what generators of clients know"


def test_a_parameter_given_twice_is_refused(app):
    answer = app.test_client().post("/api/analyze?form=json&form=csv", data=b"x")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert "got 2 of them, expected one" in answer.json["detail"]


@pytest.mark.parametrize(
    "query", ["fps=", "width=", "bars=", "privacy=&width=64", "smoothing=", "viewer=", "viewer=a&viewer="]
)
def test_a_parameter_without_a_value_is_refused(app, query):
    answer = app.test_client().get(f"/video_feed?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert "got nothing, expected a value, such as" in answer.json["detail"]


def test_below_a_path_of_another_site_all_addresses_begin_with_it(app):
    below = {"environ_overrides": {"SCRIPT_NAME": "/faces"}}
    client = app.test_client()
    assert client.get("/api/openapi.json", **below).json["servers"] == [{"url": "/faces"}]
    assert client.get("/api/openapi.json").json["servers"] == [{"url": "/"}]
    (camera,) = client.get("/api/cameras", **below).json["cameras"]
    assert camera["snapshot"] == "/faces/snapshot/camera.jpg"


def test_the_bundles_at_hand_are_told_with_size_and_figures(app):
    models = app.test_client().get("/api/models").json["models"]
    assert [(model["name"], model["in_use"]) for model in models] == [("fer2013", False), ("ferplus", True)]
    for model in models:
        folder = ROOT / "weights" / model["name"]
        assert model["files"] == {name: (folder / name).stat().st_size for name in model["files"]}
        assert model["bytes"] == sum(model["files"].values())
        assert model["figures"]["litert"]["validation"]["accuracy"] > 0.5


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "server"


@pytest.fixture(scope="module")
def address(tmp_path_factory, log):
    port, storage = free_port(), tmp_path_factory.mktemp("storage")
    env = {"EXPRESSION_STORAGE": str(storage), "EXPRESSION_SOURCE": "demo", "EXPRESSION_PORT": str(port)}
    with log.open("w+b") as file, running([sys.executable, "-m", "gunicorn", "main:app"], port, env, output=file):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("line", "status", "detail"),
    [
        (b"GET /api/state?" + b"a" * 5000 + b" HTTP/1.1", 414, "Request Line is too large"),
        (b"GET /api/state", 400, "Invalid Request Line"),
        (b"GET / HTTP/1.1\r\nContent-Length: many", 400, "Invalid HTTP Header"),
    ],
    ids=["long", "short", "length"],
)
def test_what_is_no_http_is_answered_as_a_problem_too(address, line, status, detail):
    port = urllib.parse.urlsplit(address).port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(line + b"\r\nHost: localhost\r\n\r\n")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        problem = json.load(answer)
    assert (answer.status, problem["status"]) == (status, status)
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert detail in problem["detail"]


def test_who_sends_too_much_reads_why_although_the_rest_of_it_is_not_taken(address):
    """urllib gives up where it is cut off while it sends, and reads no answer then."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/api/analyze", bytes(40_000_000), timeout=30)
    with refused.value as answer:
        assert answer.status == 413
        assert "A picture may have 25 MB" in json.load(answer)["detail"]


def faults(log):
    """What a server's log tells of faults: those words and the lines behind them."""
    text = log.read_text(errors="replace")
    return "\n".join(re.findall(r"^.* ERROR .*(?:\n(?!\d{4}-\d\d-\d\d ).*)*", text, re.MULTILINE))


def test_the_documents_own_examples_are_answered_as_described(address, document, log, tmp_path):
    random_requests(address, document, log, tmp_path, "--phases", "examples")


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_schemathesis_finds_no_mismatch_and_no_server_error(address, document, log, tmp_path):
    random_requests(address, document, log, tmp_path, "--max-examples", EXAMPLES)


def random_requests(address, document, log, tmp_path, *how):
    """With every check on, and answers held to closed schemas: no member comes that is not described."""
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps({**document, "components": closed(document["components"])}), encoding="utf-8")
    config = "tests/support/clients/schemathesis.toml"
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run", file]
    options = ["--url", address, "--checks", "all", "--seed", SEED, "--no-color", *how]
    done = subprocess.run(
        [*map(str, command), *options, "--generation-database", "none", "--request-timeout", "20"],
        cwd=ROOT,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.support.clients.api_hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, output[-20_000:] + faults(log)
    assert not faults(log)


def test_answers_with_faces_are_as_described(address, document):
    """Schemathesis' own pictures show nobody."""
    made = io.BytesIO()
    Image.fromarray(data.astronaut()).save(made, "PNG")
    with urllib.request.urlopen(f"{address}/api/analyze", made.getvalue(), timeout=30) as answer:
        content = json.load(answer)
    assert content["faces"]
    schema = {"$ref": "#/components/schemas/PictureFaces", "components": document["components"]}
    jsonschema_rs.Draft202012Validator(closed(schema)).validate(content)
