"""Images read as sequences: scikit-learn's digits, a user's arrays, a user's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from arcana.data.cifar import read_cifar10
from arcana.data.idx import is_idx, read_images
from arcana.data.image_files import Images
from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import as_path
from arcana.limits import MOST, is_whole
from arcana.networks.brnn.presentations import Presentation
from arcana.networks.brnn.split import check_seed, sizes, stratified, validation_size
from arcana.networks.brnn.task import Data, Task
from arcana.typing import Tensor

WINDOWS = Presentation("snake", 8, 4)
DIGITS_MOST = 16  # grey values of scikit-learn's digits are 0 to 16


def digits(presentation: Presentation = WINDOWS, seed: int = 0) -> Task:
    """1,797 handwritten digits of 8 x 8 pixels, which scikit-learn brings along: 1,222 / 216 / 359.

    Args:
        presentation: How an image becomes a sequence.
        seed: Of the parts.

    Raises:
        BadInput: if scikit-learn is missing (``arcana[brnn]``), for a seed that is none, and if the presentation
            does not fit.
    """
    try:
        from sklearn.datasets import load_digits  # type: ignore[import, unused-ignore]
    except ImportError as error:
        raise BadInput.one("scikit-learn", "not installed", "pip install 'arcana[brnn]'") from error
    found = load_digits()
    return images(found.images / DIGITS_MOST, found.target, presentation, seed=seed, name="digits")


def images(
    images: Any,
    labels: Any,
    presentation: Presentation = WINDOWS,
    n_test: int | None = None,
    seed: int = 0,
    n_train: int | None = None,
    test: tuple[Any, Any] | None = None,
    name: str = "images",
) -> Task:
    """Which class is this? Every part holds each class as often as its size allows.

    Args:
        images: (N, H, W) or (N, H, W, C): uint8, which is divided by 255, or real numbers from 0 to 1.
        labels: Classes (N,), whole numbers from 0.
        presentation: How an image becomes a sequence.
        n_test: Images for the test; a fifth of all unless given.
        seed: Of the parts.
        n_train: Images for training and validation together; all that are left unless given.
        test: Images and labels of a test set of its own; ``images`` are then for training and validation only,
            and ``n_test`` of these are taken, or all.
        name: Of the task.

    Raises:
        BadInput: listing images and labels of another shape or type, that are not finite or outside 0 to 1, or
            too few for parts of these sizes; and if the presentation does not fit.
    """
    problems = Problems()
    check_seed(seed, problems)
    X, y = _checked(images, labels, "", problems)
    own = None if test is None else _checked(*test, "test ", problems)
    problems.raise_if_any()
    if own is None:
        n_test, n_validation = sizes(len(y), n_test)
        parts = stratified(y, [n_test, n_validation], seed)
    ...
