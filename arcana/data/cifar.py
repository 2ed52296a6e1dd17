"""The binary version of CIFAR-10."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arcana.data.image_files import MOST_BYTES, Images, opened, take
from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import as_path

Part: TypeAlias = Literal["train", "test", "all"]
# Files of a folder, by part
PATTERNS = {
    "train": ("data_batch_*.bin",),
    "test": ("test_batch.bin",),
    "all": ("data_batch_*.bin", "test_batch.bin"),
}
SIDE, COLOURS, CLASSES = 32, 3, 10
RECORD = 1 + COLOURS * SIDE * SIDE  # [bytes]


def read_cifar10(path: str | Path, part: Part = "all") -> Images:
    """Images of 32 x 32 pixels in red, green and blue, and their classes.

    A record is one byte for the class, then 32 x 32 bytes red, as many green, as many blue.

    Args:
        path: One batch, plain or packed with gzip; or a folder of ``data_batch_*.bin`` and ``test_batch.bin``.
        part: What to take of a folder: the training batches, the test batch, or both in this order.

    Returns:
        Images (N, 32, 32, 3), labels (N,).

    Raises:
        BadInput: for another part.
        BadFile: if nothing is there or cannot be read, and for a size that is no number of whole records, or
            classes above 9.
    """
    if part not in PATTERNS:
        raise BadInput.one("part", part, "train, test or all")
    path = as_path(path)
    if not path.is_dir():
        return _batch(path)
    names = PATTERNS[part]
    files = [file for name in names for file in sorted(path.glob(name))]
    if not files:
        raise BadFile(path, Problem("path", str(path), "a folder with " + " or ".join(names)))
    batches = [_batch(file) for file in files]
    return Images(np.concatenate([b.images for b in batches]), np.concatenate([b.labels for b in batches]))


def _batch(path: Path) -> Images:
    with opened(path) as stream:
        data = take(stream, MOST_BYTES + 1)
    problems = Problems()
    if not data or len(data) % RECORD or len(data) > MOST_BYTES:
        allowed = f"a multiple of {RECORD} (1 for the class, 3 x 32 x 32 for the image), {MOST_BYTES} at most"
        problems.note("size", len(data), allowed, "bytes")
        problems.raise_if_any(path)
    records: NDArray[np.uint8] = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    wrong = np.flatnonzero(records[:, 0] >= CLASSES)
    if len(wrong):
        hint = f"{len(wrong)} of {len(records)} records"
        problems.note(f"class of record {wrong[0]}", int(records[wrong[0], 0]), f"0 to {CLASSES - 1}", hint=hint)
    problems.raise_if_any(path)
    planes = records[:, 1:].reshape(-1, COLOURS, SIDE, SIDE)
    return Images(np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0].astype(np.int64))
