"""Routing tables from a list of physical connections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from arcana.config import InputLines, OutputLines
from arcana.errors import Problem, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.interop.collected import Collected, Place, core_population
from arcana.interop.netlist_form import VERSION, Refused, named, place_of, shown_place, tokens, whole, word_of
from arcana.limits import MOST
from arcana.quantize.bias_lines import text_of

_LINE = "SENDER (tag T, sram K) -> U<chip>-C<core>-N<neuron> RECEPTOR x<count> (cams K ...)"
_WORD = re.compile(r"x(\d{1,9})", re.ASCII | re.IGNORECASE)
_Sender = Place | tuple[str, int]  # a neuron, or a line of an input


def read_physical_netlist(text_or_path: str | Path, profile: HardwareProfile) -> Collected:
    """Read what ``physical_netlist`` writes. Lines are in any order, but names stand above their use.

    Args:
        text_or_path: The text (with a line break), or the path of a file.
        profile: The chip.

    Raises:
        BadInput: listing every line that was refused with its number (``BadFile`` where a path was given).
    """
    text, path = text_of(text_or_path, "")
    reader = _Reader(profile)
    for number, line in enumerate(text.splitlines(), 1):
        words = tokens(line)
        try:
            if words:
                reader.read(words)
        except Refused as error:
            reader.problems.note(f"line {number}", error.given, error.allowed, hint=f"in {line.strip()[:60]!r}")
    if not reader.known:
        reader.problems.insert(
            0, Problem("netlist", "no line 'netlist'", f"a line 'netlist {VERSION} {profile.family}'")
        )
    reader.finish()
    reader.problems.raise_if_any(path)
    return reader.found


@dataclass
class _Hop:
    """One output word or input event: where it goes, and the cores that its lines have named so far."""

    tag: int
    target: tuple[int, ...]  # chip, or hops (dx, dy)
    cores: int


class _Reader:
    """Collects what the lines say."""

    def __init__(self, profile: HardwareProfile) -> None:
        self.profile, self.problems, self.found = profile, Problems(), Collected()
        self.known = False
        self.inputs: dict[str, int] = {}
        self.outputs: dict[str, list[list[int]]] = {}
        self.hops: dict[tuple[_Sender, int], _Hop] = {}
        self.words: dict[Place, dict[int, tuple[int, ...]]] = {}

    def read(self, words: list[str]) -> None:
        if "->" in words:
            at = words.index("->")
            self._connection(words[:at], words[at + 1 :])
        elif "=" in words:
            self._output(words)
        elif words[0] == "netlist":
            self._version(words)
        elif words[0] in ("input", "output"):
            self._part(words)
        elif words[0] == "neuron":
            self._neuron(words)
        else:
            raise Refused(words[0], f"netlist, input, output, neuron, or {_LINE}")

    def finish(self) -> None:
        """Bring hops and words into the rows of settings."""
        events: dict[str, list[list[int]]] = {name: [] for name in self.inputs}
        for (sender, word), hop in self.hops.items():
            if len(sender) == 2:
                events[sender[0]].append([sender[1], hop.tag, hop.target[0], hop.cores])
                continue
            dx, dy = hop.target if len(hop.target) == 2 else self._way(sender[0], hop.target[0])
            self.found.srams.setdefault(sender, []).append([word, hop.tag, hop.cores, dx, dy])
        for place, held in self.words.items():
            self.found.cams[place] = [[word, *row] for word, row in held.items()]
        for name, rows in self.outputs.items():
            if [] in rows:
                self.problems.note(f"output {name}", f"no line for {name}[{rows.index([])}]", "a line for each")
        if not self.problems:
            self.found.inputs = [InputLines(name=n, size=s, events=events[n]) for n, s in self.inputs.items()]
            self.found.outputs = [OutputLines(name=n, neurons=rows) for n, rows in self.outputs.items()]
            self._check_names()

    def _check_names(self) -> None:
        """Numbers of a population have no gap; a neuron without a name must not slip into one that is named."""
        sizes: dict[str, set[int]] = {}
        for name, index in self.found.names.values():
            sizes.setdefault(name, set()).add(index)
        for name, used in sizes.items():
            if len(used) <= max(used):
                missing = next(k for k in range(len(used)) if k not in used)
                self.problems.note(
                    f"neuron {name}[{missing}]", "(missing)", f"a line for each of {name}[0] to [{max(used)}]"
                )
        for place in sorted({*self.found.cams, *self.found.srams} - {*self.found.names}):
            if core_population(place[:2]) in sizes:
                self.problems.note(
                    f"neuron {shown_place(*place)}", "(no name)", "a line 'neuron' with a population and a number"
                )

    def _version(self, words: list[str]) -> None:
        family = self.profile.family
        if len(words) != 3 or words[1] != str(VERSION) or words[2] != family:
            raise Refused(" ".join(words), f"netlist {VERSION} {family} (the chip that was asked for)")
        self.known = True

    def _part(self, words: list[str]) -> None:
        if len(words) != 3:
            raise Refused(" ".join(words), f"{words[0]} NAME SIZE")
        name, kind = named(words[1]), words[0]
        size = whole(words[2], MOST, "size")
        if name in (self.inputs if kind == "input" else self.outputs):
            raise Refused(name, f"each {kind} once")
        if kind == "output":
            self.outputs[name] = [[] for _ in range(size)]
        elif size == 0:
            raise Refused(f"size {size}", "size from 1")
        else:
            self.inputs[name] = size

    def _neuron(self, words: list[str]) -> None:
        tau2 = words[-1] == "tau2" and len(words) > 2
        rest = words[2:-1] if tau2 else words[2:]
        place = self._place(words[1] if len(words) > 1 else "")
        if place in self.found.names or place in self.found.tau2:
            raise Refused(words[1], "each neuron once")
        if rest:
            name, index = _indexed(rest, "a population and a number, as in hidden[3]")
            if (name, index) in self.found.names.values():
                raise Refused(f"{name}[{index}]", "each neuron of a population once")
            self.found.names[place] = (name, index)
        if tau2:
            self.found.tau2.add(place)
        self.words.setdefault(place, {})

    def _output(self, words: list[str]) -> None:
        at = words.index("=")
        name, index = _indexed(words[:at], "an output and a number, as in out[3]")
        if name not in self.outputs or index >= len(self.outputs[name]):
            raise Refused(f"{name}[{index}]", "a line of an output that a line 'output NAME SIZE' above declares")
        if self.outputs[name][index]:
            raise Refused(f"{name}[{index}]", "each line of an output once")
        place = self._place(words[at + 1] if at + 1 < len(words) else "")
        values = _values(words[at + 2 :], ("tag",))
        self.outputs[name][index] = [*place, self._tag(values)]

    def _connection(self, left: list[str], right: list[str]) -> None:
        opened = left.index("(") if "(" in left else len(left)
        head, inside = left[:opened], left[opened:]
        if head == ["nobody"]:
            tag = self._tag(_values(inside, ("tag",)))
            self._listener(right, tag)
            return
        sender, kind, limit = self._sender(head)
        values = _values(inside, ("tag", kind))
        tag = self._tag(values)
        word = whole(values[kind][0], limit, kind)
        self._extend((sender, word), tag, *self._target(right, tag, sender))

    def _extend(self, key: tuple[_Sender, int], tag: int, target: tuple[int, ...], cores: int) -> None:
        hop = self.hops.setdefault(key, _Hop(tag, target, 0))
        if (hop.tag, hop.target) != (tag, target):
            raise Refused(f"tag {tag}", "the tag and the chip that other lines give for this word of the sender")
        hop.cores |= cores

    def _target(self, right: list[str], tag: int, sender: _Sender) -> tuple[tuple[int, ...], int]:
        """Chip (or hops) and cores that a line names."""
        if right[:1] == ["away"]:
            if len(right) != 5 or right[3] != "cores" or len(sender) == 2:
                raise Refused(" ".join(right), "away DX DY cores MASK, of a neuron")
            cores = whole(right[4], 1 << self.profile.cores_per_chip, "cores")
            return self._away(right[1:3], sender[0]), cores
        if right[1:] == ["unheard"]:
            place = place_of(right[0], self.profile)
            if len(place) != 2:
                raise Refused(right[0], "a core, U<chip>-C<core>")
        else:
            place = self._listener(right, tag)
        return place[:1], 1 << place[1]

    def _away(self, numbers: list[str], chip: int) -> tuple[int, int]:
        routing, hops = self.profile.routing, []
        for axis, number, limits in zip("xy", numbers, (routing.hops_x, routing.hops_y), strict=True):
            low, high = limits or (0, 0)
            if not re.fullmatch(r"-?\d{1,3}", number, re.ASCII) or not low <= int(number) <= high:
                raise Refused(f"hop {number} along {axis}", f"{low} to {high}")
            hops.append(int(number))
        x, y = self.profile.topology.chip_positions[chip]
        if (x + hops[0], y + hops[1]) in self.profile.topology.chip_positions:
            raise Refused(" ".join(numbers), "hops that leave the board; name the chip for others")
        return hops[0], hops[1]

    def _listener(self, right: list[str], tag: int) -> Place:
        """Take over the input words of a target."""
        if "(" not in right or right.index("(") < 3:
            raise Refused(" ".join(right), _LINE.split(" -> ")[1])
        at = right.index("(")
        place = self._place(right[0])
        count = _WORD.fullmatch(right[at - 1])
        row = (tag, *word_of(right[1 : at - 1], self.profile))
        cams = [whole(n, self.profile.fan_in, "input word") for n in _values(right[at:], ("cams",))["cams"]]
        if count is None or int(count[1]) != len(set(cams)) or len(set(cams)) != len(cams):
            raise Refused(right[at - 1], f"x{len(set(cams))}, the number of different input words (cams)")
        held = self.words.setdefault(place, {})
        for word in cams:
            if held.setdefault(word, row) != row:
                raise Refused(f"input word {word}", "the tag, receptor and options that another line gives for it")
        return place

    def _sender(self, head: list[str]) -> tuple[_Sender, str, int]:
        if len(head) == 1:
            return self._place(head[0]), "sram", int(self.profile.topology.destinations_per_neuron)
        name, line = _indexed(head, "a neuron U<chip>-C<core>-N<neuron>, a line such as in[3], or nobody")
        if name not in self.inputs or line >= self.inputs[name]:
            raise Refused(f"{name}[{line}]", "a line of an input that a line 'input NAME SIZE' above declares")
        return (name, line), "event", MOST

    def _place(self, token: str) -> Place:
        place = place_of(token, self.profile)
        if len(place) != 3:
            raise Refused(token, "a neuron, U<chip>-C<core>-N<neuron>")
        return place[0], place[1], place[2]

    def _tag(self, values: dict[str, list[str]]) -> int:
        return whole(values["tag"][0], int(self.profile.routing.tags), "tag")

    def _way(self, chip: int, target: int) -> tuple[int, int]:
        """Hops (east, south) from a chip to another."""
        (x, y), (u, v) = (self.profile.topology.chip_positions[k] for k in (chip, target))
        return u - x, v - y


def _indexed(words: list[str], allowed: str) -> tuple[str, int]:
    """``name[3]``."""
    if len(words) != 4 or words[1] != "[" or words[3] != "]":
        raise Refused(" ".join(words), allowed)
    return named(words[0]), whole(words[2], MOST, "number")


def _values(words: list[str], keys: tuple[str, ...]) -> dict[str, list[str]]:
    """``(tag 3, sram 1)`` as a dict of lists."""
    allowed = "(" + ", ".join(f"{key} <number>" for key in keys) + ")"
    if len(words) < 3 or words[0] != "(" or words[-1] != ")":
        raise Refused(" ".join(words), allowed)
    found: dict[str, list[str]] = {}
    key = ""
    for word in words[1:-1]:
        if word == ",":
            key = ""
        elif not key:
            key = word
            found.setdefault(key, [])
        else:
            found[key].append(word)
    if (
        set(found) != set(keys)
        or any(not v for v in found.values())
        or (keys != ("cams",) and any(len(v) != 1 for v in found.values()))
    ):
        raise Refused(" ".join(words), allowed)
    return found
