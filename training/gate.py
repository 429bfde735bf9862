"""Measure and choose the probability of "no face" above which a detection gets no box.

On pictures and videos without faces: how many false detections of the server's own detector would still get a box. On
true faces, unchanged and corrupted by blur, noise, bad light, size and place: how many would lose theirs. Chosen is the
lowest threshold that loses no more of any set of faces than --lost and --lost-spoilt allow.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from errors import BundleError, DataError, ExpressionError
from inference.bundle import read_card
from inference.preprocess import crop_faces
from model import EmotionModel
from training.arguments import DETECTORS, share
from training.compilation.bundle_files import write_card
from training.data.corruptions import CORRUPTIONS, corrupt
from training.data.dataset import NO_FACE
from training.data.finding import ServerSearch
from training.data.negatives import files_of, server_finds
from training.data.reading import read
from training.data.votes import COLUMNS, read_votes
from training.evaluation.measurement import default_split

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Thresholds of the table, besides the chosen one."""
STEPS = tuple(step / 100 for step in range(1, 100))
"""Thresholds to choose from."""
CHUNK = 1024
"""Faces converted to floating point at a time."""

Scores = NDArray[np.float32]
"""(N,) probabilities of "no face"."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A bundle's probabilities of "no face" for false detections and true faces.

    `frames`: searched pictures and frames without faces. `finds`: scores of the detector's false detections in them.
    `faces`: scores of true faces, by the name of their set; `spoilt`: of the same faces, each strongly corrupted in one
    way.
    """

    frames: int
    finds: Scores
    faces: dict[str, Scores]
    spoilt: dict[str, Scores]

    def shown(self, threshold: float) -> float:
        """Return the share of the false detections that still gets a box; 0 if there are none."""
        return float((self.finds <= threshold).mean()) if len(self.finds) else 0.0

    def lost(self, threshold: float) -> dict[str, float]:
        """Return the share of each set's true faces that gets no box."""
        return {name: _above(scores, threshold) for name, scores in self.faces.items()}

    def lost_spoilt(self, threshold: float) -> dict[str, float]:
        """Return the same share of the corrupted faces."""
        return {name: _above(scores, threshold) for name, scores in self.spoilt.items()}

    def chosen(self, most_lost: float, most_lost_spoilt: float) -> float:
        """Return the lowest threshold at which no set loses more than these shares of its faces; 1 if there is none."""
        for threshold in STEPS:
            fits = max(self.lost(threshold).values()) <= most_lost
            if fits and max(self.lost_spoilt(threshold).values()) <= most_lost_spoilt:
                return threshold
        return 1.0


def measure_gate(
    model: EmotionModel, faceless: Sequence[Path], faces: dict[str, NDArray[np.uint8]], detector: str = "auto"
) -> Gate:
    """Measure a bundle on the detector's false detections, and on true faces.

    Args:
        model: whose network recognises what is no face.
        faceless: pictures and videos without faces.
        faces: by name, (N, height, width, channels) images at the network's size.
        detector: auto, blazeface or haar.

    Raises:
        DetectorError: BlazeFace is asked for by name, and cannot run.
        ImageError, SourceError: a file cannot be read.
    """
    search, frames, finds = ServerSearch(detector), 0, []
    for file in tqdm(faceless, desc="searching", unit=" files", disable=None):
        for image, found in server_finds(file, search):
            frames += 1
            crops = crop_faces(image, [each.box for each in found], model.spec, [each.angle for each in found])
            finds.append(model.predict(crops).no_face)
    return Gate(
        frames,
        np.concatenate([np.zeros(0, np.float32), *finds]),
        {name: _scores(model, images) for name, images in faces.items()},
        {name: _scores(model, _corrupt_all(images)) for name, images in faces.items()},
    )


def true_faces(model: EmotionModel, path: Path, votes: Path | None = None) -> NDArray[np.uint8]:
    """Return the faces of the default split, at the bundle's size.

    Args:
        model: whose size, colours and labels they must have.
        path: fer2013.csv or a class-per-folder tree of crops; its class no_face is left out.
        votes: fer2013new.csv: images for which "no face" has the most votes, or ties, are left out.

    Raises:
        DataError: the data cannot be used.
    """
    dataset = read(path, model.spec, model.labels)
    name = default_split(dataset)
    images = dataset.part(name).images
    if votes is None or path.is_dir():
        return images
    counts = read_votes(votes, dataset)[name]
    no_face = counts[:, list(COLUMNS.values()).index(NO_FACE)]
    return np.asarray(images[no_face < counts.max(axis=1)], np.uint8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (ExpressionError, OSError) as error:
        print(f"gate: {error}", file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    model = EmotionModel.load(options.weights)
    if model.no_face_threshold is None:
        raise BundleError(
            f"{options.weights}: its network does not tell what is no face. Train one with images of class {NO_FACE}: "
            "python -m training.train --also"
        )
    names = [path.name for path in options.faces]
    if len(set(names)) < len(names):
        raise DataError(f"two sets of faces are called {max(names, key=names.count)}. Rename the folder of one")
    files = [file for path in options.faceless for file in files_of(path)]
    faces = {path.name: true_faces(model, path, options.votes) for path in options.faces}
    gate = measure_gate(model, files, faces, options.detector)
    chosen = gate.chosen(options.lost, options.lost_spoilt)
    print(as_text(gate, chosen))
    if options.write:
        write_threshold(options.weights, gate, chosen)


def as_text(gate: Gate, chosen: float) -> str:
    """Return the table over the thresholds, all figures in per cent."""
    counts = ", ".join(f"{len(scores)} faces of {name}" for name, scores in gate.faces.items())
    titles = [
        "threshold",
        "finds shown",
        *(f"lost of {name}{kind}" for name in gate.faces for kind in ("", ", spoilt")),
    ]
    lines = [
        f"{len(gate.finds)} false finds in {gate.frames} pictures and frames without faces; {counts}",
        "  ".join(titles),
    ]
    for threshold in sorted({*THRESHOLDS, chosen}):
        lost, spoilt = gate.lost(threshold), gate.lost_spoilt(threshold)
        shares = [gate.shown(threshold), *(share for name in gate.faces for share in (lost[name], spoilt[name]))]
        cells = [f"{100 * share:>{len(title)}.2f}" for title, share in zip(titles[1:], shares, strict=True)]
        lines.append("  ".join([f"{threshold:<{len(titles[0])}.2f}", *cells]) + (" chosen" * (threshold == chosen)))
    return "\n".join(lines)


def write_threshold(folder: Path, gate: Gate, threshold: float) -> None:
    """Write the threshold into the bundle's card, with the measurements at it."""
    card = read_card(folder)
    card["no_face"] = {
        **card["no_face"],
        "threshold": float(threshold),
        "frames": gate.frames,
        "false_finds": len(gate.finds),
        "shown": round(gate.shown(threshold), 4),
        "lost": {name: round(lost, 4) for name, lost in gate.lost(threshold).items()},
        "lost_spoilt": {name: round(lost, 4) for name, lost in gate.lost_spoilt(threshold).items()},
    }
    write_card(folder, card)


def _above(scores: Scores, threshold: float) -> float:
    return float((scores > threshold).mean())


def _corrupt_all(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return each image strongly corrupted in one way, in turn."""
    names = list(CORRUPTIONS)[: len(images)]
    return np.concatenate([corrupt(images[i :: len(names)], name, "strong") for i, name in enumerate(names)])


def _scores(model: EmotionModel, images: NDArray[np.uint8]) -> Scores:
    parts = [model.predict(images[i : i + CHUNK].astype(np.float32)).no_face for i in range(0, len(images), CHUNK)]
    return np.concatenate(parts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.gate", description=__doc__)
    add = parser.add_argument
    add("--weights", type=Path, required=True, metavar="DIR", help="the bundle")
    add("--faceless", type=Path, action="append", required=True, metavar="DIR", help="pictures and videos without any "
        "face, none of which it was trained on; repeat it for several folders")  # fmt: skip
    add("--faces", type=Path, action="append", required=True, metavar="DATA", help="true faces: fer2013.csv, or a "
        "tree of crops, of which its validation or test images are taken; repeat it for several")  # fmt: skip
    add(
        "--votes", type=Path, help="fer2013new.csv: leave out the images of fer2013.csv that most people saw no face in"
    )
    add("--lost", type=share, default=0.005, help="the most that any set of true faces may lose (default: %(default)s)")
    add("--lost-spoilt", type=share, default=0.02, help="the same of the spoilt faces (default: %(default)s)")
    add("--detector", choices=DETECTORS, default="auto", help="whose false finds to count, as for the server (default: "
        "%(default)s)")  # fmt: skip
    add("--write", action="store_true", help="write the chosen threshold into the bundle's card")
    return parser


if __name__ == "__main__":
    sys.exit(main())
