"""JapaneseVowels: who of nine speakers says "ae"?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcana.data.shipped import read_arrays
from arcana.errors import Problems

FILE = "japanese_vowels.npz"


@dataclass(frozen=True, eq=False)
class JapaneseVowels:
    """640 utterances of two vowels by nine men, 270 of them for training.

    Utterances last 7 to 29 frames. After its last frame a series is filled with 0; ``train_lengths`` and
    ``test_lengths`` say where that is, and ``stretched`` brings all utterances to one length.

    Attributes:
        train_x: 12 cepstrum coefficients of linear prediction a frame: (270, 29, 12) float32, not standardised.
        train_y: Speaker of each utterance, an index into ``class_names``: (270,) int64, 30 of each speaker.
        train_lengths: Frames of each utterance: (270,) int64.
        test_x: As ``train_x``, other utterances of the same speakers: (370, 29, 12) float32.
        test_y: As ``train_y``: (370,) int64, 24 to 88 of each speaker.
        test_lengths: As ``train_lengths``: (370,) int64.
        class_names: The speakers, in the order of the archive.
    """

    train_x: NDArray[np.float32]
    train_y: NDArray[np.int64]
    train_lengths: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]
    test_lengths: NDArray[np.int64]
    class_names: tuple[str, ...]


def load_japanese_vowels() -> JapaneseVowels:
    """The JapaneseVowels set of the UEA archive; every call returns fresh arrays that may be written to.

    Numbers are those of the archive's text as float32, bit for bit (see ``load_basic_motions``).

    Raises:
        BadFile: if the installation is damaged.
    """
    stored = read_arrays(FILE)
    longest = int(max(stored["train_lengths"].max(), stored["test_lengths"].max()))

    def series(part: str) -> NDArray[np.float32]:
        frames = (stored[f"{part}_frames"] / float(stored["divisor"])).astype(np.float32)
        lengths = stored[f"{part}_lengths"].astype(int)
        padded = np.zeros((len(lengths), longest, frames.shape[1]), np.float32)
        padded[np.arange(longest) < lengths[:, None]] = frames
        return padded

    def whole(name: str) -> NDArray[np.int64]:
        return stored[name].astype(np.int64)

    return JapaneseVowels(
        train_x=series("train"),
        train_y=whole("train_y"),
        train_lengths=whole("train_lengths"),
        test_x=series("test"),
        test_y=whole("test_y"),
        test_lengths=whole("test_lengths"),
        class_names=tuple(stored["class_names"].tolist()),
    )


def stretched(x: NDArray[Any], lengths: NDArray[np.int64], samples: int) -> NDArray[np.float32]:
    """Every series at ``samples`` evenly spaced times from its first frame to its last, on straight lines.

    Fast and slow utterances then have one length, and how long they were is lost.

    Args:
        x: Series, filled up after their ends: (n, frames, channels).
        lengths: Frames of each series: (n,).
        samples: Samples of each series afterwards.

    Returns:
        (n, samples, channels) float32.

    Raises:
        BadInput: unless ``samples`` is a whole number >= 2 and every length is between 1 and the frames of x.
    """
    problems = Problems()
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 2:
        problems.note("samples", samples, "a whole number >= 2")
    if x.ndim != 3 or lengths.shape != x.shape[:1]:
        problems.note("x and lengths", (x.shape, lengths.shape), "(n, frames, channels) and (n,)", "(shapes)")
    elif len(lengths) and not (lengths.min() >= 1 and lengths.max() <= x.shape[1]):
        problems.note("lengths", [int(lengths.min()), int(lengths.max())], f"1 to {x.shape[1]}", "frames")
    problems.raise_if_any()
    at = np.linspace(0, 1, samples) * (lengths[:, None] - 1)
    before = np.minimum(at.astype(int), np.maximum(lengths[:, None] - 2, 0))
    after = np.minimum(before + 1, lengths[:, None] - 1)
    share = (at - before)[..., None]
    rows = np.arange(len(x))[:, None]
    between: NDArray[np.float32] = ((1 - share) * x[rows, before] + share * x[rows, after]).astype(np.float32)
    return between
