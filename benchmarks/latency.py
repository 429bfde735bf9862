"""How long does a frame take from the camera to the last byte at a viewer, through the whole pipeline?

A webcam of 1280x720 and 30 frames a second (the stand-in, with three drawn people), gunicorn, one viewer and a hundred;
the viewers read as fast as they can, on the same machine.
"""

import argparse

from benchmarks.tools.report import write
from benchmarks.tools.rivals import crowd, webcam


def main() -> None:
    """Measure with one viewer and a hundred, print, write results/benchmark-latency.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="counted for each (default 10)")
    options, rows = parser.parse_args(), []
    for viewers in (1, 100):
        with webcam({}) as server:
            row = crowd(server, viewers, options.seconds, warm=4)
        rows.append(row)
        delay, slowest = row["delay_ms"], row["slowest_viewer"]
        print(
            f"{viewers:3d} viewer(s): half of the frames within {delay['50']:.1f} ms, 95 of 100 within "
            f"{delay['95']:.1f} ms, 99 within {delay['99']:.1f} ms; the slowest gets {slowest:.1f} frames/s"
        )
    write("latency", rows)


if __name__ == "__main__":
    main()
