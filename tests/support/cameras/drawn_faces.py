"""Drawn faces whose mouth tells the class, as the public data formats have them: for tests of training."""

import csv
from pathlib import Path

import cv2
import numpy as np

MOUTHS = {"happy": 10, "sad": -10, "surprise": 0, "angry": -3, "neutral": 0}
"""How far each mouth bends down in its middle, in pixels of a 48-pixel face; surprise has a round one."""


def draw(expression, seed, side=48):
    """A (side, side, 3) BGR face; the seed varies its place, light and noise."""
    rng = np.random.default_rng(seed)
    image = np.full((48, 48, 3), rng.integers(30, 90), np.uint8)
    x, y = (int(24 + shift) for shift in rng.integers(-2, 3, 2))
    cv2.ellipse(image, (x, y), (18, 22), 0, 0, 360, (150, 180, 220), -1)
    for eye in (-7, 7):
        cv2.circle(image, (x + eye, y - 6), 2, (30, 30, 30), -1)
    if expression == "surprise":
        cv2.circle(image, (x, y + 10), 5, (30, 30, 90), -1)
    else:
        bend = MOUTHS[expression]
        curve = [(x + i, y + 11 + round(bend * (0.5 - (i / 9) ** 2))) for i in range(-9, 10)]
        cv2.polylines(image, [np.array(curve)], False, (30, 30, 90), 2)
    if expression == "angry":
        for side_of_nose in (-1, 1):
            inner, outer = (x + 2 * side_of_nose, y - 9), (x + 12 * side_of_nose, y - 15)
            cv2.line(image, inner, outer, (20, 20, 20), 3)
    noisy = image + rng.normal(0, 6, image.shape)
    return cv2.resize(np.clip(noisy, 0, 255).astype(np.uint8), (side, side))


def write_csv(path, labels, per_class, usages=("Training", "PublicTest")):
    """A fer2013.csv of drawn faces; `labels` maps the number of a label to the expression to draw."""
    with Path(path).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["emotion", "pixels", "Usage"])
        for usage in usages:
            for number, expression in labels.items():
                for index in range(per_class):
                    seed = 1000 * number + index + (500 if usage == "PublicTest" else 0)
                    grey = cv2.cvtColor(draw(expression, seed), cv2.COLOR_BGR2GRAY)
                    rows.writerow([number, " ".join(map(str, grey.ravel())), usage])
    return Path(path)


def write_tree(path, classes, per_class, side=48, splits=("train", "test")):
    """A tree of PNG files; `classes` maps a folder's name to what to draw. Without splits, class folders are on top."""
    for split in splits or (".",):
        for number, (name, expression) in enumerate(classes.items()):
            folder = Path(path) / split / name
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(per_class):
                seed = 1000 * number + index + (500 if split == "test" else 0)
                cv2.imwrite(str(folder / f"{index:03}.png"), draw(expression, seed, side))
    return Path(path)
