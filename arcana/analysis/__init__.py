"""How a network holds up on virtual chips: studies, statistics, sensitivities, and their reports."""

from arcana.analysis.conditions import Conditions, grid
from arcana.analysis.metrics import Accuracy, accuracy
from arcana.analysis.study import RobustnessStudy, robustness

__all__ = ["Accuracy", "Conditions", "RobustnessStudy", "accuracy", "grid", "robustness"]
