"""Combines all data of a training run: the main data, additional trees, votes."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from errors import DataError
from inference.preprocess import InputSpec
from training.data.dataset import NO_FACE, WHOLE, Dataset, concatenate, divide, with_label
from training.data.reading import read
from training.data.trees import holds_class, read_tree
from training.data.votes import by_majority, mix_votes, read_votes


def load_dataset(plan: argparse.Namespace, spec: InputSpec) -> Dataset:
    """Read all data that the options name; `no_face` is the last label if there are images of it.

    Args:
        plan: `data`, `also`, `also_weight`, `votes`, `votes_share`, `judge_by`, `validation_split` and `seed`.
        spec: size and channels of the images.

    Raises:
        DataError: something cannot be used; the message says where.
    """
    if plan.votes and plan.data.is_dir():
        raise DataError("--votes goes with a fer2013.csv, whose order it follows, not with a folder")
    if plan.judge_by == "votes" and not plan.votes:
        raise DataError("--judge-by votes needs the votes. Name them: --votes fer2013new.csv")
    dataset = divide(read(plan.data, spec), plan.validation_split, plan.seed)
    if any(holds_class(tree, NO_FACE) for tree in plan.also):
        dataset = with_label(dataset, NO_FACE)
    if plan.votes:
        dataset = _voted(dataset, plan)
    for tree in plan.also:
        dataset = _extended(dataset, tree, spec, plan.also_weight)
    return dataset


def _voted(dataset: Dataset, plan: argparse.Namespace) -> Dataset:
    votes = read_votes(plan.votes, dataset)
    dataset = mix_votes(dataset, votes, plan.votes_share)
    if plan.judge_by == "labels":
        return dataset
    validation = by_majority(dataset.part("validation"), votes["validation"], dataset.labels)
    return Dataset(dataset.labels, {**dataset.splits, "validation": validation})


def _extended(dataset: Dataset, tree: Path, spec: InputSpec, weight: float) -> Dataset:
    """Return the dataset with a tree's training images added to its own."""
    further = read_tree(tree, spec, dataset.labels)
    name = WHOLE if WHOLE in further.splits else "training"
    images = replace(further.part(name), weights=np.full(len(further.part(name)), weight, np.float32))
    return Dataset(dataset.labels, {**dataset.splits, "training": concatenate(dataset.part("training"), images)})
