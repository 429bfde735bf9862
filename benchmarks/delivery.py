"""How many frames a second reach 1, 50 and 200 viewers, and at what cost, compared with uStreamer?

Both are offered the same JPEG of 40 kB: 120 times a second to measure throughput, and 30 times a second with 200
viewers to measure cost. They alternate, several times, with the same crowd of readers on the same machine, which takes
part of its time. In this program the stages before the JPEG are left out, as uStreamer has none.
"""

import argparse
from contextlib import AbstractContextManager
from statistics import median
from typing import Any

from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import Running, crowd, offered, picture, ustreamer

CASES = ((120, 1), (120, 50), (120, 200), (30, 200))
"""Frames offered a second, and viewers."""


def measure(server: AbstractContextManager[Running], viewers: int, seconds: float) -> dict[str, Any]:
    """Measure a crowd of viewers of one server, which is started for it."""
    with server as running:
        return crowd(running, viewers, seconds)


def compare(fps: int, viewers: int, jpeg: bytes, seconds: float, rounds: int) -> dict[str, Any]:
    """Measure both alternately; returns the medians of the rounds, and of the ratios of each round."""
    pairs = [
        (measure(offered(jpeg, fps), viewers, seconds), measure(ustreamer(jpeg, fps), viewers, seconds))
        for _ in range(rounds)
    ]
    keys = ("frames_per_second", "cpu", "memory", "slowest_viewer", "lost", "own_cpu")
    servers = [{key: median(pair[side][key] for pair in pairs) for key in keys} for side in (0, 1)]
    for side, figures in enumerate(servers):
        figures["delay_95_ms"] = median(pair[side]["delay_ms"]["95"] for pair in pairs)
    return {
        "offered a second": fps,
        "viewers": viewers,
        "project": servers[0],
        "ustreamer": servers[1],
        "ratio of frames": median(ratio(a["frames_per_second"], b["frames_per_second"]) for a, b in pairs),
        "ratio of processor time": median(ratio(a["cpu"], b["cpu"]) for a, b in pairs),
    }


def main() -> None:
    """Compare in all cases, print a table, write results/benchmark-delivery.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="counted in each round (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default 3)")
    options = parser.parse_args()
    jpeg, rows = picture(40_000), []
    for fps, viewers in CASES:
        row = compare(fps, viewers, jpeg, options.seconds, options.rounds)
        rows.append(row)
        print(f"{fps} a second to {viewers} viewer(s): frames x {row['ratio of frames']:g}, ", end="")
        print(f"processor time x {row['ratio of processor time']:g} of uStreamer's")
        for name in ("project", "ustreamer"):
            one = row[name]
            print(
                f"  {name:9s} {one['frames_per_second']:8.0f} frames/s, {100 * one['cpu']:5.1f} % of a core, "
                f"{one['memory']:6.1f} MB, delay below {one['delay_95_ms']:.1f} ms for 95 of 100, lost {one['lost']:g}"
            )
    write("delivery", rows)


if __name__ == "__main__":
    main()
