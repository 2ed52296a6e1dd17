"""Whatever is placed, wherever: what is returned keeps all limits, and what is refused cannot be kept."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Source
from arcana.mapping.circuit import Circuit, Layout, Placement
from arcana.mapping.place import place


class Case(NamedTuple):
    circuit: Circuit
    kind: np.ndarray
    need: np.ndarray
    layout: Layout
    groups: np.ndarray | None

    def placed(self, **how) -> Placement:
        return place(self.circuit, self.kind, self.need, self.layout, groups=self.groups, **how)


def circuit_of(inputs: int, neurons: int, pairs: list[tuple[int, int]], rate: list[float]) -> Circuit:
    sources = (Source("in", inputs),) if inputs else ()
    graph = NetworkGraph(sources, (Population("p", neurons, 1e-3, {}),), ())
    pre, post = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    one, zero = np.ones(pre.size, dtype=np.int64), np.zeros(pre.size, dtype=np.int64)
    return Circuit(graph, inputs, neurons, pre, post, zero, one, zero, np.array(rate), np.zeros(neurons, np.int64))


@st.composite
def cases(draw: st.DrawFn, most: int = 40, small: bool = False) -> Case:
    """Boards of 1 to 4 chips in a row or a square, with dead places, few words, few tags; some rates are zero."""
    inputs, neurons = draw(st.integers(0, 4)), draw(st.integers(1 if small else 8, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    chips, per_chip = draw(st.integers(1, 2 if small else 4)), draw(st.integers(1, 2))
    cores = chips * per_chip
    places = draw(st.integers(1, max(1, 2 * neurons // cores + 2)))
    words = rng.choice([64, 64, 64, 60, 20, -1], size=(cores, places))
    alive = (words >= 0).sum(1)
    row = draw(st.booleans())
    chip = np.repeat(np.arange(chips), per_chip)
    x, y = (chip, 0 * chip) if row else (chip % 2, chip // 2)
    tags = rng.integers(draw(st.sampled_from([1, 4, inputs + neurons])), inputs + neurons + 8, size=cores)
    senders = np.maximum(alive - rng.integers(0, 2, cores), 0)
    layout = Layout(
        chip, np.tile(np.arange(per_chip), chips), words, x, y,
        draw(st.integers(1, 3)), (draw(st.integers(1, 3)), 3), tags, senders,
    )  # fmt: skip
    fan_in = draw(st.integers(0, 6))
    pairs = [(int(rng.integers(inputs + neurons)), int(rng.integers(neurons))) for _ in range(fan_in * neurons)]
    rate = rng.choice([0.0, 0.5, 1.0, 1.0, 7.25], size=inputs + neurons).tolist()
    kind = rng.integers(0, draw(st.integers(1, 3)), neurons)
    need = rng.choice([0, 5, 20, 21, 60, 64], size=neurons)
    groups = None
    if draw(st.booleans()):
        groups = 3 * kind * neurons + rng.integers(0, max(1, neurons // 2), neurons)
    return Case(circuit_of(inputs, neurons, pairs, rate), kind, need, layout, groups)


def heard_by(case: Case, core: list[int]) -> dict[int, set[int]]:
    """Cores with a target of each sender."""
    found: dict[int, set[int]] = {}
    for pre, post in zip(case.circuit.pre.tolist(), case.circuit.post.tolist(), strict=True):
        found.setdefault(pre, set()).add(core[post])
    return found


def faults(case: Case, core: list[int]) -> list[str]:
    """Limits that a placement breaks, one by one."""
    layout, inputs, found = case.layout, case.circuit.inputs, []
    heard = heard_by(case, core)
    for k in range(len(layout.chip)):
        mine = [n for n in range(case.circuit.neurons) if core[n] == k]
        needs = sorted((int(case.need[n]) for n in mine), reverse=True)
        there = sorted((int(w) for w in layout.words[k] if w >= 0), reverse=True)
        if len(needs) > len(there) or any(n > w for n, w in zip(needs, there, strict=False)):
            found.append(f"core {k}: places")
        if len({int(case.kind[n]) for n in mine}) > 1:
            found.append(f"core {k}: kinds")
        if sum(n + inputs in heard for n in mine) > layout.senders[k]:
            found.append(f"core {k}: senders")
        if sum(k in cores for cores in heard.values()) > layout.tags[k]:
            found.append(f"core {k}: tags")
    for sender, cores in heard.items():
        if sender >= inputs:
            home = core[sender - inputs]
            chips = {int(layout.chip[k]): (int(layout.x[k]), int(layout.y[k])) for k in cores}
            if len(chips) > layout.targets:
                found.append(f"sender {sender}: chips")
            for x, y in chips.values():
                if abs(x - layout.x[home]) > layout.reach[0] or abs(y - layout.y[home]) > layout.reach[1]:
                    found.append(f"sender {sender}: reach")
    if case.groups is not None:
        for group in set(case.groups.tolist()):
            if len({core[n] for n in range(len(core)) if case.groups[n] == group}) > 1:
                found.append(f"group {group}: apart")
    return found


def value(case: Case, core: list[int]) -> tuple[float, float]:
    """Cost and hops, one by one."""
    layout, cost, hops = case.layout, 0.0, 0.0
    for sender, cores in heard_by(case, core).items():
        rate = float(case.circuit.rate[sender])
        cost += rate * len(cores)
        if sender >= case.circuit.inputs:
            home = core[sender - case.circuit.inputs]
            for x, y in {(int(layout.x[k]), int(layout.y[k])) for k in cores}:
                hops += rate * (abs(x - int(layout.x[home])) + abs(y - int(layout.y[home])))
    return cost, hops


def least(case: Case) -> tuple[float, float] | None:
    """The best of all placements; None if none keeps the limits."""
    cores = range(len(case.layout.chip))
    every = (list(core) for core in itertools.product(cores, repeat=case.circuit.neurons))
    return min((value(case, core) for core in every if not faults(case, core)), default=None)


def outcome(case: Case, method: str, seed: int = 0) -> tuple[Placement | None, str]:
    """The placement, or why there is none."""
    try:
        return case.placed(method=method, seed=seed), ""
    except BadInput as error:
        return None, str(error)


class TestAnyNetwork:
    @given(cases(), st.integers(0, 3), st.sampled_from(["search", "auto"]))
    def test_what_is_returned_keeps_all_limits(self, case, seed, method):
        found, _ = outcome(case, method, seed)
        if found is None:
            return
        core = found.core.tolist()
        assert faults(case, core) == []
        assert (found.cost, found.hops) == pytest.approx(value(case, core))
        assert found.bound <= found.cost * (1 + 1e-9)

    @given(cases(most=30), st.integers(0, 3))
    @settings(max_examples=15)
    def test_same_seed_same_placement(self, case, seed):
        (one, why), (other, why_other) = outcome(case, "search", seed), outcome(case, "search", seed)
        assert why == why_other
        assert one is None or (one.core == other.core).all()


class TestFewNeurons:
    """Compared with all placements that there are."""

    @given(cases(most=5, small=True))
    def test_exact_finds_the_best_or_proves_that_there_is_none(self, case):
        best = least(case)
        if best is None:
            with pytest.raises(BadInput) as error:
                case.placed(method="exact")
            assert "not proven" not in str(error.value)
            return
        found = case.placed(method="exact")
        assert (found.cost, found.hops) == pytest.approx(best)
        assert found.bound == pytest.approx(best[0])
        assert found.method == "exact, optimal"

    @given(cases(most=5, small=True))
    @settings(max_examples=50)
    def test_search_refuses_only_what_it_may(self, case):
        best = least(case)
        found, refusal = outcome(case, "search")
        if found is None:
            assert best is None or "not proven impossible" in refusal
            return
        assert best is not None
        assert found.cost >= best[0] * (1 - 1e-9)
        assert found.bound <= best[0] * (1 + 1e-9)

    @given(cases(most=5, small=True))
    def test_auto_refuses_only_what_is_impossible(self, case):
        found, refusal = outcome(case, "auto")
        assert (found is None) == (least(case) is None), refusal
