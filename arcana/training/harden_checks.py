"""What ``harden`` was given, checked as a whole before anything is trained."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from arcana.circuits.dpi import SOLVERS
from arcana.errors import Problems, did_you_mean
from arcana.mismatch import MismatchModel
from arcana.nn.sequential import dpi_layers
from arcana.training.attack import Attack
from arcana.training.on_layers import split
from arcana.training.schedule import check_share

METHODS = ("plain", "sample", "attack", "both")


def check(net: Any, data: Any, loss: Any, mismatch: Any, method: Any, attack: Any, options: dict[str, Any]) -> None:
    """All arguments of ``harden`` but the content of the data.

    Raises:
        BadInput: listing all that is wrong.
    """
    problems = Problems()
    _check_net(net, problems)
    if not callable(loss):
        problems.note("loss", loss, "a function of the spikes of all layers and the targets")
    if method not in METHODS:
        hint = did_you_mean(str(method), METHODS)
        problems.note("method", method, "one of " + ", ".join(METHODS), hint=hint)
    if not (isinstance(mismatch, MismatchModel) or (mismatch is None and method == "plain")):
        allowed = "a MismatchModel" if method != "plain" else "a MismatchModel, or None"
        problems.note("mismatch", mismatch, allowed, hint="MismatchModel(0.2) is 20 % on every bias")
    if not isinstance(attack, Attack):
        problems.note("attack", attack, "an Attack, such as Attack(steps=2, radius=1)")
    _check_numbers(options, problems)
    if callable(data):
        for name in ("batch", "window"):
            if options[name] is not None:
                hint = "the function that gives the data gives what an update sees"
                problems.note(name, options[name], "None where data is a function", hint=hint)
    if not callable(options["schedule"]):
        problems.note("schedule", options["schedule"], "a function of the share of updates done, such as Ramp()")
    if options["solver"] is not None and options["solver"] not in SOLVERS:
        hint = did_you_mean(str(options["solver"]), SOLVERS)
        problems.note("solver", options["solver"], "None, or one of " + ", ".join(SOLVERS), hint=hint)
    problems.raise_if_any()


def scale_of(value: Any, progress: float) -> float:
    """What a schedule said.

    Raises:
        BadInput: if that is no number from 0 to 1.
    """
    problems = Problems()
    check_share(f"schedule({progress:g})", value, problems)
    problems.raise_if_any()
    return float(value)


def _check_net(net: Any, problems: Problems) -> None:
    if not isinstance(net, nn.Module) or not dpi_layers(net):
        problems.note("net", type(net).__name__, "a network with at least one DPI layer")
        return
    front, back = split(net)
    if not any(p.requires_grad for module in back for p in module.parameters()):
        hint = "make the layer with train_ampa=True, train_Itau_mem=True, ..."
        problems.note("net", "nothing that is trained", "at least one trained parameter", hint=hint)
    if any(p.requires_grad for module in front for p in module.parameters()):
        hint = "the encoder is run once; train it apart, or call requires_grad_(False) on it"
        problems.note(
            "net", "an encoder with trained parameters", "trained parameters in the layers only", hint=hint
        )


def _check_numbers(options: dict[str, Any], problems: Problems) -> None:
    for name, low in (("updates", 1), ("seed", 0), ("chips", 1), ("batch", 1), ("window", 1), ("substeps", 1)):
        value = options[name]
        if value is None and name in ("batch", "window", "substeps"):
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            problems.note(name, value, f"a whole number >= {low}")
    for name, zero in (("beta", True), ("count_rate", False), ("bias_rate", False), ("clip", False)):
        value = options[name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not number or value < 0 or (value == 0 and not zero):
            problems.note(name, value, f"a finite number {'>= 0' if zero else '> 0'}")
    if options["whole_from"] is not None:
        check_share("whole_from", options["whole_from"], problems)
