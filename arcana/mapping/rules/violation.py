"""What a broken design rule looks like, and all kinds of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True)
class DesignRuleViolation:
    """One place where settings break a rule of the chip.

    Attributes:
        neuron: The place, for reading: ``C0c1n17 (hidden[3])``, ``C0c1`` for a core, ``in[2]`` for an input line.
        used: What the settings have there.
        limit: What the chip allows.
        what: Part of that place, such as ``input word 3``; empty where the place says it all.
        rule: Short name of the rule, as in docs/design-rules.md.
        severity: An error is something that no chip can do as it is meant; a warning deserves a look.
    """

    neuron: str
    used: object
    limit: object
    what: str = ""
    rule: ClassVar[str]
    severity: ClassVar[Severity] = "error"
    text: ClassVar[str]

    @property
    def place(self) -> str:
        """The place with its part."""
        return f"{self.neuron}, {self.what}" if self.what else self.neuron

    @property
    def sentence(self) -> str:
        """The violation in words, with its numbers."""
        return f"{self.place}: {self.text.format(used=self.used, limit=self.limit)}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rule": self.rule, "severity": self.severity, "neuron": self.neuron, "what": self.what,
            "used": self.used, "limit": self.limit, "sentence": self.sentence,
        }  # fmt: skip


class ProfileDiffers(DesignRuleViolation):
    """The codes and tables were made for another profile."""

    rule, text = "profile", "made for {used}, and checked against {limit}"


class ChipMissing(DesignRuleViolation):
    """A chip that the board does not have."""

    rule, text = "chip", "chip {used} does not exist, the board has chips 0 to {limit}"


class CoreMissing(DesignRuleViolation):
    """A core that the chip does not have."""

    rule, text = "core", "core {used} does not exist, a chip has cores 0 to {limit}"


class NeuronMissing(DesignRuleViolation):
    """A neuron that the core does not have."""

    rule, text = "neuron", "neuron {used} does not exist, a core has neurons 0 to {limit}"


class PlaceTaken(DesignRuleViolation):
    """Several neurons in one place."""

    rule, text = "place_taken", "{used} share this place, which holds {limit}"


class InputWordMissing(DesignRuleViolation):
    """An input word that a neuron does not have."""

    rule, text = "cam_word", "word {used} does not exist, a neuron has input words 0 to {limit}"


class InputWordTwice(DesignRuleViolation):
    """An input word that is written more than once."""

    rule, text = "cam_word_twice", "written {used} times, and holds {limit} entry"


class FanInExceeded(DesignRuleViolation):
    """More input words than a neuron has."""

    rule, text = "fan_in", "{used} input words, at most {limit}"


class ReceptorUnknown(DesignRuleViolation):
    """A receptor code that the chip does not know."""

    rule, text = "receptor", "receptor code {used} is unknown, the chip has {limit}"


class SwitchesWrong(DesignRuleViolation):
    """Weight switches that the chip does not have, or none where a word needs one."""

    rule, text = "switches", "weight switches {used}, allowed {limit}"


class FlagsWrong(DesignRuleViolation):
    """Delay or plasticity flags that the chip does not have."""

    rule, text = "flags", "flags {used}, allowed {limit}"


class TagOutOfRange(DesignRuleViolation):
    """A tag that does not fit the tag's bits."""

    rule, text = "tag_range", "tag {used} does not exist, tags are 0 to {limit}"


class ReservedTagHeard(DesignRuleViolation):
    """An input word that holds the tag which means "empty"."""

    rule, text = "reserved_heard", "listens to tag {used}, which means that the word is empty ({limit})"


class ReservedTagSent(DesignRuleViolation):
    """An event with the tag which means "empty": every unused input word of the core would match it."""

    rule, text = "reserved_sent", "sends tag {used}, which every empty input word matches ({limit})"


class ReservedSource(DesignRuleViolation):
    """A neuron that cannot send, with output words."""

    rule, text = "reserved_source", "{used} output words on a neuron that cannot send, allowed {limit}"


class OutputWordMissing(DesignRuleViolation):
    """An output word that a neuron does not have."""

    rule, text = "sram_word", "word {used} does not exist, a neuron has output words 0 to {limit}"


class OutputWordTwice(DesignRuleViolation):
    """An output word that is written more than once."""

    rule, text = "sram_word_twice", "written {used} times, and holds {limit} entry"


class MonitorWordUsed(DesignRuleViolation):
    """Routing through the output word that monitoring needs."""

    rule, text = "monitor_word", "routes to {used}, and belongs to monitoring ({limit})"


class FanOutExceeded(DesignRuleViolation):
    """More destinations than monitoring leaves."""

    rule, text = "fan_out", "{used} output words for routing, at most {limit}"


class HopTooFar(DesignRuleViolation):
    """More hops than an output word can hold."""

    rule, text = "hop_range", "hops {used}, allowed {limit}"


class HopOffBoard(DesignRuleViolation):
    """Hops that end where the board has no chip."""

    rule, text = "off_board", "hops {used} end where there is no chip, allowed {limit}"


class CoreMaskWrong(DesignRuleViolation):
    """A mask that names no core, or cores that the chip does not have."""

    rule, text = "core_mask", "core mask {used}, allowed {limit}"


class TagNotOwn(DesignRuleViolation):
    """SE1: the tag's low bits are the neuron's own number, which no output word can change."""

    rule, text = "tag_not_own", "tag {used} says that neuron {limit} sends; only the core can be renamed"


class TagAliased(DesignRuleViolation):
    """Several senders that one core cannot tell apart."""

    rule, text = "tag_alias", "hears {used} under one tag, allowed {limit}"


class DeliveredTwice(DesignRuleViolation):
    """One sender whose events come several times: every listener takes each of them."""

    rule, text = "delivered_twice", "its events come {used} times under one tag, allowed {limit}"


class WordDangling(DesignRuleViolation):
    """Input words that wait for what nobody sends."""

    rule, text = "dangling_word", "{used} input word(s) listen to it, and {limit} is delivered there"


class DeliveryUnheard(DesignRuleViolation):
    """Events to a core in which nobody listens: they only cost energy."""

    rule, text, severity = "unheard", "delivered, and heard by {used} input words, expected {limit}", "warning"


class BiasUnknown(DesignRuleViolation):
    """A bias that the chip does not have."""

    rule, text = "bias_unknown", "there is no bias {used} on {limit}"


class BiasCodeOutOfRange(DesignRuleViolation):
    """A code that the bias generator does not have."""

    rule, text = "bias_code", "code {used}, allowed up to {limit}"


class BiasMissing(DesignRuleViolation):
    """A bias of a core that nothing sets: the chip keeps whatever it held before."""

    rule, text = "bias_missing", "no {used}, expected {limit}"


class BiasOfChipDiffers(DesignRuleViolation):
    """A bias that a whole chip shares, with several values."""

    rule, text = "bias_shared", "codes {used}, and the chip has {limit}"


class LatchUnknown(DesignRuleViolation):
    """A latch that the chip does not have."""

    rule, text = "latch_unknown", "there is no latch {used} on {limit}"


class LowRangeMissing(DesignRuleViolation):
    """The low-range flag on a generator that has none."""

    rule, text = "low_range_missing", "flag {used}, and the generator has {limit}"


class LowRangeUnknown(DesignRuleViolation):
    """The low-range flag where nobody has published what it does to the current."""

    rule, text, severity = "low_range_unknown", "flag {used}, and biasgen.low_range_factor is {limit}", "warning"


class ExactCurrents(DesignRuleViolation):
    """Currents in place of codes: good for emulation."""

    rule, text, severity = "exact_currents", "{used} exact values, no chip takes these (it has {limit})", "warning"


class ExactRefused(DesignRuleViolation):
    """Currents in place of codes, in a file that is meant for a chip."""

    rule, text = ExactCurrents.rule, ExactCurrents.text


class ExactSwitchesWrong(DesignRuleViolation):
    """Exact weight currents, not one for each switch."""

    rule, text = "exact_switches", "{used} exact weight currents of switches, expected {limit}"


class SecondLeakMissing(DesignRuleViolation):
    """A neuron on a second leak that its chip or its core does not have."""

    rule, text = "tau2", "uses {used}, and has {limit}"


class StepsDiffer(DesignRuleViolation):
    """Several time steps: the emulation has one clock."""

    rule, text = "time_step", "steps {used} s, allowed {limit}"


class SilentLine(DesignRuleViolation):
    """Lines of an input that send nothing."""

    rule, text, severity = "silent_line", "{used} without events, expected {limit}", "warning"


class OutputPlaceEmpty(DesignRuleViolation):
    """An output that names a place without a neuron."""

    rule, text = "output_place", "{used} neurons there, expected {limit}"


class OutputTagWrong(DesignRuleViolation):
    """An output whose events have another tag at the monitor."""

    rule, text = "output_tag", "tag {used}, and its events have tag {limit}"


class OutputTagTwice(DesignRuleViolation):
    """Outputs that cannot be told apart at the monitor."""

    rule, text = "output_tag_twice", "stands for {used}, allowed {limit}"


class OutputNotMonitored(DesignRuleViolation):
    """An output whose spikes never leave the board."""

    rule, text = "output_word", "{used} monitoring words, expected {limit}"


class NeuronDead(DesignRuleViolation):
    """A neuron that does not work on this board."""

    rule, text = "dead_neuron", "{used} neuron in a dead place, allowed {limit}"


class InputWordDead(DesignRuleViolation):
    """An input word that does not work on this board."""

    rule, text = "dead_word", "{used} entry in a dead input word, allowed {limit}"


class TagDead(DesignRuleViolation):
    """A tag that an input word, or a whole core of this board, does not match."""

    rule, text = "dead_tag", "listens to tag {used}, which does not work {limit}"
