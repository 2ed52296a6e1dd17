"""What the readers of images share: the bytes of a file, packed or not, and what comes out."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from arcana.errors import BadFile, Problem
from arcana.files import as_path

MOST_BYTES = 1 << 32  # of one file, unpacked; the largest public sets of digits need a tenth
PIECE = 1 << 20


class Images(NamedTuple):
    """Images and their classes.

    Attributes:
        images: Grey values (N, H, W), or colours (N, H, W, 3): uint8.
        labels: Class of each image, from 0: (N,) int64.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """The bytes of a file as a stream, unpacked where its first two bytes are those of gzip.

    Raises:
        BadFile: if it is missing, no regular file or unreadable, or if the packed data are damaged or cut off.
    """
    path = as_path(path)
    if not path.is_file():
        hint = "this is no regular file" if path.exists() else "no such file"
        raise BadFile(path, Problem("path", str(path), "an existing file", hint=hint))
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if packed:
                with gzip.open(plain) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            else:
                yield plain
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(path, Problem("file", path.name, "a whole file, plain or gzip", hint=str(error))) from error


def take(stream: IO[bytes], size: int) -> bytearray:
    """The next bytes, fewer at the end of the file; read in pieces, so that a size that lies costs no memory."""
    data = bytearray()
    while len(data) < size and (piece := stream.read(min(PIECE, size - len(data)))):
        data += piece
    return data
