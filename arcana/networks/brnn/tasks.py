"""Images read as sequences: scikit-learn's digits, a user's arrays, a user's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from arcana.errors import BadInput, Problems
from arcana.files import as_path
from arcana.limits import MOST, is_whole
from arcana.networks.brnn.image_set import read_image_set
from arcana.networks.brnn.presentations import Presentation
from arcana.networks.brnn.split import check_seed, stratified, test_size, validation_size
from arcana.networks.brnn.task import Data, Task
from arcana.typing import Tensor

Pair: TypeAlias = tuple[Any, Any]
WINDOWS = Presentation("snake", 8, 4)
DIGITS_MOST = 16  # grey values of scikit-learn's digits are 0 to 16
FEWEST = 2  # images that make a part for training and one to stop by


def digits(presentation: Presentation = WINDOWS, seed: int = 0) -> Task:
    """1,797 handwritten digits of 8 x 8 pixels that scikit-learn brings along: 1,222 / 216 / 359.

    Args:
        presentation: How an image becomes a sequence.
        seed: Of the parts.

    Raises:
        BadInput: if scikit-learn is missing (``arcana[brnn]``), for a seed that is none, and if the presentation
            does not fit.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise BadInput.one("scikit-learn", "not installed", "pip install '.[brnn]'") from error
    found = load_digits()
    return images(found.images / DIGITS_MOST, found.target, presentation, seed=seed, name="digits")


def of_file(
    path: str | Path,
    presentation: Presentation = WINDOWS,
    n_test: int | None = None,
    seed: int = 0,
    n_train: int | None = None,
    test: str | Path | None = None,
) -> Task:
    """Images of a file: IDX (MNIST and its relatives) or CIFAR-10's binary batches, whichever it is.

    Args:
        path: As ``read_image_set`` takes it. A folder of CIFAR-10 with both kinds of batches brings a test set.
        presentation: How an image becomes a sequence.
        n_test: As in ``images``.
        seed: Of the parts.
        n_train: As in ``images``.
        test: File of a test set of its own.

    Raises:
        BadFile: if a file cannot be read, is damaged or of no known kind, or if there is no file of labels.
        BadInput: as ``images``.
    """
    found, own = read_image_set(path)
    if test is not None:
        own = read_image_set(test)[0]
    return images(*found, presentation, n_test, seed, n_train, own, as_path(path).resolve().name)


def images(
    images: Any,
    labels: Any,
    presentation: Presentation = WINDOWS,
    n_test: int | None = None,
    seed: int = 0,
    n_train: int | None = None,
    test: Pair | None = None,
    name: str = "images",
) -> Task:
    """Which class is it? Every part holds each class as often as its size allows.

    Args:
        images: (N, H, W) or (N, H, W, C): uint8, which is divided by 255, or real numbers from 0 to 1.
        labels: Classes (N,), whole numbers from 0.
        presentation: How an image becomes a sequence.
        n_test: Images for the test. Unless given: a fifth, or all of a test set of its own.
        seed: Of the parts.
        n_train: Images for training and validation (15 % of them) together. Unless given: all that are left.
        test: Images and labels of a test set of its own.
        name: Of the task.

    Raises:
        BadInput: listing images and labels of another shape or type, images that are not finite or outside 0 to 1,
            and sizes that the images are too few for; and if the presentation does not fit.
    """
    problems = Problems()
    check_seed(seed, problems)
    rest = _checked(images, labels, "", problems)
    own = None if test is None else _checked(*test, "test ", problems)
    if own is not None and own[0].shape[1:] != rest[0].shape[1:]:
        problems.note("test images", own[0].shape[1:], f"{rest[0].shape[1:]}, as the others", "(shape)")
    problems.raise_if_any()
    if own is None:
        given = test_size(len(rest[0])) if n_test is None else n_test
        own, rest = _cut(rest, "n_test", given, len(rest[0]) - FEWEST, seed)
    elif n_test is not None:
        own, _ = _cut(own, "n_test", n_test, len(own[0]), seed)
    if n_train is not None:
        rest, _ = _cut(rest, "n_train", n_train, len(rest[0]), seed, FEWEST)
    validation, train = _cut(rest, "validation", validation_size(len(rest[0])), len(rest[0]) - 1, seed)
    n_out = 1 + max(int(part[1].max()) for part in (train, validation, own))
    parts = [_shown(part, presentation) for part in (train, validation, own)]
    return Task(name, parts[0], parts[1], parts[2], n_out)


def _cut(data: Pair, name: str, n: object, most: int, seed: int, fewest: int = 1) -> tuple[Pair, Pair]:
    """The first part has n images, the other the rest."""
    X, y = data
    if not is_whole(n, fewest, most):
        raise BadInput.one(name, n, f"a whole number from {fewest} to {most}, with {len(X)} images")
    taken, left = (part.numpy() for part in stratified(torch.tensor(y), n, seed))  # type: ignore[arg-type]
    return (X[taken], y[taken]), (X[left], y[left])


def _shown(data: Pair, presentation: Presentation) -> Data:
    X, y = data
    scaled = X.astype(np.float32) / np.float32(255 if X.dtype == np.uint8 else 1)
    sequences: Tensor = presentation(torch.from_numpy(scaled))
    return sequences, torch.from_numpy(y)


def _checked(images: Any, labels: Any, which: str, problems: Problems) -> Pair:
    try:
        X, y = np.asarray(images), np.asarray(labels)
    except (ValueError, TypeError, RuntimeError) as error:  # ragged lists, tensors with a gradient
        raise BadInput.one(
            f"{which}images and labels", type(error).__name__, "two arrays", hint=str(error)
        ) from error
    if X.ndim not in (3, 4) or 0 in X.shape:
        problems.note(f"{which}images", X.shape, "(N, H, W) or (N, H, W, C), none of them 0", "(shape)")
    elif X.dtype.kind == "f":
        wrong = int((~((X >= 0) & (X <= 1))).sum())  # NaN is in no range
        if wrong:
            problems.note(f"{which}images", f"{wrong} of {X.size} values", "finite numbers from 0 to 1, or uint8")
    elif X.dtype != np.uint8:
        problems.note(f"{which}images", str(X.dtype), "uint8, or real numbers from 0 to 1", "(type)")
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu":
        given = f"{y.shape} of {y.dtype}"
        problems.note(f"{which}labels", given, f"{X.shape[:1]}, whole numbers: one class for each image")
    elif y.size and not (is_whole(int(y.min()), 0) and is_whole(int(y.max()), 0)):
        problems.note(f"{which}labels", [int(y.min()), int(y.max())], f"classes from 0 to {MOST}")
    return X, y.astype(np.int64, copy=False) if y.dtype.kind in "iu" else y
