import json
import socket
import socketserver
import subprocess
import sys
import threading
import time

import pytest

from benchmarks.tools.crowd import Client, Crowd, figures, percentile
from benchmarks.tools.processes import usage
from tests.support.servers.servers import ROOT
from tests.support.waiting import until

PARTS = [
    b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\nX-Timestamp: 12.5\r\nX-Frame: 1\r\n\r\n",
    b"\r\n--boundarydonotcross\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\nX-Timestamp: 13.000000\r\n\r\n",
    b"\r\n--frame\r\n\r\n1388\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\nX-Timestamp: 14\r\nX-Frame: 3\r\n"
    b"\r\n",
]
"""Heads as this program sends them, as uStreamer does, and within chunks."""


@pytest.mark.parametrize("step", [1, 7, 100, 511, 5000, 100_000])
def test_whole_parts_are_counted_however_they_come(step):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client = Client(ours)
    stream = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + b"".join(head + bytes(5000) for head in PARTS) + PARTS[0]
    for start in range(0, len(stream), step):
        theirs.sendall(stream[start : start + step])
        for _ in range(40 if step > 511 else 2):
            assert client.take()
    theirs.sendall(bytes(4999))
    for _ in range(40):
        assert client.take()
    assert [captured for _, captured in client.arrivals] == [12.5, 13.0, 14.0], "the last part lacks a byte"
    theirs.sendall(b"\0")
    assert client.take()
    assert len(client.arrivals) == 4
    theirs.close()
    assert not client.take()
    ours.close()


class Endless(socketserver.BaseRequestHandler):
    """A stream that never ends, but for the second viewer's, who gets one part."""

    def handle(self) -> None:
        self.request.recv(1000)
        server = self.server
        server.came += 1
        ends = server.came == 2
        while not server.stop.wait(0.02):
            head = f"Content-Type: image/jpeg\r\nContent-Length: 3000\r\nX-Timestamp: {time.time()}\r\n\r\n"
            try:
                self.request.sendall(b"--frame\r\n" + head.encode() + bytes(3000) + b"\r\n")
            except OSError:
                return
            if ends:
                return


@pytest.fixture
def endless():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Endless) as server:
        server.came, server.stop = 0, threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.stop.set()
        server.shutdown()
        thread.join()


def test_a_crowd_tells_what_it_saw_and_whose_stream_ended(endless):
    crowd = Crowd(endless, "/")
    crowd.enter(3)

    def seen():
        crowd.watch(0.05)
        return crowd.lost and all(client.arrivals for client in crowd.clients.values())

    until(seen)
    summary = figures(crowd, 1.0)
    assert (summary["viewers"], summary["lost"]) == (2, 1)
    assert summary["frames_per_second"] == sum(len(client.arrivals) for client in crowd.clients.values())
    assert summary["delay_ms"]["50"] >= 0
    crowd.leave(2)
    assert not crowd.clients


def test_rates_and_delays_come_from_what_arrived(endless):
    crowd = Crowd(endless, "/")
    crowd.enter(2)
    for client, count in zip(crowd.clients.values(), (10, 30), strict=True):
        client.arrivals = [(100.0 + number + 0.001 * number, 100.0 + number) for number in range(count)]
    summary = figures(crowd, 4.0)
    assert (summary["frames_per_second"], summary["slowest_viewer"], summary["fastest_viewer"]) == (10.0, 2.5, 7.5)
    assert summary["delay_ms"] == {"50": 10.0, "95": 28.0, "99": 29.0}
    crowd.forget()
    assert figures(crowd, 4.0)["frames_per_second"] == 0
    crowd.leave(2)


def test_the_crowd_runs_on_its_own(endless):
    command = [sys.executable, "-m", "benchmarks.tools.crowd", "--port", str(endless), "--viewers", "1"]
    done = subprocess.run(
        [*command, "--warm", "0.2", "--seconds", "0.5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    summary = json.loads(done.stdout)
    assert (summary["viewers"], summary["lost"]) == (1, 0)
    assert summary["own_cpu"] > 0


def test_a_percentile_is_a_value_that_came():
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 0.99) == 3


def test_what_a_process_and_its_children_use_is_told():
    work = "import time\nwhile time.process_time() < 0.5: pass\ninput()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as process:
        until(lambda: usage(process.pid).cpu >= 0.4)  # the child's time is counted
        found = usage(process.pid)
        process.communicate(b"\n")
    assert found.threads == 2
    assert found.memory > 5
    assert found.files >= 6
