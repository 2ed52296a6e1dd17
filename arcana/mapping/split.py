"""Neurons that need more input words than they have: refused with numbers, or split on request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from arcana.errors import BadInput, Problem, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Ints, Layout
from arcana.mapping.lower import fan_in, lower, words_of
from arcana.mapping.relay import lost_share, through_relays

Split: TypeAlias = Literal["relay", "prune"]
_SHOWN = 10  # neurons that are named; the rest is counted


@dataclass(frozen=True)
class Pruned:
    """A neuron whose smallest weights were left out.

    Attributes:
        neuron: Its name.
        needed: Input words that it needed.
        removed: Words that were left out.
        share: Their share of the neuron's weight, 0 to 1.
        senders: Who sent to them, with the number of words, as in ``("in[3]", 2)``.
    """

    neuron: str
    needed: int
    removed: int
    share: float
    senders: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class SplitCost:
    """What splitting did to the network. How much its answers change is for ``arcana.agreement`` to measure.

    Attributes:
        how: "relay" or "prune".
        neurons: Neurons that needed more words than they have.
        most: Largest number of words that one of them needed.
        removed: Words that were left out (prune).
        share: Largest share of one neuron's weight that was left out (prune).
        relays: Neurons that were put in between (relay). A relay passes events on one by one: events that meet in
            it within its refractory period leave as one.
        senders: For each relay, how many senders it joins.
        lost: Expected share of the relays' events that are lost, if ``rates`` were given and are in Hz; else None.
        pruned: The neurons that lost words (prune), those that lost the largest share first.
    """

    how: Split
    neurons: int
    most: int
    removed: int = 0
    share: float = 0.0
    relays: int = 0
    senders: tuple[int, ...] = ()
    lost: float | None = None
    pruned: tuple[Pruned, ...] = ()


def split_fan_in(
    circuit: Circuit,
    profile: HardwareProfile,
    layout: Layout,
    switched: bool,
    split: Split | None,
    rated: bool = False,
) -> tuple[Circuit, SplitCost | None]:
    """Make every neuron fit its input words.

    Args:
        circuit: The network.
        profile: The chip.
        layout: The board: the limit is the largest number of words that works in any place.
        switched: Whether a weight takes one word, whatever its size.
        split: None refuses; "prune" leaves the smallest weights out; "relay" sends equal weights of one neuron
            through neurons that pass them on.
        rated: Whether the rates of the circuit were given, so that they can be taken for events per second.

    Raises:
        BadInput: listing the neurons with what they need and what there is, and the choices.
    """
    if split not in (None, "relay", "prune"):
        raise BadInput.one("split", split, "None, 'relay' or 'prune'")
    words, limit = words_of(circuit, not switched), int(layout.words.max())
    need = fan_in(circuit, words)
    over = np.flatnonzero(need > limit)
    if over.size == 0:
        return circuit, None
    if split is None:
        raise BadInput(_refusal(circuit, need, over, limit, not switched and profile.synapse.weight_bits > 0))
    if split == "prune":
        return _prune(circuit, words, need, over, limit, switched)
    made = through_relays(circuit, words, need, over, limit, profile)
    lost = lost_share(made.events) if rated else None
    cost = SplitCost("relay", over.size, int(need.max()), relays=len(made.senders), senders=made.senders, lost=lost)
    return lower(made.graph, profile, made.rates), cost


def _refusal(circuit: Circuit, need: Ints, over: Ints, limit: int, can_switch: bool) -> list[Problem]:
    hint = "train with fan_in=, pass split='prune' or split='relay'"
    if can_switch and (fan_in(circuit, words_of(circuit, False)) <= limit).all():
        hint += ", or weights='switch', which takes one word for a weight of any size"
    problems = Problems()
    for neuron in over[:_SHOWN].tolist():
        problems.note(f"{circuit.name_of(neuron)}: input words", int(need[neuron]), f"at most {limit}", hint=hint)
    if over.size > _SHOWN:
        problems.note("further neurons with too many input words", int(over.size - _SHOWN), "none")
    return problems


def _prune(
    circuit: Circuit, words: Ints, need: Ints, over: Ints, limit: int, switched: bool
) -> tuple[Circuit, SplitCost]:
    count, pruned = circuit.count.copy(), list[Pruned]()
    for neuron in over.tolist():
        mine = np.flatnonzero(circuit.post == neuron)
        before, excess = count[mine].sum(), int(need[neuron]) - limit
        senders: dict[str, int] = {}
        for k in mine[np.argsort(count[mine], kind="stable")].tolist():
            if excess <= 0:
                break
            taken = 1 if switched else min(excess, int(words[k]))
            count[k] = 0 if switched else count[k] - taken
            excess -= taken
            sender = circuit.sender_name(int(circuit.pre[k]))
            senders[sender] = senders.get(sender, 0) + taken
        share = 1 - float(count[mine].sum() / before)
        name, needed = circuit.name_of(neuron), int(need[neuron])
        pruned.append(Pruned(name, needed, sum(senders.values()), share, tuple(senders.items())))
    pruned.sort(key=lambda p: -p.share)
    kept = count > 0
    smaller = replace(
        circuit, pre=circuit.pre[kept], post=circuit.post[kept], receptor=circuit.receptor[kept],
        count=count[kept], flags=circuit.flags[kept],
    )  # fmt: skip
    removed = sum(p.removed for p in pruned)
    cost = SplitCost("prune", over.size, int(need.max()), removed, pruned[0].share, pruned=tuple(pruned))
    return smaller, cost
