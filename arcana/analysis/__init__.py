"""How a network holds up on virtual chips: studies, statistics, sensitivities, and their reports."""

from arcana.analysis.conditions import Conditions, grid
from arcana.analysis.margin import Margin
from arcana.analysis.metrics import Accuracy, accuracy
from arcana.analysis.result import RobustnessReport
from arcana.analysis.sensitivity import sensitivity
from arcana.analysis.sensitivity_report import SensitivityReport
from arcana.analysis.study import RobustnessStudy, robustness

__all__ = [
    "Accuracy", "Conditions", "Margin", "RobustnessReport", "RobustnessStudy", "SensitivityReport", "accuracy",
    "grid", "robustness", "sensitivity",
]  # fmt: skip
