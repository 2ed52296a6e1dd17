"""How anybody gets one chip of a study back, alone."""

from __future__ import annotations

from typing import Any

from arcana.analysis.confusion import worst_chips
from arcana.analysis.result import RobustnessReport
from arcana.analysis.wording import hardest

CODE = """{first}from arcana.analysis import Accuracy, RobustnessStudy
from arcana.analysis.files import load_report
from arcana.data.series import read_series

report, data = load_report({path!r}), read_series({data!r})
study = RobustnessStudy(
    {settings}, {metric!r}, (data.x, data.y), report.model, n_chips={chips}, seed={seed}{profile},
    **report.points[{point}].conditions.to_dict(),
)
study.value(0, {chip})  # {value!r}
study.spikes(0, {chip})  # of this chip: (series, steps, outputs)
"""


def rebuild_code(
    report: RobustnessReport, metric: Any, path: str, settings: str, data: str, profile: str | None = None
) -> str:
    """Python code that rebuilds the worst chip at the hardest point.

    Args:
        report: What the study found.
        metric: Of the study; its ``repr`` must be what makes it.
        path: Where the report is, as JSON.
        settings: Path of the settings, or of a network (``.pt``).
        data: File or name of the series.
        profile: Of the chip, where it is not the one that the settings name.
    """
    point = hardest(report)
    chip = worst_chips(report, point, 1)[0]
    saved = settings.endswith((".pt", ".pth"))
    made = f"torch.load({settings!r}, weights_only=False)" if saved else repr(settings)
    first, other = ("import torch\n\n" if saved else ""), (f", profile={profile!r}" if profile else "")
    return CODE.format(
        first=first, path=path, data=data, settings=made, metric=metric, chips=len(report.points[point].values),
        seed=report.seed, profile=other, point=point, chip=chip, value=report.points[point].values[chip],
    )  # fmt: skip
