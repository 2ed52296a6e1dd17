"""Ten networks to place, each with a board: fixed by their seeds, and shuffled: their order gives nothing away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from arcana.graph import NetworkGraph, Population, Source
from arcana.mapping.circuit import Circuit, Ints, Layout

PLACES = 256  # neurons of a core
TAGS = 1023  # senders that a core can tell apart


@dataclass(frozen=True, eq=False)
class Graph:
    """A network, a board, and where the generator would put the neurons.

    Attributes:
        name: What it is.
        circuit: The network.
        kind: Bias set of each neuron.
        layout: The board.
        planted: Core of each neuron in a placement that keeps all limits; None if none is known.
        groups: Neurons that stay together; None leaves them free.
    """

    name: str
    circuit: Circuit
    kind: Ints
    layout: Layout
    planted: Ints | None = None
    groups: Ints | None = None

    @property
    def need(self) -> Ints:
        """Input words: one for each synapse."""
        return np.bincount(self.circuit.post, minlength=self.circuit.neurons)


def board(chips: int, tags: int = TAGS, cores: int = 4) -> Layout:
    """Chips in two columns, with cores of 256 neurons of 64 words."""
    chip, core = np.divmod(np.arange(chips * cores), cores)
    words = np.full((chip.size, PLACES), 64)
    each = np.full(chip.size, tags), np.full(chip.size, PLACES)
    return Layout(chip, core, words, chip % 2, chip // 2, 3, (3, 3), *each)


def circuit(inputs: int, neurons: int, pairs: Iterable[tuple[int, int]] | Ints) -> Circuit:
    """From (sender, neuron) pairs; each counts once, every sender fires at the same rate."""
    pre, post = np.unique(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=0).T
    sources = (Source("lines", inputs),) if inputs else ()
    graph = NetworkGraph(sources, (Population("neurons", neurons, 1e-3, {}),), ())
    one, zero = np.ones(pre.size, dtype=np.int64), np.zeros(pre.size, dtype=np.int64)
    rate, stage = np.ones(inputs + neurons), np.zeros(neurons, dtype=np.int64)
    return Circuit(graph, inputs, neurons, pre, post, zero, one, zero, rate, stage)


def communities(
    rng: np.random.Generator, neurons: int, number: int, fan_in: int, outside: float
) -> tuple[Ints, Ints]:
    """Pairs in which a share ``outside`` of a neuron's senders is anywhere; and the community of each neuron."""
    label = rng.permutation(np.arange(neurons) * number // neurons)
    members = [np.flatnonzero(label == c) for c in range(number)]
    rows = []
    for neuron, c in enumerate(label.tolist()):
        far = rng.binomial(fan_in, outside)
        near = rng.choice(members[c], min(fan_in - far, members[c].size), replace=False)
        rows += [(s, neuron) for s in np.concatenate((near, rng.integers(0, neurons, far))).tolist()]
    return np.array(rows), label


def grouped_communities() -> Graph:
    """16 groups of 64 that cut across 16 communities, on 4 cores without a free place."""
    rng = np.random.default_rng(1)
    pairs, label = communities(rng, 1024, 16, 6, 0.1)
    groups = np.argsort(np.argsort(label + rng.normal(0, 0.6, 1024))) // 64
    return Graph("16 groups of communities", circuit(0, 1024, pairs), _one_kind(1024), board(1), groups=groups)


def grouped_layers() -> Graph:
    """4 layers of 3 groups of 80, each neuron hears a window of the layer before; 64 lines."""
    rng = np.random.default_rng(2)
    pairs = _layers(rng, 64, [240] * 4, window=40, fan_in=12)
    return Graph(
        "12 groups of layers", circuit(64, 960, pairs), _one_kind(960), board(4), groups=np.arange(960) // 80
    )


def grouped_recurrent() -> Graph:
    """Excitatory and inhibitory neurons (two kinds) in 14 groups of 60, on 6 cores of two chips."""
    rng = np.random.default_rng(3)
    pairs, label = communities(rng, 840, 14, 10, 0.15)
    kind = (label % 7 >= 5).astype(np.int64)
    return Graph("14 groups, two kinds", circuit(0, 840, pairs), kind, board(2, cores=3), groups=label)


def modules() -> Graph:
    """40 communities of 25 neurons, some synapses anywhere."""
    pairs, _ = communities(np.random.default_rng(4), 1000, 40, 20, 0.1)
    return Graph("communities", circuit(0, 1000, pairs), _one_kind(1000), board(4))


def layers() -> Graph:
    """5 layers of 400 behind 256 lines, each neuron hears a window of the layer before."""
    rng = np.random.default_rng(5)
    pairs, shuffled = _layers(rng, 256, [400] * 5, window=60, fan_in=32), rng.permutation(2000)
    return Graph("feed-forward", _relabelled(256, 2000, pairs, shuffled), _one_kind(2000), board(4))


def recurrent() -> Graph:
    """1,200 neurons that excite their neighbours on a ring, and 300 that hear and stop them: two kinds."""
    rng, rows = np.random.default_rng(6), list[tuple[int, int]]()
    for neuron in range(1500):
        at = neuron if neuron < 1200 else (neuron - 1200) * 4
        excite = (at + rng.integers(-60, 61, 24)) % 1200
        stop = 1200 + (at // 4 + rng.integers(-12, 13, 8)) % 300
        rows += [(s, neuron) for s in (*excite.tolist(), *stop.tolist())]
    shuffled, kind = rng.permutation(1500), _one_kind(1500)
    kind[shuffled[1200:]] = 1
    return Graph("recurrent, two kinds", _relabelled(0, 1500, np.array(rows), shuffled), kind, board(4))


def small_world() -> Graph:
    """A ring of 1,024 neurons with 24 neighbours each, 5 % of the synapses anywhere, on one chip that is full."""
    return _ring("small world, full chip", 7, 1024, 24, 0.05, board(1))


def full() -> Graph:
    """8 communities of 256 on 8 cores: no place is free."""
    pairs, label = communities(np.random.default_rng(8), 2048, 8, 24, 0.02)
    return Graph("tight: every place taken", circuit(0, 2048, pairs), _one_kind(2048), board(2), label)


def crowded() -> Graph:
    """Each of 8 cores hears exactly as many senders as it has tags, in the planted placement."""
    rng, tags = np.random.default_rng(9), 520
    label = rng.permutation(np.arange(1600) // 200)
    rows = []
    for core in range(8):
        members = np.flatnonzero(label == core)
        others = rng.choice(np.flatnonzero(label != core), tags - members.size, replace=False)
        pool = rng.permutation(np.concatenate((members, others)))
        for number, neuron in enumerate(members.tolist()):
            heard = pool[(number * 40 + np.arange(40)) % tags], rng.choice(pool, 20, replace=False)
            rows += [(s, neuron) for s in np.concatenate(heard).tolist()]
    return Graph("tight: every tag taken", circuit(0, 1600, rows), _one_kind(1600), board(2, tags), label)


def three_chips() -> Graph:
    """Each of 3,000 neurons reaches 5 cores on exactly 3 of 4 chips, in the planted placement."""
    rng = np.random.default_rng(10)
    label = rng.permutation(np.arange(3000) * 16 // 3000)
    members, rows = [np.flatnonzero(label == k) for k in range(16)], []
    for sender in range(3000):
        chips = rng.choice(4, 3, replace=False)
        cores = [c * 4 + k for c, n in zip(chips, (2, 2, 1), strict=True) for k in rng.choice(4, n, replace=False)]
        rows += [(sender, int(n)) for k in cores for n in rng.choice(members[k], 4, replace=False)]
    return Graph("tight: three chips each", circuit(0, 3000, rows), _one_kind(3000), board(4), label)


GRAPHS: tuple[Callable[[], Graph], ...] = (
    grouped_communities, grouped_layers, grouped_recurrent, modules, layers, recurrent, small_world, full, crowded,
    three_chips,
)  # fmt: skip


def growing(neurons: int) -> Graph:
    """Communities of 125 neurons with 64 synapses each, a tenth of them from the next community; for the time."""
    rng, number = np.random.default_rng(neurons), neurons // 125
    label = rng.permutation(np.arange(neurons) % number)
    members = [np.flatnonzero(label == c) for c in range(number)]
    rows = []
    for neuron, c in enumerate(label.tolist()):
        far = rng.binomial(64, 0.1)
        heard = rng.choice(members[c], 64 - far, replace=False), rng.choice(members[(c + 1) % number], far)
        rows += [(s, neuron) for s in np.concatenate(heard).tolist()]
    pairs = np.array(rows)
    return Graph(f"{neurons} neurons", circuit(0, neurons, pairs), _one_kind(neurons), board(4))


def _ring(name: str, seed: int, neurons: int, fan_in: int, anywhere: float, layout: Layout) -> Graph:
    rng = np.random.default_rng(seed)
    post = np.repeat(np.arange(neurons), fan_in)
    step = np.tile(np.concatenate((np.arange(-fan_in // 2, 0), np.arange(1, fan_in // 2 + 1))), neurons)
    pre = np.where(rng.random(post.size) < anywhere, rng.integers(0, neurons, post.size), (post + step) % neurons)
    pairs = np.column_stack((pre, post))
    return Graph(name, _relabelled(0, neurons, pairs, rng.permutation(neurons)), _one_kind(neurons), layout)


def _layers(rng: np.random.Generator, lines: int, sizes: list[int], window: int, fan_in: int) -> Ints:
    """Each neuron hears ``fan_in`` of the ``window`` senders that lie before it in the layer before."""
    rows, first, before, at = list[tuple[int, int]](), 0, lines, lines
    for size in sizes:
        for k in range(size):
            start = round((before - 1) * k / size) - window // 2
            heard = first + (start + rng.choice(window, fan_in, replace=False)) % before
            rows += [(s, at - lines + k) for s in heard.tolist()]
        first, before, at = at, size, at + size
    return np.array(rows)


def _relabelled(inputs: int, neurons: int, pairs: Ints, number: Ints) -> Circuit:
    """The circuit with neuron k renamed number[k]."""
    of = np.concatenate((np.arange(inputs), inputs + number))
    return circuit(inputs, neurons, np.column_stack((of[pairs[:, 0]], number[pairs[:, 1]])))


def _one_kind(neurons: int) -> Ints:
    return np.zeros(neurons, dtype=np.int64)
