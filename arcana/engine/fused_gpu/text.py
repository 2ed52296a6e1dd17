"""What the text of the forward and of the backward kernel have in common: arguments, addresses, coefficients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeAlias

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.emit import ZERO_AND_ONE, call, function, name_of
from arcana.engine.program import circuit as programs

NAME = "kernel"
Part: TypeAlias = Literal["steps", "listen"]  # the time loop; recurrent events, in ``echo``
# Shapes: events (feeds, x_rows, segment, n); external, spikes and grad_ of both (rows, steps, n);
# C (c_rows, coefficients, n); numbers (NUMBERS); state (rows, fields, n); peak (rows, n);
# checkpoints (chunks, rows, fields, n); record (fields + 1, rows, steps, n); grad_C (rows, wrt, n);
# grad_events (feeds, rows, segment, n); history (every, substeps, fields + 1, rows of the launch, n): the state at
# the start of each sub-step, and ``fired``; echo and grad_echo (loops, rows, n).
SIZES = (
    "rows", "first_row", "x_rows", "rows_per_c", "n", "steps", "segment_start", "segment", "first_chunk",
    "last_chunk", "every", "substeps", "keep",
)  # fmt: skip


def arguments(spec: Spec, part: Part = "steps") -> tuple[str, ...]:
    """Names of a kernel's arguments: arrays, then sizes."""
    if part == "listen":
        arrays = ["C", "numbers", "echo"]
        if spec.backward:
            arrays += ["grad_state", "grad_echo"] + (["grad_C"] if spec.wrt else [])
        else:
            arrays += ["state"] + (["record"] if spec.record else [])
        return (*arrays, *SIZES[:7])
    arrays = ["C", "numbers", "checkpoints"]
    arrays += ["events"] if spec.feeds else []
    arrays += ["external"] if spec.circuit.external else []
    if spec.backward:
        arrays += ["history", "grad_spikes", "grad_state"]
        arrays += ["grad_C"] if spec.wrt else []
        arrays += ["grad_events"] if spec.feeds and spec.events else []
        arrays += ["grad_external"] if spec.circuit.external else []
        return (*arrays, *SIZES[:-1])
    arrays += ["state", "spikes"]
    arrays += ["peak"] if "ampa" in spec.circuit.state else []
    arrays += ["record"] if spec.record else []
    return (*arrays, *SIZES)


class Text:
    """The source of a kernel under construction: a program instance works on one row and ``spec.width`` neurons."""

    def __init__(self, spec: Spec, part: Part = "steps") -> None:
        self.spec = spec
        self.arguments = arguments(spec, part)
        self.fields = spec.circuit.state
        self.states = [f"n_{field}" for field in self.fields]
        self.substep = programs.substep(spec.circuit)
        self._functions: list[str] = []
        self._lines: list[str] = []
        self._depth = 1
        self.add(
            "number = tl.program_id(0).to(tl.int64)",
            "row = first_row + number",
            "place = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)",
            "there = place < n",
            "lane = tl.minimum(place, n - 1)",  # unused lanes repeat the last neuron
            *ZERO_AND_ONE,
        )
        if spec.feeds:
            self.add("x_row = row % x_rows")
        self._coefficients()

    def _coefficients(self) -> None:
        for i, name in enumerate(programs.NUMBERS):
            self.add(f"{name_of(name)} = tl.load(numbers + {i}) + zero")
        names = self.spec.coefficients
        self.add(f"c_row = (row // rows_per_c) * {len(names)}")
        for i, name in enumerate(names):
            self.add(f"c_{name_of(name)} = tl.load(C + (c_row + {i}) * n + lane)")

    # ------------------------------------------------------------------ writing

    def add(self, *lines: str) -> None:
        """Write statements."""
        self._lines += ["    " * self._depth + line for line in lines]

    @contextmanager
    def loop(self, head: str) -> Iterator[None]:
        """``for head:`` around what is written inside the ``with`` block."""
        self.add(f"for {head}:")
        self._depth += 1
        yield
        self._depth -= 1

    def run(self, name: str, program: programs.Program, given: Mapping[str, str], targets: Iterable[str]) -> None:
        """Call a program and give ``targets`` its results; its function is written above the kernel."""
        self._functions += [*function(name, program), "", ""]
        self.add(call(name, program, given, targets))

    def finish(self) -> str:
        """The whole source."""
        # One compiled variant for all sizes, not one for each size that happens to be 1 or divisible by 16
        sizes = [name for name in self.arguments if name in SIZES]
        lines = [
            "import triton",
            "import triton.language as tl",
            "",
            f"BLOCK = tl.constexpr({self.spec.width})",
            f"REAL = tl.constexpr(tl.float{64 if self.spec.kind == 'double' else 32})",
            "",
            "",
            *self._functions,
            f"@triton.jit(do_not_specialize={sizes!r})",
            f"def {NAME}({', '.join(self.arguments)}):",
            *self._lines,
        ]
        return "\n".join(lines) + "\n"

    # ------------------------------------------------------------------ addresses

    def field(self, array: str, i: int, before: str = "") -> str:
        """Field ``i`` of this row in ``state``, ``grad_state`` or ``checkpoints`` (``before``: the chunk)."""
        row = f"({before} * rows + row)" if before else "row"
        return f"{array} + ({row} * {len(self.fields)} + {i}) * n + lane"

    def series(self, array: str, i: int | None = None) -> str:
        """Step ``t`` of this row in an array (rows, steps, n), or in the i-th of several."""
        row = "row" if i is None else f"({i} * rows + row)"
        return f"{array} + ({row} * steps + t) * n + lane"

    def event(self, array: str, i: int, rows: str, row: str) -> str:
        """Step ``t`` of receptor ``i`` in ``events`` or ``grad_events``."""
        return f"{array} + (({i} * {rows} + {row}) * segment + (t - segment_start)) * n + lane"

    def coefficient_sum(self, name: str) -> str:
        """The adjoint of a coefficient in this row."""
        wrt = self.spec.wrt
        return f"grad_C + (row * {len(wrt)} + {wrt.index(name)}) * n + lane"

    # ------------------------------------------------------------------ the neuron

    def receive(self) -> None:
        """The input events of step ``t``: loaded, and added to the currents."""
        for i, receptor in enumerate(self.spec.feeds):
            self.add(f"event_{receptor} = tl.load({self.event('events', i, 'x_rows', 'x_row')})")
        program = programs.receive(self.spec.circuit, self.spec.feeds)
        self.run("receive", program, {}, [f"n_{name}" for name in program.outputs])

    def load_external(self) -> None:
        """The current into each neuron at step ``t``."""
        if self.spec.circuit.external:
            self.add(f"external_ = tl.load({self.series('external')})")
