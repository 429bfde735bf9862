"""The rows of a record, written while it goes on: one object a frame in `record.json`, one line a face in `faces.csv`.

Of `record.json` every line but the first and the last stands for a frame, so that a file that breaks off can be read.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from faces import Box, Face
from media.results.results import as_entry, cells, columns

ROWS, TABLE = "record.json", "faces.csv"

Row = tuple[float, float, tuple[Face, ...]]
"""When a frame was taken, in seconds since the UTC epoch; the same since the record's start; its faces."""


class RowWriter:
    """Two files that grow by a frame at a time; each frame is with the system before the next comes.

    Args:
        folder: where they are made.
        head: what stands before the frames in `record.json`.
        labels: of the expressions, in the model's order.

    Raises:
        OSError: they cannot be written; so do all methods.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any], labels: Sequence[str]) -> None:
        self._rows: IO[str] = (folder / ROWS).open("w", encoding="utf-8")
        self._table: IO[str] = (folder / TABLE).open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._table, lineterminator="\n")
        self._number = 0
        try:
            self._rows.write(f'{json.dumps(dict(head))[:-1]}, "frames": [\n')
            self._csv.writerow(["time", "frame", "seconds", *columns(labels)])
            self._flush()
        except OSError:
            self.drop()
            raise

    def add(self, row: Row) -> None:
        """Write one frame."""
        taken, seconds, faces = row
        entry = {"time": round(taken, 3), **as_entry(self._number, seconds, faces)}
        self._rows.write(f"{',' if self._number else ''}{json.dumps(entry)}\n")
        self._csv.writerows([round(taken, 3), self._number, round(seconds, 4), *cells(face)] for face in faces)
        self._number += 1
        self._flush()

    def _flush(self) -> None:
        self._rows.flush()
        self._table.flush()

    def close(self, tail: Mapping[str, Any]) -> None:
        """End both files; `tail` stands behind the frames in `record.json`."""
        with self._rows, self._table:
            self._rows.write(f"], {json.dumps(dict(tail))[1:]}\n")

    def drop(self) -> None:
        """Close both files as they are, where they are still open."""
        for file in (self._rows, self._table):
            try:
                file.close()
            except OSError:
                continue


def rows_of(folder: Path) -> Iterator[Row]:
    """The frames that were written into a folder; one that breaks off is left out, with all that follows."""
    with (folder / ROWS).open(encoding="utf-8", errors="replace") as lines:
        next(lines, "")
        for line in lines:
            try:
                entry = json.loads(line.removeprefix(","))
            except ValueError:
                return
            yield entry["time"], entry["seconds"], tuple(_face(told) for told in entry["faces"])


def _face(told: Mapping[str, Any]) -> Face:
    chances = told["probabilities"]
    known = told["track"], told["expression"]
    return Face(Box(**told["box"]), tuple(chances), tuple(chances.values()), *known, seconds=told["seconds"])
