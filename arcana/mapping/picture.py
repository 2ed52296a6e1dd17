"""The board as a picture: how full its cores are, and who sends to whom."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from arcana.errors import BadInput

if TYPE_CHECKING:
    from arcana.mapping.report import CoreUse, Report

_FULL, _EDGE, _INK, _SENT = "#1f5fa8", "#888888", "#222222", "#c1440e"


def board_picture(report: Report) -> bytes:
    """Left: each chip with its cores, filled as far as they hold neurons, and senders between chips as arrows.

    Right: neurons that send from each used core (row) to each (column).

    Returns:
        The picture as PNG.

    Raises:
        BadInput: if matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise BadInput.one("matplotlib", "missing", "installed: pip install '.[plot]'") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (board, traffic) = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
    _draw_board(board, report)
    _draw_traffic(figure, traffic, report)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    plt.close(figure)
    return buffer.getvalue()


def _draw_board(axis: Any, report: Report) -> None:
    from matplotlib.patches import Rectangle

    used = {(c.chip, c.core): c for c in report.cores}
    per_chip = len(report.between_cores) // len(report.between_chips)
    side = max(2, round(per_chip**0.5))
    for chip, (x, y) in enumerate(report.positions):
        left, top = 2.6 * x, -2.6 * y
        axis.add_patch(Rectangle((left, top), 2.1, 2.1, fill=False, ec=_INK, lw=1.2))
        axis.text(left, top + 2.15, f"chip {chip}", color=_INK, va="bottom")
        for core in range(per_chip):
            at = left + 0.08 + core % side, top + 1.08 - core // side
            _draw_core(axis, at, core, used.get((chip, core)))
    _draw_arrows(axis, report)
    axis.set_aspect("equal")
    axis.axis("off")
    axis.autoscale_view()
    axis.margins(0.05)
    axis.set_title(f"{report.profile}: neurons and input words of each core", loc="left")


def _draw_core(axis: Any, at: tuple[float, float], core: int, use: CoreUse | None) -> None:
    from matplotlib.patches import Rectangle

    x, y = at
    if use is not None:
        axis.add_patch(Rectangle((x, y), 0.94, 0.94 * use.neurons / use.places, color=_FULL, alpha=0.35, lw=0))
        text = f"c{core}\n{use.neurons} / {use.places}\n{use.words} words\n" + _short(", ".join(use.populations))
        axis.text(x + 0.47, y + 0.47, text, ha="center", va="center", fontsize=7, color=_INK)
    else:
        axis.text(x + 0.47, y + 0.47, f"c{core}", ha="center", va="center", fontsize=7, color=_EDGE)
    axis.add_patch(Rectangle((x, y), 0.94, 0.94, fill=False, ec=_EDGE, lw=0.8))


def _draw_arrows(axis: Any, report: Report) -> None:
    most = max((n for a, row in enumerate(report.between_chips) for b, n in enumerate(row) if a != b), default=0)
    for a, row in enumerate(report.between_chips):
        for b, senders in enumerate(row):
            if a == b or not senders:
                continue
            start, end = (
                (2.6 * report.positions[k][0] + 1.05, -2.6 * report.positions[k][1] + 1.05) for k in (a, b)
            )
            style = {"arrowstyle": "-|>", "color": _SENT, "lw": 0.8 + 3 * senders / most, "alpha": 0.6}
            style |= {"connectionstyle": "arc3,rad=0.12", "shrinkA": 40, "shrinkB": 40}
            axis.annotate("", xy=end, xytext=start, arrowprops=style)
            middle = [0.5 * (s + e) for s, e in zip(start, end, strict=True)]
            aside = 0.16 * (end[1] - start[1]), -0.16 * (end[0] - start[0])
            axis.text(
                middle[0] + aside[0], middle[1] + aside[1], str(senders), fontsize=7, color=_SENT, ha="center"
            )


def _draw_traffic(figure: Any, axis: Any, report: Report) -> None:
    per_chip = len(report.between_cores) // len(report.between_chips)
    places = [c.chip * per_chip + c.core for c in report.cores]
    table = [[report.between_cores[a][b] for b in places] for a in places]
    names = [f"C{c.chip}c{c.core}" for c in report.cores]
    image = axis.imshow(table, cmap="Blues")
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set(xlabel="to core", ylabel="from core")
    axis.set_title("Neurons that send from core to core", loc="left")
    bright = 0.6 * max((max(row) for row in table), default=0)
    for i, row in enumerate(table):
        for j, value in enumerate(row):
            if value:
                axis.text(
                    j, i, str(value), ha="center", va="center", fontsize=7, color="w" if value > bright else _INK
                )
    figure.colorbar(image, ax=axis, shrink=0.7)


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
