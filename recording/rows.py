"""The rows of a record, written frame by frame: one object a frame in `record.json`, one line a face in `faces.csv`.

Every line of `record.json` but the first and the last is one frame, so that a file that breaks off can be read.
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
"""When a frame was captured, in seconds since the UTC epoch and since the record's start; its faces."""


class RowWriter:
    """Two files that grow frame by frame; each frame is given to the system before the next one comes.

    Args:
        folder: where they are created.
        head: what stands before the frames in `record.json`.
        labels: of the expressions, in the model's order.

    Raises:
        OSError: they cannot be written; also from all methods.
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
        """Close both files without an end, if they are still open."""
        for file in (self._rows, self._table):
            try:
                file.close()
            except OSError:
                continue


def rows_of(folder: Path) -> Iterator[Row]:
    """Yield the frames that were written into a folder, up to one that breaks off."""
    with (folder / ROWS).open(encoding="utf-8", errors="replace") as lines:
        next(lines, "")
        for line in lines:
            try:
                entry = json.loads(line.removeprefix(","))
            except ValueError:
                return
            yield entry["time"], entry["seconds"], tuple(_face(face) for face in entry["faces"])


def _face(entry: Mapping[str, Any]) -> Face:
    probabilities = entry["probabilities"]
    return Face(
        Box(**entry["box"]),
        tuple(probabilities),
        tuple(probabilities.values()),
        entry["track"],
        entry["expression"],
        seconds=entry["seconds"],
        detection=entry.get("detection", 1.0),  # records of earlier versions have neither
        angle=entry.get("angle", 0.0),
    )
