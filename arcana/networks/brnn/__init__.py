"""Recurrent networks in which conductances set the time constant."""

from arcana.networks.brnn.comparison import Comparison, compare
from arcana.networks.brnn.memory import Tracker, scores_by_delay, scores_by_share, time_constants
from arcana.networks.brnn.network import BRNN, BRNNTrace
from arcana.networks.brnn.parts import PRESETS, Parts
from arcana.networks.brnn.presentations import Presentation
from arcana.networks.brnn.state import BRNNState
from arcana.networks.brnn.task import Task
from arcana.networks.brnn.tasks import digits, images, of_file
from arcana.networks.brnn.tasks_synthetic import adding, delayed_match, flip_flop
from arcana.networks.brnn.training import Fitted, fit, score

__all__ = [
    "BRNN", "BRNNState", "BRNNTrace", "Comparison", "Fitted", "PRESETS", "Parts", "Presentation", "Task", "Tracker",
    "adding", "compare", "delayed_match", "digits", "fit", "flip_flop", "images", "of_file", "score",
    "scores_by_delay", "scores_by_share", "time_constants",
]  # fmt: skip
