"""What `python main.py` answers to what is no valid HTTP: the same as behind gunicorn."""

import http.client
import json
import socket
import threading

import pytest
from flask import Flask
from werkzeug.serving import make_server

from web.security.headers import HEADERS
from web.security.werkzeug_handler import Handler


@pytest.fixture(scope="module")
def port():
    app = Flask(__name__)
    app.add_url_rule("/", "hello", lambda: "hello")
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(30)
    server.server_close()


def ask(port: int, request: bytes) -> tuple[http.client.HTTPResponse, bytes]:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(request)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer, answer.read()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 65_532, 414),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(101)) + b"\r\n", 431),
        (b"GET / /api HTTP/1.1\r\n\r\n", 400),
        (b"GET http://[::1/api/state HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/7.1\r\n\r\n", 505),
    ],
    ids=["long", "many headers", "words", "address", "version"],
)
def test_what_is_no_http_is_refused_as_a_problem(port, capfd, request_, status):
    answer, body = ask(port, request_)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(body)["status"] == status
    assert HEADERS.items() <= dict(answer.headers).items()
    assert capfd.readouterr() == ("", ""), "an address of a visitor is told"


def test_what_is_http_is_answered(port):
    answer, body = ask(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (answer.status, body) == (200, b"hello")
