"""Real recordings that come with the package, and the reader of a user's own signal. Needs numpy only."""

from arcana.data.basic_motions import BasicMotions, load_basic_motions
from arcana.data.csv import Signal, read_signal
from arcana.data.ecg import ECG, load_ecg
from arcana.data.events import write_events

__all__ = [
    "BasicMotions",
    "ECG",
    "Signal",
    "load_basic_motions",
    "load_ecg",
    "read_signal",
    "write_events",
]
