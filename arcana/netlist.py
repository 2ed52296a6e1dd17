"""A network as text: populations with their biases, and who sends to whom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias, cast, get_args

import numpy as np

from arcana.circuits.names import BIASES, RECEPTORS, Receptor
from arcana.errors import BadInput, Problems, unknown_name
from arcana.files import as_path, read_text
from arcana.graph import DELAYS, Delay, NetworkGraph, Population, Projection, Solver, Source
from arcana.hardware.profile import HardwareProfile
from arcana.limits import MOST, NAME_RULE, STEP_RULE, is_name, is_step
from arcana.units import parse

DEFAULT_STEP = 1e-3  # [s]
_MOST_SYNAPSES = 20_000_000  # pairs that one file may name: more than all neurons of a board to all of them
_FIGURES = 9  # of a number that means something here; int() takes minutes for millions of them
_END = re.compile(r"([^\[\]]+)(?:\[(.*)\])?", re.DOTALL)
_PART = re.compile(rf"(\d{{1,{_FIGURES}}})(?::(\d{{1,{_FIGURES}}}))?", re.ASCII)
_NUMBER = re.compile(rf"\d{{1,{_FIGURES}}}", re.ASCII)
_FORMS = (
    "dt TIME",
    "input NAME SIZE",
    "population NAME SIZE [BIAS=VALUE ...] [solver=rk4]",
    "outputs NAME ...",
    "NAME[PRE] -> NAME[POST] RECEPTOR [COUNT] [DELAY]",
)


def read_netlist(text_or_path: str | Path, profile: HardwareProfile) -> NetworkGraph:
    """Read a netlist. Lines are in any order, except that names come before they are used; ``#`` starts a comment.

    ::

        dt 1 ms
        input IN 4
        population E 8  Itau_mem=5pA Idc=20pA refractory=2ms
        population I 2  solver=heun
        IN[0] -> E[0:4]  ampa 2           # two synapses from line 0 to each of neurons 0 to 3
        E -> I           nmda             # all to all, one synapse each
        I[1] -> E        gabaa 3 precise  # through the precise delay
        outputs E I

    Args:
        text_or_path: The text, or the path of a file. A ``str`` is text if it has a line break, is empty, or
            begins like a line of a netlist (a statement and a space); a ``Path`` is always a file.
        profile: The chip: biases that are not given take its start values.

    Raises:
        BadInput: listing every line that was refused with its number (``BadFile`` where a path was given).
    """
    path = None if _is_text(text_or_path) else as_path(text_or_path)
    text = str(text_or_path).removeprefix("\ufeff") if path is None else read_text(path)
    reader = _Reader(profile)
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            reader.read(f"line {number}", words)
    if not reader.populations:
        reader.problems.note("netlist", "no population", "at least one line of the form " + _FORMS[2])
    reader.problems.raise_if_any(path)
    return reader.graph()


def _is_text(given: object) -> bool:
    if not isinstance(given, str) or "\n" in given or not given.strip():
        return isinstance(given, str)
    first, *rest = given.removeprefix("\ufeff").split()
    return bool(rest) and first in ("dt", "input", "population", "outputs")


def _number(text: str) -> int | None:
    """A whole number from 1 to a million; None for everything else."""
    value = int(text) if _NUMBER.fullmatch(text) else 0
    return value if 1 <= value <= MOST else None


class _Reader:
    """Collects what the lines say."""

    def __init__(self, profile: HardwareProfile) -> None:
        self.profile, self.problems, self.pairs = profile, Problems(), 0
        self.dt, self.stepped = DEFAULT_STEP, False
        self.sources: dict[str, int] = {}
        self.populations: dict[str, tuple[int, dict[str, float], Solver]] = {}
        self.outputs: list[str] = []
        self.synapses: dict[tuple[str, str, Receptor, Delay], list[_Block]] = {}

    def read(self, where: str, words: list[str]) -> None:
        if "->" in words:
            self._connection(where, words)
        elif words[0] == "dt":
            self._step(where, " ".join(words[1:]))
        elif words[0] in ("input", "population") and len(words) >= 3:
            self._part(where, words)
        elif words[0] == "outputs" and len(words) > 1:
            for name in words[1:]:
                if name not in self.populations:
                    self.problems.append(unknown_name(f"{where}, output", name, self.populations))
            self.outputs += words[1:]
        else:
            self.problems.note(where, " ".join(words), "one of: " + "; ".join(_FORMS))

    def graph(self) -> NetworkGraph:
        populations = tuple(
            Population(name, size, self.dt, {**self.profile.default_biases(), **biases}, solver)
            for name, (size, biases, solver) in self.populations.items()
        )
        projections = tuple(_projection(*key, blocks) for key, blocks in self.synapses.items())
        sources = tuple(Source(name, size) for name, size in self.sources.items())
        outputs = tuple(dict.fromkeys(self.outputs))
        return NetworkGraph(
            sources, populations, projections, outputs=outputs, technology=self.profile.technology()
        )

    def _step(self, where: str, text: str) -> None:
        if self.stepped:
            self.problems.note(f"{where}, dt", text, "one line with dt")
        self.stepped = True
        try:
            self.dt = parse(text, "s")
        except BadInput as error:
            self.problems.note(f"{where}, dt", text, error.problems[0].allowed, "s")
        else:
            if not is_step(self.dt):
                self.problems.note(f"{where}, dt", self.dt, STEP_RULE, "s")

    def _part(self, where: str, words: list[str]) -> None:
        kind, name, size = words[0], words[1], _number(words[2])
        if name in self.sources or name in self.populations:
            self.problems.note(f"{where}, name", name, "names used once")
        if not is_name(name):
            self.problems.note(f"{where}, name", name, NAME_RULE)
        if size is None:
            self.problems.note(f"{where}, size", words[2], f"a whole number from 1 to {MOST}")
            size = 1
        if kind == "input":
            if len(words) > 3:
                self.problems.note(where, " ".join(words), _FORMS[1])
            self.sources[name] = size
            return
        biases, solver = dict[str, float](), "rk4"
        for word in words[3:]:
            key, _, value = word.partition("=")
            if key == "solver" and value in get_args(Solver):
                solver = value
            elif key == "solver":
                self.problems.note(f"{where}, solver", value, "one of " + ", ".join(get_args(Solver)))
            elif key in biases:
                self.problems.note(f"{where}, {key}", word, "each bias once")
            elif key not in BIASES:
                self.problems.append(unknown_name(f"{where}, bias", key, BIASES))
            else:
                self._bias(f"{where}, {key}", key, value, biases)
        self.populations[name] = (size, biases, cast(Solver, solver))

    def _bias(self, where: str, name: str, text: str, biases: dict[str, float]) -> None:
        info = BIASES[name]
        try:
            value = parse(text, info.unit)
        except BadInput as error:
            self.problems.note(where, text, error.problems[0].allowed, info.unit)
            return
        if value < 0 or (value == 0 and not info.zero_allowed):
            self.problems.note(where, value, f"a number {'>= 0' if info.zero_allowed else '> 0'}", info.unit)
        biases[name] = value

    def _connection(self, where: str, words: list[str]) -> None:
        arrow = words.index("->")
        before, after = words[:arrow], words[arrow + 1 :]
        if len(before) != 1 or not 2 <= len(after) <= 4:
            self.problems.note(where, " ".join(words), _FORMS[4])
            return
        pre = self._end(f"{where}, sender", before[0], {**self.sources, **self._sizes()})
        post = self._end(f"{where}, target", after[0], self._sizes())
        receptor, rest = after[1].lower(), after[2:]
        if receptor not in RECEPTORS:
            self.problems.append(unknown_name(f"{where}, receptor", after[1], RECEPTORS))
        delay = rest.pop() if rest and rest[-1] in DELAYS else "none"
        given = rest or ["1"]
        count = _number(given[0]) if len(given) == 1 else None
        if count is None:
            allowed = f"a whole number from 1 to {MOST}, then a delay or nothing"
            self.problems.note(f"{where}, count", " ".join(given), allowed)
        elif pre and post and receptor in RECEPTORS:
            self.pairs += len(pre[1]) * len(post[1])
            if self.pairs > _MOST_SYNAPSES:
                self.problems.note(f"{where}, pairs so far", self.pairs, f"at most {_MOST_SYNAPSES} in a netlist")
                return
            key = (pre[0], post[0], receptor, cast(Delay, delay))
            self.synapses.setdefault(key, []).append((pre[1], post[1], count))

    def _sizes(self) -> dict[str, int]:
        return {name: size for name, (size, _, _) in self.populations.items()}

    def _end(self, where: str, text: str, sizes: dict[str, int]) -> tuple[str, range] | None:
        match = _END.fullmatch(text)
        if match is None or match[1] not in sizes:
            name = text if match is None else match[1]
            self.problems.append(unknown_name(where, name, sizes))
            return None
        size = sizes[match[1]]
        part = None if match[2] is None else _PART.fullmatch(match[2])
        first = 0 if part is None else int(part[1])
        last = size if part is None else first + 1 if part[2] is None else int(part[2])
        if (match[2] is not None and part is None) or not 0 <= first < last <= size:
            self.problems.note(where, text, f"numbers from 0 to {size - 1}; a:b is a to b - 1")
            return None
        return match[1], range(first, last)


_Block: TypeAlias = tuple[range, range, int]  # every sender to every target, so many synapses each


def _projection(source: str, target: str, receptor: Receptor, delay: Delay, blocks: list[_Block]) -> Projection:
    """Synapses of one pair that several lines name are added up."""
    width = max(block[1].stop for block in blocks)
    pairs = [(np.array(pre)[:, None] * width + np.array(post)).ravel() for pre, post, _ in blocks]
    keys, place = np.unique(np.concatenate(pairs), return_inverse=True)
    total = np.zeros(keys.size, dtype=np.int64)
    np.add.at(total, place, np.repeat([block[2] for block in blocks], [pair.size for pair in pairs]))
    return Projection(source, target, receptor, keys // width, keys % width, total, delay)


def write_netlist(graph: NetworkGraph) -> str:
    """The network as text that ``read_netlist`` turns into an equal one.

    Raises:
        BadInput: listing what a netlist cannot say: an encoder, biases that differ within a population, fractional
            counts, settings of single populations.
    """
    if not isinstance(graph, NetworkGraph):
        raise BadInput.one("graph", type(graph).__name__, "a NetworkGraph", hint="of a layer: layer.graph()")
    problems = Problems()
    _check_writable(graph, problems)
    problems.raise_if_any()
    lines = [f"dt {graph.populations[0].dt!r} s", *(f"input {s.name} {s.size}" for s in graph.sources)]
    for p in graph.populations:
        values = " ".join(f"{name}={float(p.values(name)[0])!r}" for name in p.biases)
        lines.append(f"population {p.name} {p.size} solver={p.solver} {values}".rstrip())
    lines.append("outputs " + " ".join(graph.output_names))
    for c in graph.projections:
        delay = "" if c.delay == "none" else f" {c.delay}"
        lines += [f"{c.source}[{i}] -> {c.target}[{j}] {c.receptor} {n}{delay}" for i, j, n in c.synapses]
    return "\n".join(lines) + "\n"


def _check_writable(graph: NetworkGraph, problems: Problems) -> None:
    if graph.encoder is not None:
        problems.note("encoder", "an ADM", "none: encode the signal and give the network its events")
    for p in graph.populations:
        for name in p.biases:
            if len(set(p.values(name).tolist())) > 1:
                problems.note(f"{p.name}.{name}", "different values", "one value for the population")
        if (
            p.substeps is not None
            or not p.leak_saturation
            or p.stage is not None
            or p.dt != graph.populations[0].dt
        ):
            problems.note(p.name, "substeps, leak_saturation, stage or dt of its own", "the usual ones")
    for c in graph.projections:
        if c.count.dtype.kind == "f":
            problems.note(f"{c.source} -> {c.target}: count", "fractions", "whole numbers")
