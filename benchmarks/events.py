"""What do 200 listeners to `/api/events` cost, compared with the usual way: a generator for each, making its own JSON?

Both run behind gunicorn with a thread for each listener, send the same three faces four times a second, and are read
alternately by the same cheap crowd. This program's camera is offered 30 frames a second meanwhile, which is left out of
its figure: it is what the same server uses with one listener, before and after.
"""

import argparse
import time
from statistics import median
from typing import Any

from benchmarks.tools.crowd import Crowd, percentile
from benchmarks.tools.listeners import EVENTS, Listener
from benchmarks.tools.processes import usage
from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import Running, offered, picture, plain


def measure(server: Running, listeners: int, seconds: float) -> dict[str, Any]:
    """Measure what so many listeners receive from a running server, and the share of a core that it uses."""
    crowd = Crowd(server.port, EVENTS)
    crowd.enter(listeners, kind=Listener)
    crowd.watch(2)
    crowd.forget()
    before, began = usage(server.process.pid), time.monotonic()
    crowd.watch(seconds)
    after, took = usage(server.process.pid), time.monotonic() - began
    received = [len(client.arrivals) / took for client in crowd.clients.values()]
    delays = [arrived - captured for client in crowd.clients.values() for arrived, captured in client.arrivals]
    lost, size = crowd.lost, max(client.taken / max(1, len(client.arrivals)) for client in crowd.clients.values())
    crowd.leave(listeners)
    return {
        "cpu": (after.cpu - before.cpu) / took,
        "fewest_events_a_second": min(received, default=0.0),
        "age_ms": 1000 * percentile(delays, 0.5),
        "bytes": size,
        "lost": lost,
    }


def compare(listeners: int, jpeg: bytes, seconds: float) -> dict[str, Any]:
    """Measure both alternately: the processor time that the listeners cost, as a share of a core."""
    with offered(jpeg, 30, OFFERED_FACES="3") as server:
        before, received, after = (measure(server, count, seconds) for count in (1, listeners, 1))
    with plain(jpeg, listeners + 10) as server:
        usual = measure(server, listeners, seconds)
    one = (before["cpu"] + after["cpu"]) / 2
    return {
        "project": {**received, "cpu": received["cpu"] - one, "cpu with one": one},
        "usual": usual,
        "ratio of processor time": ratio(received["cpu"] - one, usual["cpu"]),
    }


def main() -> None:
    """Compare some times, print the medians, write results/benchmark-events.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, default=200, help="at a time (default 200)")
    parser.add_argument("--seconds", type=float, default=6.0, help="counted in each round (default 6)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default 3)")
    options = parser.parse_args()
    rounds = [compare(options.listeners, picture(40_000), options.seconds) for _ in range(options.rounds)]
    for side in ("project", "usual"):
        figures = {key: median(one[side][key] for one in rounds) for key in rounds[0][side]}
        print(
            f"  {side:8s} {100 * figures['cpu']:5.1f} % of a core for {options.listeners} listeners, "
            f"{figures['fewest_events_a_second']:.2f} events a second at least, {figures['bytes']:.0f} bytes each, "
            f"lost {figures['lost']:g}"
        )
    print(f"  ratio of processor time: {median(one['ratio of processor time'] for one in rounds):g}")
    write("events", rounds)


if __name__ == "__main__":
    main()
