"""The rows of the routing tables. A file holds them as lists of numbers, in the order of the fields here."""

from __future__ import annotations

from typing import NamedTuple

PRECISE_DELAY, MISMATCHED_DELAY, SHORT_TERM = 1, 2, 4


class CamWord(NamedTuple):
    """One input word of a neuron: an event whose tag it holds gives one pulse into one receptor.

    Attributes:
        word: Which of the neuron's input words, from 0.
        tag: What it compares. SE1: 256 * (virtual) core + neuron of the sender; SE2: any tag.
        receptor: The chip's own code of the receptor (``synapse.receptor.<name>.code`` of the profile).
        switches: Weight switches, bit i for W_i: the pulse is sum of bit_i W_i. 0 on SE1, which has none.
        flags: 1 precise delay, 2 mismatched delay, 4 short-term plasticity, or their sum. 0 on SE1.
    """

    word: int
    tag: int
    receptor: int
    switches: int = 0
    flags: int = 0


class SramWord(NamedTuple):
    """One output word of a neuron: a copy of each of its spikes to some cores of one chip.

    Attributes:
        word: Which of the neuron's output words, from 0.
        tag: Tag of the event. SE1: 256 * virtual core + number of the neuron itself.
        cores: Cores of the target chip that get it, bit k for core k.
        dx: Chips to the east (west where negative).
        dy: Chips to the south (north where negative).
    """

    word: int
    tag: int
    cores: int
    dx: int
    dy: int


class InputEvent(NamedTuple):
    """What is sent into the board for one event on an input line; a line may need several of these.

    Attributes:
        line: Number of the line, from 0.
        tag: Tag of the event.
        chip: Chip that gets it.
        cores: Cores of that chip, bit k for core k.
    """

    line: int
    tag: int
    chip: int
    cores: int


class OutputAddress(NamedTuple):
    """Where an output is read, and how its events can be told.

    Attributes:
        chip: Chip of the neuron.
        core: Core of the neuron.
        neuron: Number of the neuron in its core.
        tag: Tag of the event at the monitor. SE1: 256 * core + neuron; SE2: tag of the monitoring output word.
    """

    chip: int
    core: int
    neuron: int
    tag: int
