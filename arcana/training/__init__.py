"""Training for silicon: what makes networks, and single chips, stand mismatch."""

from __future__ import annotations

from arcana.training.attack import Attack
from arcana.training.calibrate import Calibration, Change, calibrate
from arcana.training.calibrate_board import Board, EmulatorBoard
from arcana.training.harden import Update, harden
from arcana.training.schedule import Ramp

__all__ = ["Attack", "Board", "Calibration", "Change", "EmulatorBoard", "Ramp", "Update", "calibrate", "harden"]
