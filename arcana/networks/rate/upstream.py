"""Configurations by the field names of the NeuroTorch programs, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from arcana.errors import Problems, unknown_name
from arcana.networks.rate.config import PER_POPULATION, PER_STIMULUS, RateConfig
from arcana.networks.rate.transfer import TRANSFERS

# Their name: ours. What is written otherwise, and not only called otherwise, is in _READ below
NAMES = {
    "N_NEURON": "neurons", "frac": "fractions", "K": "in_degree", "CON_TYPE": "connectivity",
    "PROBA_TYPE": "structure", "KAPPA": "structure_strength", "PHASE": "structure_phase_deg",
    "LR_MEAN": "low_rank_mean", "LR_COV": "low_rank_cov", "SIGMA": "weight_noise", "Jab": "strength",
    "GAIN": "gain", "Ja0": "strength_in", "M0": "drive", "DT": "dt_s", "TAU": "tau_s", "RATE_DYN": "rate_dynamics",
    "TAU_SYN": "tau_syn_s", "SYN_DYN": "synaptic_dynamics", "IF_NMDA": "nmda", "R_NMDA": "nmda_share",
    "TAU_NMDA": "tau_nmda_s", "TF_TYPE": "transfer", "THRESH": "threshold", "IF_STP": "plastic", "USE": "release",
    "TAU_FAC": "tau_facilitation_s", "TAU_REC": "tau_recovery_s", "VAR_FF": "input_variance",
    "BUMP_SWITCH": "held_until_stimulus", "T_STIM_ON": "stimulus_on_s", "T_STIM_OFF": "stimulus_off_s",
    "I0": "stimulus_strength", "SIGMA0": "stimulus_tuning", "PHI0": "stimulus_phase_deg",
    "DURATION": "duration_s", "T_STEADY": "warm_up_s", "T_WINDOW": "window_s", "N_BATCH": "batch", "SEED": "seed",
}  # fmt: skip
_BACK = {ours: theirs for theirs, ours in NAMES.items()}
OF_NO_EFFECT = ("N_POP", "DEVICE", "FLOAT_PRECISION", "VERBOSE", "TASK", "task")
STRUCTURES = {
    "None": "none", "": "none", "cos": "cosine", "cosine": "cosine", "cos_spec": "cosine_by_sqrt_k",
    "lr": "low_rank", "von_mises": "von_mises",
}  # fmt: skip
TRANSFER_NAMES = {"relu": "threshold_linear", "sigmoid": "sigmoid", "erf": "erf", "brunel": "brunel_2003"}
CONNECTIVITY = {"sparse": "sparse", "all2all": "all_to_all"}
# Of fields whose values are words: those of either side, and what we call them
WORDS = {
    "structure": STRUCTURES | {ours: ours for ours in STRUCTURES.values()},
    "transfer": TRANSFER_NAMES | {ours: ours for ours in TRANSFERS},
    "connectivity": CONNECTIVITY | {ours: ours for ours in CONNECTIVITY.values()},
}
FLAGS = ("RATE_DYN", "SYN_DYN", "IF_NMDA", "BUMP_SWITCH")
# What their programs did where a file says nothing
THEIRS = {"integration": "explicit", "all_to_all_scaling": "sqrt_n"}


def is_upstream(data: Mapping[str, Any]) -> bool:
    """Whether a source is one of theirs: more of its names are known from there than from here."""
    ours = sum(name in RateConfig.model_fields for name in data)
    return sum(name in NAMES or name in OF_NO_EFFECT for name in data) > ours


def by_our_names(
    data: Mapping[str, Any], upstream: bool, problems: Problems, given: Collection[str] = ()
) -> dict[str, Any]:
    """The same by our names; those that neither side knows are noted. Ours and theirs may stand together.

    What a source of theirs does not say is as in their programs. These read as many values of a list as there are
    populations: what is longer is cut, but for the names in ``given``, which somebody has just written.
    """
    found: dict[str, Any] = dict(THEIRS) if upstream else {}
    for name, value in data.items():
        if name in WORDS:
            found[name] = _words(name, value, problems)
        elif name in RateConfig.model_fields:
            found[name] = value
        elif name in NAMES:
            found[NAMES[name]] = _read(name, value, problems)
        elif name not in OF_NO_EFFECT:
            problems.append(unknown_name("field", str(name), (*NAMES, *RateConfig.model_fields)))
    count = data.get("N_POP")
    shares = found.get("fractions")
    if count is not None and isinstance(shares, (list, tuple)) and count != len(shares):
        problems.note("N_POP", count, f"{len(shares)}, the number of shares in frac")
    theirs = {name: value for name, value in found.items() if not {name, _BACK.get(name)} & set(given)}
    return found | _cut(theirs, found)


def name_of(field: str) -> str:
    """The name that a dotted field begins with."""
    return field.partition("[")[0].partition(".")[0]


def told(field: str) -> str:
    """A field of ours as somebody knows it who wrote their names: ``K (in_degree)``."""
    theirs = _BACK.get(name_of(field))
    return f"{theirs}{field.removeprefix(name_of(field))} ({name_of(field)})" if theirs else field


def to_upstream(config: RateConfig) -> dict[str, Any]:
    """Their names for a configuration, as plain data; ``integration``, the scaling and ``record`` keep ours."""
    values = config.model_dump()
    found: dict[str, Any] = {"N_POP": len(config.fractions)}
    for name, value in values.items():
        theirs = _BACK.get(name, name)
        if name == "plastic" and value not in ((), ((0, 0),)):  # they know E to E alone
            theirs = name
        found[theirs] = _written(name, value)
    return found


def _read(name: str, value: Any, problems: Problems) -> Any:
    if name == "Jab" and isinstance(value, (list, tuple)) and not any(isinstance(v, (list, tuple)) for v in value):
        side = round(len(value) ** 0.5)
        if side * side != len(value):
            problems.note("Jab", value, "as many numbers as pairs of populations: 1, 4, 9, ...")
            return [[0.0]]
        return [list(value[k * side : (k + 1) * side]) for k in range(side)]
    if NAMES[name] in WORDS:
        return _words(NAMES[name], value, problems, name)
    if name == "IF_STP":
        if value not in (0, 1):
            problems.note(name, value, "0 or 1; `plastic` names pairs of populations")
        return [(0, 0)] if value else []
    if name in FLAGS:
        return [_flag(v) for v in value] if isinstance(value, (list, tuple)) else _flag(value)
    return value


def _words(field: str, value: Any, problems: Problems, name: str = "") -> Any:
    """Choices by their words or ours."""
    each = value if isinstance(value, (list, tuple)) else [value]
    words = WORDS[field]
    unknown = dict.fromkeys(str(v) for v in each if str(v) not in words)
    problems.extend(unknown_name(name or field, v, words) for v in unknown)
    known = [words.get(str(v), next(iter(words.values()))) for v in each]
    return known if isinstance(value, (list, tuple)) else known[0]


def _flag(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _cut(lists: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Lists that are longer than there are populations, or stimuli, cut to their number."""
    cut = {}
    for names, counted in ((PER_POPULATION, "fractions"), (PER_STIMULUS, "stimulus_on_s")):
        each = found.get(counted)
        count = len(each) if isinstance(each, (list, tuple)) else 1 if isinstance(each, (int, float)) else None
        for name in names:
            value = lists.get(name)
            if count is not None and isinstance(value, (list, tuple)) and len(value) > count:
                cut[name] = list(value)[:count]
    return cut


def _written(name: str, value: Any) -> Any:
    tables = {"structure": STRUCTURES, "transfer": TRANSFER_NAMES, "connectivity": CONNECTIVITY}
    if name == "strength":
        return [number for row in value for number in row]
    if name == "plastic" and tuple(map(tuple, value)) in ((), ((0, 0),)):
        return int(bool(value))
    if name in tables:
        back = {ours: theirs for theirs, ours in reversed(tables[name].items())}
        return [back[v] for v in value] if isinstance(value, tuple) else back.get(value, value)
    if isinstance(value, bool):
        return int(value)
    return [_written("", v) for v in value] if isinstance(value, (list, tuple)) else value
