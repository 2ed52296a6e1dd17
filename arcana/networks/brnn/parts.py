"""What a network of the family is made of, and the presets: named choices of parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, get_args

from arcana.errors import Problems, unknown_name
from arcana.networks.brnn.functions import CONSTRAINTS, RATES

State: TypeAlias = Literal["voltage", "rate"]
Drive: TypeAlias = Literal["free", "signed", "reversal"]
Gate: TypeAlias = Literal["none", "constant", "free", "tied", "scalar", "unit", "matrix", "signs", "gru"]
Output: TypeAlias = Literal["all", "excitatory"]
SCALED: tuple[Gate, ...] = ("scalar", "unit", "matrix", "signs")


@dataclass(frozen=True)
class Parts:
    """The parts of one network; see the table in ``docs/brnn.md``.

    Attributes:
        state: What is integrated: ``v' = (1-z) v + dt drive``, or ``r' = (1-z) r + z phi(drive)``.
        drive: W trained freely; with signed columns (``signed``: first half +|W|, second -|W|); or made of
            conductances and reversal potentials (``reversal``: e_e (K + C) on the first half, e_i (K + C) on the
            second).
        gate: z: 1 (``none``), a constant of each unit, scale sigmoid(K r + P_z x + b_z) with K and P_z of their own
            (``free``), those of the drive times a factor (``tied``), or |W| and |P| with factors A = 10 sigmoid(a)
            that are one number, one for each unit, a matrix, or one for each sign. ``gru``: torch's own GRU, with
            a reset gate as well.
        K: Constraint of K (and C).
        P_z: Constraint of P_z.
        reversal: Of the reversal potentials: max(e, 0), from which a gradient can bring them back (``relu``), or
            ``exp``.
        scale: Largest z of a gate: ``dt`` or 1.
        plastic: Whether synapses have short-term plasticity.
        recovery: Range of its constants z_x and z_u for one step: 0.001 to 0.1 (``slow``), or 0 to 1 (``any``).
        rate: phi.
        output: Which units the read-out sees.
    """

    state: State = "voltage"
    drive: Drive = "free"
    gate: Gate = "free"
    K: str = "free"
    P_z: str = "free"
    reversal: Literal["relu", "exp"] = "relu"
    scale: Literal["dt", "one"] = "dt"
    plastic: bool = False
    recovery: Literal["slow", "any"] = "slow"
    rate: str = "sigmoid"
    output: Output = "all"

    def __post_init__(self) -> None:
        problems = Problems()
        names: dict[str, Any] = {
            "state": get_args(State), "drive": get_args(Drive), "gate": get_args(Gate), "K": CONSTRAINTS,
            "P_z": CONSTRAINTS, "reversal": ("relu", "exp"), "scale": ("dt", "one"), "rate": RATES,
            "recovery": ("slow", "any"),
            "output": get_args(Output),
        }  # fmt: skip
        for name, known in names.items():
            value: object = getattr(self, name)
            if not isinstance(value, str) or value not in known:
                problems.append(unknown_name(name, str(value), known))
        plastic: object = self.plastic
        if not isinstance(plastic, bool):
            problems.note("plastic", plastic, "True or False")
        problems.raise_if_any()
        if self.drive == "reversal" and self.gate != "free":
            problems.note(
                "drive", "reversal", "with gate free: its weights are made of the conductances K of the gate"
            )
        if self.drive == "reversal" and self.K == "free":
            problems.note("K", "free", "relu, softplus, exp or abs with drive reversal: conductances are >= 0")
        if self.gate == "signs" and self.drive != "signed":
            problems.note("gate", "signs", "with drive signed: it has one factor for each sign of W")
        if self.state == "voltage" and self.gate == "none":
            problems.note("gate", "none", "any other with state voltage: without leak it only sums up")
        if self.gate == "gru" and (self.state, self.drive, self.plastic, self.rate) != (
            "rate",
            "free",
            False,
            "tanh",
        ):
            problems.note(
                "gate", "gru", "with state rate, drive free, rate tanh and no plasticity: it is torch's own"
            )
        if self.plastic and self.rate == "tanh":
            problems.note("rate", "tanh", "sigmoid, relu or softplus with plastic synapses: they need rates >= 0")
        problems.raise_if_any()

    @property
    def dale(self) -> bool:
        """Whether half of the units excite and half inhibit."""
        return self.drive != "free"


_CB = Parts(K="relu", P_z="softplus")
_DALE = Parts(drive="reversal", K="softplus", output="excitatory")
_OLD = Parts(K="exp", P_z="exp", plastic=True)


def _with(parts: Parts, **changes: Any) -> Parts:
    return Parts(**({f.name: getattr(parts, f.name) for f in fields(parts)} | changes))


PRESETS: Mapping[str, Parts] = {
    "vanilla": Parts(state="rate", gate="none"),
    "simple_gru": Parts(state="rate", scale="one"),
    "full_gru": Parts(state="rate", gate="gru", rate="tanh", scale="one"),
    "cb_gru": Parts(),
    "cb_rnn": _CB,
    "cb_rnn_tied": Parts(gate="tied"),
    "dale_cb": _DALE,
    "cb_gru_stp": Parts(plastic=True),
    "cb_rnn_stp": _with(_CB, plastic=True),
    "cb_rnn_tied_stp": Parts(gate="tied", plastic=True),
    "dale_cb_stp": _with(_DALE, plastic=True),
    "multiscale": Parts(state="rate", gate="constant"),
    "stp_nondale": _OLD,
    "stp_dale": _with(_OLD, drive="reversal", reversal="exp"),
    "constant_a": Parts(state="rate", gate="scalar"),
    "constant_a_unit": Parts(state="rate", gate="unit"),
    "constant_a_ei": Parts(state="rate", gate="scalar", drive="signed"),
    "matrix_a": Parts(state="rate", gate="matrix"),
    "matrix_a_ei": Parts(state="rate", gate="signs", drive="signed"),
    "stp": Parts(state="rate", gate="constant", plastic=True, recovery="any"),
}


def parts_of(preset: str, changes: Mapping[str, Any]) -> Parts:
    """A preset with some parts changed.

    Raises:
        BadInput: for an unknown preset or part (with the nearest known ones), and parts that do not go together.
    """
    known = tuple(f.name for f in fields(Parts))
    problems = Problems(unknown_name("part", name, known) for name in changes if name not in known)
    if not isinstance(preset, str) or preset not in PRESETS:
        problems.append(unknown_name("preset", str(preset), PRESETS))
    problems.raise_if_any()
    return _with(PRESETS[preset], **changes)
