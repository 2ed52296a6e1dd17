"""arcana: emulate, train and deploy networks of analog DPI neurons on the Dynap-SE chips.

Names are loaded when first used, so that what needs no torch (``arcana profiles show``) starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arcana import units as units
    from arcana.aer import run_events as run_events
    from arcana.analysis.metrics import Accuracy as Accuracy
    from arcana.analysis.sensitivity import sensitivity as sensitivity
    from arcana.analysis.study import RobustnessStudy as RobustnessStudy
    from arcana.analysis.study import robustness as robustness
    from arcana.compare import Agreement as Agreement
    from arcana.compare import agreement as agreement
    from arcana.config import ChipConfig as ChipConfig
    from arcana.emulate import Emulator as Emulator
    from arcana.engine.dispatch import use_engine as use_engine
    from arcana.graph import NetworkGraph as NetworkGraph
    from arcana.hardware.defects import DefectMap as DefectMap
    from arcana.hardware.registry import load_profile as load_profile
    from arcana.mapping.pipeline import map_network as map_network
    from arcana.mapping.result import Mapping as Mapping
    from arcana.mismatch import Mismatch as Mismatch
    from arcana.mismatch import MismatchModel as MismatchModel
    from arcana.mismatch.measured import fit_mismatch as fit_mismatch
    from arcana.netlist import read_netlist as read_netlist
    from arcana.netlist import write_netlist as write_netlist
    from arcana.nn.graph import graph_of as graph_of
    from arcana.nn.layer import DPILayer as DPILayer
    from arcana.nn.sequential import Sequential as Sequential
    from arcana.nn.simulate import Trace as Trace
    from arcana.nn.simulate import simulate as simulate
    from arcana.training.calibrate import calibrate as calibrate
    from arcana.training.harden import harden as harden

__version__ = "0.1.0"

_HOME = {
    "Accuracy": "arcana.analysis.metrics",
    "Agreement": "arcana.compare",
    "ChipConfig": "arcana.config",
    "DPILayer": "arcana.nn.layer",
    "DefectMap": "arcana.hardware.defects",
    "Emulator": "arcana.emulate",
    "Mapping": "arcana.mapping.result",
    "Mismatch": "arcana.mismatch",
    "MismatchModel": "arcana.mismatch",
    "NetworkGraph": "arcana.graph",
    "RobustnessStudy": "arcana.analysis.study",
    "Sequential": "arcana.nn.sequential",
    "Trace": "arcana.nn.simulate",
    "agreement": "arcana.compare",
    "calibrate": "arcana.training.calibrate",
    "fit_mismatch": "arcana.mismatch.measured",
    "graph_of": "arcana.nn.graph",
    "harden": "arcana.training.harden",
    "load_profile": "arcana.hardware.registry",
    "map_network": "arcana.mapping.pipeline",
    "read_netlist": "arcana.netlist",
    "robustness": "arcana.analysis.study",
    "run_events": "arcana.aer",
    "sensitivity": "arcana.analysis.sensitivity",
    "simulate": "arcana.nn.simulate",
    "units": "",
    "use_engine": "arcana.engine.dispatch",
    "write_netlist": "arcana.netlist",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'arcana' has no attribute {name!r}")
    if not _HOME[name]:
        return importlib.import_module(f"arcana.{name}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
