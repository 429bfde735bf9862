"""Measure how a face must be cropped, relative to the server's detector box, to look like the training faces.

With --data: runs the detector on enlarged training faces with a margin around them, and prints how the whole image
relates to the box found in it. With --pictures: finds the face in each picture of a class-per-folder tree, crops it
in several ways and prints how well a bundle reads it. FER-2013's images are crops
of a detector like Haar's, which finds the faces unless --detector says otherwise; BlazeFace's boxes are made to be
like Haar's.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from errors import ExpressionError
from faces import Detection, Image
from inference.preprocess import InputSpec, crop_faces
from model import EmotionModel
from training.arguments import DETECTORS
from training.data.central_face import central_face, picture_detector
from training.data.dataset import label_index
from training.data.reading import read
from training.data.trees import class_files, read_picture
from training.evaluation.measurement import default_split
from training.evaluation.metrics import Report, report

ENLARGED = 192
"""Side to which a training face is enlarged for the detector, which is weak on faces of 48 pixels."""
SCALES = (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3)
SHIFTS = (-0.05, 0.0, 0.05)


def tile_geometry(images: NDArray[np.uint8], detector: str = "haar") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure how whole (N, height, width, 1) face images relate to the box of a detector (auto, blazeface or haar).

    Returns:
        (M,) sides relative to the box, and (M,) downward shifts of the centre in box heights, for the M images in which
        one face was found near the middle.
    """
    search = picture_detector(detector)
    margin = ENLARGED // 2
    scales, shifts = [], []
    for image in tqdm(images, desc="finding faces", disable=None):
        large = cv2.resize(image, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(large, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        face = central_face(search, np.asarray(framed, np.uint8))
        if face is not None:
            box = face.box
            scales.append(ENLARGED / box.width)
            shifts.append((ENLARGED - box.y - box.height / 2) / box.height)
    return np.array(scales), np.array(shifts)


def compare_crops(model: EmotionModel, tree: Path, detector: str = "haar") -> Iterator[tuple[float, float, Report]]:
    """Yield scale, shift and the bundle's report on the faces of a tree, for each way of cropping."""
    faces, truth = _find_faces(model, tree, detector)
    for scale in SCALES:
        for shift in SHIFTS:
            spec = replace(model.spec, crop_scale=scale, crop_shift=shift)
            batch = np.concatenate([crop_faces(image, [face.box], spec, [face.angle]) for image, face in faces])
            yield scale, shift, report(truth, model.probabilities(batch), model.labels)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        if options.data:
            _print_tiles(options.data, options.count, options.detector)
        if options.pictures:
            _print_crops(EmotionModel.load(options.weights), options.pictures, options.detector)
    except ExpressionError as error:
        print(f"geometry: {error}", file=sys.stderr)
        return 2
    return 0


def _print_tiles(data: Path, count: int, detector: str) -> None:
    dataset = read(data, InputSpec(48, 48, 1))
    images = dataset.part(default_split(dataset)).images[:count]
    scales, shifts = tile_geometry(images, detector)
    print(f"a face found in {len(scales)} of {len(images)} images")
    for name, values in (("side / box side", scales), ("shift down / box height", shifts)):
        quarter, median, three = np.percentile(values, (25, 50, 75))
        print(f"{name:<24} median {median:.3f}, half of them {quarter:.3f} to {three:.3f}")


def _print_crops(model: EmotionModel, tree: Path, detector: str) -> None:
    print("scale  shift  images  accuracy  macro F1  log-loss")
    for scale, shift, measured in compare_crops(model, tree, detector):
        figures = f"{measured.accuracy:>10.4f}{measured.macro(measured.f1):>10.4f}{measured.log_loss:>10.4f}"
        print(f"{scale:<7.2f}{shift:<7.2f}{measured.images:>6}{figures}")


def _find_faces(
    model: EmotionModel, tree: Path, detector: str
) -> tuple[list[tuple[Image, Detection]], NDArray[np.int64]]:
    search = picture_detector(detector)
    faces, truth = [], []
    for folder, files in class_files(tree):
        place = label_index(folder.name, model.labels, tree)
        for file in tqdm(files, desc=folder.name, disable=None):
            image = read_picture(file, model.spec.channels)
            face = central_face(search, image)
            if face is not None:
                faces.append((image, face))
                truth.append(place)
    if not faces:
        raise ExpressionError(f"{tree}: no face was found in any picture. Give pictures with room around the faces")
    return faces, np.array(truth, np.int64)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.geometry", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, help="fer2013.csv or a class-per-folder tree of face crops")
    add("--count", type=int, default=1000, help="how many of its validation images to look at (default: %(default)s)")
    add("--pictures", type=Path, help="class-per-folder tree of pictures with room around the faces")
    add("--weights", type=Path, default=Path("weights/ferplus"), help="the bundle to read them (default: %(default)s)")
    add("--detector", choices=DETECTORS, default="haar", help="what finds the faces (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
