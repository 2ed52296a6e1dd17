"""A board's routing tables as a list of physical connections, one line for each sender, hop and target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from arcana.config import ChipConfig
from arcana.hardware.profile import HardwareProfile
from arcana.interop.netlist_form import VERSION, quoted, shown_place, shown_word

_Group = tuple[int, int, int, int]  # neuron, receptor, switches, flags
_Listeners = dict[tuple[int, int], dict[int, dict[_Group, list[int]]]]


def physical_netlist(config: ChipConfig, profile: HardwareProfile) -> str:
    """The tables as text; ``read_physical_netlist`` makes the same tables of it. docs/formats.md says how it looks.

    Every connection is found by following the sender's events through the tables. What leads nowhere is written
    too: events that nobody hears, that leave the board, and input words whose tag nobody sends.
    """
    walk = _Walk(config, profile)
    neurons = sorted(config.neurons, key=lambda n: (n.chip, n.core, n.neuron))
    lines = [
        f"# connections of a {profile.family} board, found from its routing tables; see docs/formats.md",
        f"netlist {VERSION} {profile.family}",
        *(f"input {quoted(part.name)} {part.size}" for part in config.inputs),
        *(f"output {quoted(part.name)} {len(part.neurons)}" for part in config.outputs),
        "",
        *(
            f"neuron {shown_place(n.chip, n.core, n.neuron)} {quoted(n.population)}[{n.index}]" + " tau2" * n.tau2
            for n in neurons
        ),
        "",
    ]
    for part in config.inputs:
        for line in range(part.size):
            for k, event in enumerate(sorted(e for e in part.input_events if e.line == line)):
                sender = f"{quoted(part.name)}[{line}] (tag {event.tag}, event {k})"
                lines += walk.hop(sender, event.chip, event.cores, event.tag)
    for n in neurons:
        for word in sorted(n.sram_words):
            sender = f"{shown_place(n.chip, n.core, n.neuron)} (tag {word.tag}, sram {word.word})"
            chip = walk.target(n.chip, word.dx, word.dy)
            if chip is None:
                lines.append(f"{sender} -> away {word.dx} {word.dy} cores {word.cores}")
            else:
                lines += walk.hop(sender, chip, word.cores, word.tag)
    lines += walk.waiting()
    lines += [
        f"{quoted(part.name)}[{k}] = {shown_place(a.chip, a.core, a.neuron)} (tag {a.tag})"
        for part in config.outputs
        for k, a in enumerate(part.addresses)
    ]
    return "\n".join(lines) + "\n"


class _Walk:
    """Knows who listens to what in which core, and which of them were reached."""

    def __init__(self, config: ChipConfig, profile: HardwareProfile) -> None:
        self.profile = profile
        self.positions = profile.topology.chip_positions
        self.reached: set[tuple[int, int, int]] = set()
        self.listeners: _Listeners = {}
        for n in config.neurons:
            here = self.listeners.setdefault((n.chip, n.core), {})
            for word in n.cam_words:
                if word.receptor != profile.synapse.empty_code:
                    group = (n.neuron, word.receptor, word.switches, word.flags)
                    here.setdefault(word.tag, {}).setdefault(group, []).append(word.word)

    def target(self, chip: int, dx: int, dy: int) -> int | None:
        """The chip that hops lead to; None where there is none."""
        x, y = self.positions[chip]
        there = (x + dx, y + dy)
        return self.positions.index(there) if there in self.positions else None

    def hop(self, sender: str, chip: int, cores: int, tag: int) -> Iterator[str]:
        """A line for each target of an event, and for each core where nobody hears it."""
        for core in range(self.profile.cores_per_chip):
            if not cores >> core & 1:
                continue
            self.reached.add((chip, core, tag))
            groups = self.listeners.get((chip, core), {}).get(tag, {})
            if not groups:
                yield f"{sender} -> {shown_place(chip, core)} unheard"
            yield from (f"{sender} -> {target}" for target in self._targets(chip, core, groups))

    def waiting(self) -> Iterator[str]:
        """A line for each target whose tag nobody sends."""
        for (chip, core), tags in sorted(self.listeners.items()):
            for tag, groups in sorted(tags.items()):
                if (chip, core, tag) not in self.reached:
                    yield from (f"nobody (tag {tag}) -> {t}" for t in self._targets(chip, core, groups))

    def _targets(self, chip: int, core: int, groups: dict[_Group, list[int]]) -> Iterable[str]:
        for (neuron, *word), cams in sorted(groups.items()):
            what = shown_word(self.profile, *word)
            yield f"{shown_place(chip, core, neuron)} {what} x{len(cams)} (cams {_numbers(cams)})"


def _numbers(cams: list[int]) -> str:
    return " ".join(map(str, sorted(cams)))
