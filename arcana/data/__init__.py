"""Real recordings that come with the package, and the reader of a user's own signal. Needs numpy only."""

from arcana.data.basic_motions import BasicMotions, load_basic_motions
from arcana.data.cifar import read_cifar10
from arcana.data.csv import Signal, read_signal
from arcana.data.ecg import ECG, load_ecg
from arcana.data.event_reader import Events, read_events
from arcana.data.events import write_events
from arcana.data.idx import read_idx, read_images
from arcana.data.image_files import Images

__all__ = [
    "BasicMotions",
    "ECG",
    "Events",
    "Images",
    "Signal",
    "load_basic_motions",
    "load_ecg",
    "read_cifar10",
    "read_events",
    "read_idx",
    "read_images",
    "read_signal",
    "write_events",
]
