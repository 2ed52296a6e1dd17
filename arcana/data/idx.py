"""IDX files, the format of MNIST and its relatives."""

from __future__ import annotations

import math
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from arcana.data.image_files import MOST_BYTES, Images, opened, take
from arcana.errors import BadFile, Problem, Problems

# Third byte of the file -> numbers, the most significant byte first
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_DIMENSIONS = 32  # of an array of numpy
_MAGIC = (
    "00 00, the type ("
    + ", ".join(f"{code:02x}" for code in TYPES)
    + f") and the dimensions (0 to {MOST_DIMENSIONS})"
)


def read_idx(path: str | Path) -> NDArray[Any]:
    """The array of an IDX file: magic, sizes as unsigned 32-bit numbers, then the values in the order of C.

    Magic: two bytes of 0, one for the type of the values, one for the number of dimensions.

    Args:
        path: The file, plain or packed with gzip; its content decides, not its name.

    Returns:
        Of the type and the shape that the file names, in the byte order of this machine.

    Raises:
        BadFile: if the file cannot be read, is no IDX file, is cut off or goes on behind its values, or names
            sizes of more than 4 GiB (before any memory is asked for).
    """
    with opened(path) as stream:
        kind, shape = _head(stream, path)
        size = math.prod(shape) * kind.itemsize
        by_header = f"{size} bytes after the header: {' x '.join(map(str, shape)) or 'one'} of type {kind.name}"
        if size > MOST_BYTES:
            raise BadFile(path, Problem("sizes", shape, f"{MOST_BYTES} bytes of values at most", hint=by_header))
        data = take(stream, size)
        if len(data) < size:
            raise BadFile(path, Problem("values", len(data), by_header, "bytes", "the file is cut off"))
        if stream.read(1):
            raise BadFile(
                path, Problem("values", f"more than {size}", by_header, "bytes", "there are bytes behind")
            )
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def is_idx(path: str | Path) -> bool:
    """Whether a file starts as an IDX file does.

    Raises:
        BadFile: if it cannot be read.
    """
    with opened(path) as stream:
        return _is_magic(take(stream, 4))


def read_images(images: str | Path, labels: str | Path) -> Images:
    """The images of one IDX file and their classes from another.

    Args:
        images: File of (N, H, W), or (N, H, W, C), of unsigned bytes.
        labels: File of (N,) unsigned bytes.

    Raises:
        BadFile: if one of them cannot be read; and listing arrays of another shape or type, files without an
            image, and unequal counts.
    """
    pixels, classes = read_idx(images), read_idx(labels)
    problems = Problems()
    if pixels.ndim not in (3, 4) or pixels.dtype != np.uint8 or 0 in pixels.shape:
        hint = "this looks like the file of labels" if pixels.ndim == 1 else ""
        allowed = "(N, H, W) or (N, H, W, C) of uint8, none of them 0"
        problems.note("images", f"{pixels.shape} of {pixels.dtype}", allowed, hint=hint)
    if classes.ndim != 1 or classes.dtype != np.uint8:
        problems.note(f"labels {labels}", f"{classes.shape} of {classes.dtype}", "(N,) of uint8")
    elif pixels.ndim in (3, 4) and len(classes) != len(pixels):
        problems.note(f"labels {labels}", len(classes), f"{len(pixels)}, one for each image", "labels")
    problems.raise_if_any(images)
    return Images(pixels, classes.astype(np.int64))


def _head(stream: IO[bytes], path: str | Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = take(stream, 4)
    if not _is_magic(magic):
        raise BadFile(path, Problem("magic", magic.hex(" "), _MAGIC, hint="this is no IDX file"))
    sizes = take(stream, 4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        problem = Problem("sizes", len(sizes), f"{4 * magic[3]}: 4 a dimension", "bytes", "the file is cut off")
        raise BadFile(path, problem)
    return np.dtype(TYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())


def _is_magic(start: bytearray) -> bool:
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in TYPES and start[3] <= MOST_DIMENSIONS
