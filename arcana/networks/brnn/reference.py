"""Networks with the parameters of the original scripts, under the names that they have there.

=========================  =======================================================================
here                       there
=========================  =======================================================================
P, b                       P, b_v (later scripts); p_r, b_r (earlier ones)
W                          W; w_r
K, C, P_z, b_z             K, C, P_z, b_z; K, C, p_z, g_z; simple GRU: w_z, p_z, b_z
e, e_p                     e, e_p
e_e, e_i                   e_e, e_i; v_e, v_i
a                          a; a_excitatory, a_inhibitory
c_x, c_u, c_U              c_x, c_u, c_U
readout                    fc.weight, fc.bias
=========================  =======================================================================

Earlier scripts registered dt as a parameter by accident, so it was drawn at random with the weights, of any sign
and size: the value stored with the others is used here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.errors import BadInput, Problems, unknown_name

# Beginning of a tag, preset, and parts that differ from it
_TAGS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "w07_constA_EI": ("constant_a_ei", {}),
    "w07_EI_matA": ("matrix_a_ei", {}),
    "w07_matrixA": ("matrix_a", {}),
    "w10_02": ("simple_gru", {}),
    "w10_03": ("cb_gru", {}),
    "w10_04": ("stp_nondale", {}),
    "w10_05": ("stp_dale", {}),
    "w11_01": ("cb_gru", {}),
    "w11_02": ("cb_rnn", {}),
    "w11_03": ("cb_rnn_tied", {}),
    "w11_04": ("dale_cb", {}),
    "w11_05": ("cb_gru_stp", {}),
    "w11_06": ("cb_rnn_stp", {}),
    "w11_07": ("cb_rnn_tied_stp", {}),
    "w11_08": ("dale_cb_stp", {"rate": "relu"}),
    "w13_08": ("dale_cb_stp", {"rate": "relu"}),
}
_BRACKET = "w10_06"  # misplaced
_NAMES = {
    "P": ("P", "p_r"), "b": ("b_v", "b_r"), "W": ("W", "w_r"), "K": ("K", "w_z"), "C": ("C",),
    "P_z": ("P_z", "p_z"), "b_z": ("b_z", "g_z"), "e": ("e",), "e_p": ("e_p",), "e_e": ("e_e", "v_e"),
    "e_i": ("e_i", "v_i"), "a": ("a",), "c_x": ("c_x",), "c_u": ("c_u",), "c_U": ("c_U",),
}  # fmt: skip


class Reference(NamedTuple):
    """What a tag and its parameters say.

    Attributes:
        preset: Name of the preset.
        parts: Parts that differ from it.
        dt: Stored dt, or None.
        arrays: Parameters of the cell and of the read-out, by the names that they have here.
    """

    preset: str
    parts: Mapping[str, Any]
    dt: float | None
    arrays: Mapping[str, torch.Tensor]


def read_reference(tag: str, params: Mapping[str, Any]) -> Reference:
    """The parameters of an original network.

    Args:
        tag: Name of the script, such as w11_04_DaleCB.
        params: Arrays by their original names, with or without what stands before the last ``rnncell.``.

    Raises:
        BadInput: for an unknown tag, and listing parameters that are missing, unknown or not finite.
    """
    if not isinstance(params, Mapping):
        raise BadInput.one("params", type(params).__name__, "a table of arrays by their original names")
    tag = str(tag)
    if tag.startswith(_BRACKET):
        hint = (
            "input and bias stand outside the sigmoid of its gate, so z is no share and it diverges: docs/brnn.md"
        )
        raise BadInput.one("tag", tag, "a network whose state stays bounded", hint=hint)
    known = [start for start in _TAGS if tag.startswith(start)]
    if not known:
        raise BadInput(unknown_name("tag", tag, _TAGS))
    given = {str(name).rpartition("rnncell.")[2]: np.asarray(value) for name, value in params.items()}
    problems = Problems()
    for name, value in given.items():
        if value.dtype.kind not in "fiu":
            problems.note(name, str(value.dtype), "numbers", "(type)")
        elif wrong := int((~np.isfinite(value)).sum()):
            problems.note(name, f"{wrong} of {value.size} not finite", "finite numbers")
    problems.raise_if_any()
    dt = given.pop("dt", None)
    signs = [given.pop(name) for name in ("a_excitatory", "a_inhibitory") if name in given]
    if len(signs) == 2:
        given["a"] = np.stack(signs).reshape(2)
    arrays: dict[str, NDArray[Any]] = {}
    for ours, theirs in _NAMES.items():
        for name in theirs:
            if name in given:
                arrays[f"cell.{ours}"] = given.pop(name)
    for ours, theirs_ in (("readout.weight", "fc.weight"), ("readout.bias", "fc.bias")):
        if theirs_ in given:
            arrays[ours] = given.pop(theirs_)
        else:
            problems.note(theirs_, "missing", "an array")
    if "cell.P" not in arrays:
        problems.note("P", "missing", "an array (units, inputs)")
    problems.extend(unknown_name("parameter", name, _NAMES) for name in given)
    problems.raise_if_any()
    tensors = {name: torch.tensor(value) for name, value in arrays.items()}
    return Reference(*_TAGS[known[0]], None if dt is None else float(dt), tensors)
