"""What all pictures share: the plotting library, colours, and the way to PNG."""

from __future__ import annotations

import io
from typing import Any

from arcana.errors import BadInput

UP, DOWN, INK, PALE = "#c1440e", "#1f5fa8", "#333333", "#bbbbbb"
# Told apart by people who see few colours as well (after Okabe and Ito)
LINES = (DOWN, UP, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def need_matplotlib() -> Any:
    """The plotting library.

    Raises:
        BadInput: if it is not installed, with the command that installs it.
    """
    try:
        import matplotlib
    except ImportError as error:
        allowed = "installed: pip install '.[plot]'"
        raise BadInput.one("matplotlib", "missing", allowed) from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def png(figure: Any) -> bytes:
    """The picture as PNG, without the frame that nobody reads; the figure is closed."""
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    need_matplotlib().close(figure)
    return buffer.getvalue()
