"""Many circuits at once without gradients: the ``exact`` law in one compiled loop over time.

``FastCircuit`` has parameters for each row, so that the candidates of a search run side by side.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from arcana.engine.fused_cpu.compile import kernel
from arcana.engine.fused_cpu.graded import ARGUMENTS, GradedSpec
from arcana.engine.fused_cpu.threads import address, run_all, words
from arcana.errors import Problems
from arcana.graded import EXCITATORY, GAP
from arcana.networks.connectome import Connectome
from arcana.networks.fiuri import FiuriState
from arcana.networks.fiuri_rules import HIGH, LOW, Exact
from arcana.typing import Tensor

WIDTH_BYTES = 64  # of the lanes that are worked on together
UNIT_LANES = 64  # circuits of a piece of work


class FastCircuit:
    """The wiring of a connectome with parameters for each row.

    A new wiring is compiled once and kept between processes: 0.2 s for 11 neurons, 12 s for 300 with 3,000
    connections.

    Args:
        connectome: Neurons, connections, interfaces.
        rule: Options of the ``exact`` law.
        threshold: T (n,) for all rows, or (rows, n).
        decay: d, likewise.
        weight: (connections,), in the order of the connectome, or (rows, connections).

    Raises:
        BadInput: listing parameters of another shape, or not all of one type, float32 or float64.
    """

    def __init__(
        self, connectome: Connectome, rule: Exact, threshold: Tensor, decay: Tensor, weight: Tensor
    ) -> None:
        problems, sizes = Problems(), (len(connectome.neurons), len(connectome.connections))
        kind = torch.float64 if threshold.dtype == torch.float64 else torch.float32
        for name, value, size in (
            ("threshold", threshold, sizes[0]), ("decay", decay, sizes[0]), ("weight", weight, sizes[1]),
        ):  # fmt: skip
            if value.dtype != kind or value.ndim not in (1, 2) or value.shape[-1] != size:
                problems.note(name, f"{value.dtype} {tuple(value.shape)}", f"{kind} ({size},) or (rows, {size})")
        problems.raise_if_any()
        self.connectome, self.rule, self.dtype = connectome, rule, threshold.dtype
        index = {name: k for k, name in enumerate(connectome.neurons)}
        chemical = [k for k, c in enumerate(connectome.connections) if c.kind != GAP]
        gap = [k for k, c in enumerate(connectome.connections) if c.kind == GAP]
        ends = [(index[c.target], index[c.source]) for c in connectome.connections]
        signs = [1 if c.kind == EXCITATORY else -1 for c in connectome.connections]
        self._synapses = tuple((*ends[k], signs[k]) for k in chemical)
        self._gaps = tuple(ends[k] for k in gap)
        self._sensory = tuple(index[name] for i in connectome.inputs for name in (i.positive, i.negative))
        self._motor = tuple(index[name] for o in connectome.outputs for name in (o.positive, o.negative))
        self._parameters = {"threshold": threshold, "decay": decay, "weight": weight[..., [*chemical, *gap]]}
        self._laid_out: dict[str, Tensor] = {}
        self._laid_out_for = 0  # rows

    def run(
        self, sensed: Tensor, state: FiuriState, resets: Tensor | None = None, record: bool = False
    ) -> tuple[Tensor, Tensor | None, FiuriState]:
        """All steps of a sequence.

        Args:
            sensed: States of the sensory neurons (rows, T, sensory).
            state: To start from, (rows, n).
            resets: (rows, T), True where E is set to 0 before the step.
            record: Whether E and O of all neurons are wanted.

        Returns:
            E after each step (rows, T, watched), of all neurons if ``record``, else of the motor neurons; their O
            if ``record``; the state after the last step.

        Raises:
            BadInput: listing tensors of another shape or type.
        """
        self._check(sensed, state, resets)
        rows, steps, _ = sensed.shape
        width = WIDTH_BYTES // sensed.element_size()
        padded = -(-rows // width) * width
        watched = tuple(range(len(self.connectome.neurons))) if record else self._motor
        spec = GradedSpec(
            "double" if self.dtype == torch.float64 else "float", width, len(self.connectome.neurons),
            self._synapses, self._gaps, self._sensory, watched, record, resets is not None, LOW, HIGH,
        )  # fmt: skip
        arrays = self._lay_out(rows, padded) | {
            "E": _lanes(state.E, padded).clone(),
            "O": _lanes(state.O, padded).clone(),
            "sensed": _lanes(sensed, padded),
            "keep": None if resets is None else _lanes((~resets).to(sensed), padded),
            "trace_E": sensed.new_empty(steps, len(watched), padded),
            "trace_O": sensed.new_empty(steps, len(watched), padded) if record else None,
        }
        numbers: Mapping[str, int] = {"lanes": padded, "steps": steps}
        given = [numbers.get(name) if name in numbers else address(arrays[name]) for name in ARGUMENTS]
        cuts = range(0, padded, UNIT_LANES)
        units = [words((lane, min(lane + UNIT_LANES, padded))) for lane in cuts]
        run_all(kernel(spec), words([int(value or 0) for value in given]), units)
        E, O = (_rows(arrays[name], rows) for name in ("trace_E", "trace_O"))  # noqa: E741
        after = FiuriState(*(_rows(arrays[name], rows) for name in ("E", "O")))  # type: ignore[arg-type]
        assert E is not None
        return E, O, after

    def _check(self, sensed: Tensor, state: FiuriState, resets: Tensor | None) -> None:
        """The compiled loop reads memory as it is told: nothing else would find a wrong size."""
        problems, n = Problems(), len(self.connectome.neurons)
        rows, steps = sensed.shape[:2] if sensed.ndim == 3 else (0, 0)
        own = {len(p) for p in self._parameters.values() if p.ndim == 2 and len(p) > 1} or {rows}
        if sensed.ndim != 3 or sensed.shape[-1] != len(self._sensory) or own != {rows}:
            allowed = f"({', '.join(map(str, sorted(own)))}, time, {len(self._sensory)})"
            problems.note("sensed", tuple(sensed.shape), allowed, "(shape)")
        for name, value, shape, dtype in (
            ("sensed", sensed, tuple(sensed.shape), self.dtype), ("E", state.E, (rows, n), self.dtype),
            ("O", state.O, (rows, n), self.dtype), ("resets", resets, (rows, steps), torch.bool),
        ):  # fmt: skip
            if value is not None and (tuple(value.shape) != shape or value.dtype != dtype):
                problems.note(name, f"{value.dtype} {tuple(value.shape)}", f"{dtype} {shape}")
        problems.raise_if_any()

    def _lay_out(self, rows: int, padded: int) -> dict[str, Tensor | None]:
        """Parameters with one lane for each row; kept, since a search asks for one step after the other."""
        if self._laid_out_for != rows:
            self._laid_out_for = rows
            for name, value in self._parameters.items():
                self._laid_out[name] = _lanes(value.detach().expand(rows, value.shape[-1]), padded)
            for name in ("epsilon", "leak"):
                self._laid_out[name] = torch.tensor([getattr(self.rule, name)], dtype=self.dtype)
        return dict(self._laid_out)


def _lanes(value: Tensor, padded: int) -> Tensor:
    """Rows last and padded with zeros: (rows, ...) -> (..., padded)."""
    last = value.movedim(0, -1)
    return torch.nn.functional.pad(last, (0, padded - last.shape[-1])).contiguous()


def _rows(value: Tensor | None, rows: int) -> Tensor | None:
    return None if value is None else value[..., :rows].movedim(-1, 0)
