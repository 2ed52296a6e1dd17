"""How an image becomes a sequence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.errors import BadInput, Problems
from arcana.limits import MOST, is_whole
from arcana.typing import Tensor

_IMAGES = "a tensor or an array (B, H, W) or (B, H, W, C), none of them 0"

Order: TypeAlias = Literal["rows", "snake"]
Stride: TypeAlias = int | Literal["half"] | None
ROUNDING = 1e-9  # 0.07 * 100 is 7.000000000000001 in float64, and 7 steps


@dataclass(frozen=True)
class Presentation:
    """Step k shows pixels k s to k s + L - 1 of P pixels in a line; there are ceil(share (P // s)) steps.

    Behind the last pixel stand zeros. Where s does not divide P, the last window starts at (P // s - 1) s, and
    pixels behind it are not shown; a stride above the window skips pixels. A pixel keeps its channels together: a
    window is as long, and a stride as wide, in images with three colours, and the step has three times the inputs.

    ``Presentation()`` shows one row a step; ``Presentation("snake", 8, 4)`` shows windows of 8 pixels, each 4
    pixels on; ``Presentation("snake", 8, "half")`` overlaps windows of any length by half.

    Attributes:
        order: "rows": every row from left to right; "snake": odd rows from right to left, so that pixels that
            follow each other in the line are neighbours in the image.
        window: Pixels of a step, L; None: one row.
        stride: Pixels from one step to the next, s; "half": L / 2; None: L.
        share: Share of the steps that is shown, from the first.

    Raises:
        BadInput: listing an unknown order, sizes that are not whole numbers >= 1, half of an odd window, and a
            share outside (0, 1].
    """

    order: Order = "rows"
    window: int | None = None
    stride: Stride = None
    share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what fits no image at all."""
        problems = Problems()
        if self.order not in ("rows", "snake"):
            problems.note("order", self.order, "rows or snake")
        if self.window is not None and not is_whole(self.window, 1):
            problems.note("window", self.window, f"a whole number from 1 to {MOST}, or None for one row", "pixels")
        elif self.window is not None:
            _check_half(self.window, self.stride, problems)
        if self.stride not in (None, "half") and not is_whole(self.stride, 1):
            allowed = f"a whole number from 1 to {MOST}, half, or None for the window"
            problems.note("stride", self.stride, allowed, "pixels")
        number = isinstance(self.share, int | float) and not isinstance(self.share, bool)
        if not number or not 0 < self.share <= 1:
            problems.note("share", self.share, "a number above 0, up to 1")
        problems.raise_if_any()

    def __str__(self) -> str:
        if self.window is None and self.stride is None:
            text = "row by row"
        else:
            text = f"windows of {self.window or 'a row'}, stride {self.stride or 'the same'}"
        text += ", snake" if self.order == "snake" else ""
        return text if self.share == 1 else f"{text}, first {self.share:.0%}"

    def steps(self, shape: tuple[int, ...]) -> int:
        """Steps T of an image (H, W) or (H, W, C).

        Raises:
            BadInput: listing a shape that is no image, and a window or a stride longer than it.
        """
        return self._sizes(shape)[0]

    def n_in(self, shape: tuple[int, ...]) -> int:
        """Inputs of a step, window x channels, for an image (H, W) or (H, W, C).

        Raises:
            BadInput: as ``steps``.
        """
        return self._sizes(shape)[1] * (shape[2] if len(shape) == 3 else 1)

    def __call__(self, given: Tensor | NDArray[Any]) -> Tensor:
        """Images (B, H, W) or (B, H, W, C), or an array of them -> sequences (B, T, n_in), of the same type.

        Input L_i C + c of a step is channel c of pixel L_i of the window.

        Raises:
            BadInput: as ``steps``, and for values that are not finite.
        """
        images: Any = torch.from_numpy(given) if isinstance(given, np.ndarray) else given
        if not isinstance(images, torch.Tensor) or images.ndim not in (3, 4) or 0 in images.shape:
            shape = tuple(getattr(images, "shape", ())) or type(images).__name__
            raise BadInput.one("images", shape, _IMAGES, "(shape)")
        T, L, s = self._sizes(tuple(images.shape[1:]))
        wrong = int((~torch.isfinite(images)).sum())
        if wrong:
            raise BadInput.one("images", f"{wrong} values", "finite numbers")
        pixels = images if images.ndim == 4 else images[..., None]
        if self.order == "snake":
            pixels = pixels.clone()
            pixels[:, 1::2] = pixels[:, 1::2].flip(2)
        shown = (T - 1) * s + L
        line = pixels.flatten(1, 2)[:, :shown]
        line = torch.nn.functional.pad(line, (0, 0, 0, shown - line.shape[1]))
        return line.unfold(1, L, s).transpose(2, 3).flatten(2)

    def _sizes(self, shape: Any) -> tuple[int, int, int]:
        """Steps, window and stride."""
        if not isinstance(shape, tuple) or len(shape) not in (2, 3) or not all(is_whole(n, 1) for n in shape):
            raise BadInput.one("image", shape, "(H, W) or (H, W, C), whole numbers >= 1", "(shape)")
        pixels, problems = shape[0] * shape[1], Problems()
        window = shape[1] if self.window is None else self.window
        _check_half(window, self.stride, problems)
        stride = window if self.stride is None else window // 2 if self.stride == "half" else self.stride
        for name, value in (("window", window), ("stride", stride)):
            if value > pixels:
                problems.note(name, value, f"{pixels} at most, all of an image {shape[:2]}", "pixels")
        problems.raise_if_any()
        return math.ceil(self.share * (pixels // stride) - ROUNDING), window, stride


def _check_half(window: int, stride: Stride, problems: Problems) -> None:
    if stride == "half" and window % 2:
        problems.note("window", window, "an even number, as the stride is half of it", "pixels")
