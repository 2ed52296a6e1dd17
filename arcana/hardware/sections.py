"""The sections of a profile that every mapper and every simulation reads."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from arcana.circuits.names import BIASES, RECEPTORS
from arcana.errors import Problems
from arcana.hardware.model import Flag, Model, Named, Table, Whole, check_names, names_in, refuse
from arcana.hardware.quantities import (
    Ampere,
    AmpereOrZero,
    Bits,
    Farad,
    Joule,
    Metre,
    PerKelvin,
    PerSecond,
    Ratio,
    RatioOrZero,
    Second,
    SquareMetre,
    Volt,
    Watt,
)
from arcana.hardware.quantity import Sourced, Status


def _limit(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not whole and value != "unlimited":
        raise refuse("a whole number >= 1 or 'unlimited'")
    return value


Limit: TypeAlias = Annotated[int | Literal["unlimited"], BeforeValidator(_limit)]


def as_number(limit: int | str) -> int:
    """A limit as a number to compare with: larger than any count where there is none."""
    return sys.maxsize if isinstance(limit, str) else limit


class Chip(Sourced):
    """What the chip is made of.

    Attributes:
        process: Feature size [m].
        die_area: Area [m2].
        on_chip_learning: Whether it has long-term plasticity of its own.
    """

    process: Metre | None = None
    die_area: SquareMetre | None = None
    on_chip_learning: Flag = False


class Topology(Sourced):
    """How many of everything. A limit may be "unlimited".

    Attributes:
        chips_per_board: Chips on the usual board.
        max_chips: Chips in the largest system.
        chip_ids: Numbers that the driver gives to the chips, in order.
        board_grid: Chips along x and y.
        chip_positions: Column and row of each chip on the board, rows growing southwards.
        chip_positions_status: How far these positions are a fact.
        cores_per_chip: Cores of a chip.
        core_layout: Cores along x and y.
        neurons_per_core: Neurons of a core.
        neuron_grid: Neurons along x and y.
        cam_per_neuron: Input words (CAM) of a neuron: its largest fan-in.
        destinations_per_neuron: Output words (SRAM) of a neuron.
        destinations_for_monitor: Output words of them that monitoring takes.
        monitor_destinations: Which ones, by index, where the chip or its driver fixes it.
        monitor_hops: Hops (east, south) of the output word that brings a spike to the computer, where the user
            writes it; unset where the driver does.
        biases_per_core: Biases that a core has of its own.
    """

    chips_per_board: Limit
    max_chips: Limit
    chip_ids: tuple[Whole, ...] = ()
    board_grid: tuple[Whole, Whole] | None = None
    chip_positions: tuple[tuple[Whole, Whole], ...] = ()
    chip_positions_status: Status = "assumed"
    cores_per_chip: Limit
    core_layout: tuple[Whole, Whole] | None = None
    neurons_per_core: Limit
    neuron_grid: tuple[Whole, Whole] | None = None
    cam_per_neuron: Limit
    destinations_per_neuron: Limit
    destinations_for_monitor: Whole = 0
    monitor_destinations: tuple[Whole, ...] = ()
    monitor_hops: tuple[int, int] | None = None
    biases_per_core: Whole

    @property
    def destinations_usable(self) -> int:
        """Output words of a neuron that are left for routing."""
        return as_number(self.destinations_per_neuron) - self.destinations_for_monitor

    def lifted(self) -> Topology:
        """The same without limits on resources."""
        names = ("chips_per_board", "max_chips", "cores_per_chip", "neurons_per_core", "cam_per_neuron")
        lifted = dict.fromkeys((*names, "destinations_per_neuron"), "unlimited")
        return self.model_copy(update=lifted)


class Routing(Sourced):
    """How a spike finds its targets.

    Attributes:
        addressing: ``source``: a target listens to (core, neuron) of the sender; ``tag``: to a number that the
            sender's output word carries; ``direct``: connections are not routed.
        tag_bits: Width of what an input word compares.
        tags: How many different sources or tags a core can tell apart.
        matches_source_chip: Whether the sender's chip is compared too; if not, equal (core, neuron) of two chips
            are one source.
        reserved_sources: (core, neuron) that cannot send, since its input word means "empty".
        core_mask_bits: Cores of a chip that one output word can address.
        hops_x: Smallest and largest hop between chips along x.
        hops_y: The same along y.
        x_signs: Directions that sign 0 and 1 stand for.
        y_signs: The same along y.
        virtual_core_bits: Bits that replace the sender's core number on the way.
        synapse_type_bits: Bits of an input word that choose the receptor.
        input_bus_bits: Width of the programming bus.
        grid_buses: Buses between chips.
        event_bits: Width of an event on the grid bus.
    """

    addressing: Literal["source", "tag", "direct"]
    tag_bits: Whole | None = None
    tags: Limit
    matches_source_chip: Flag | None = None
    reserved_sources: tuple[tuple[Whole, Whole], ...] = ()
    core_mask_bits: Whole | None = None
    hops_x: tuple[int, int] | None = None
    hops_y: tuple[int, int] | None = None
    x_signs: tuple[str, str] | None = None
    y_signs: tuple[str, str] | None = None
    virtual_core_bits: Whole | None = None
    synapse_type_bits: Whole | None = None
    input_bus_bits: Whole | None = None
    grid_buses: Whole | None = None
    event_bits: Bits | None = None

    def lifted(self) -> Routing:
        """The same without limits on tags and hops."""
        return self.model_copy(update={"tags": "unlimited", "hops_x": None, "hops_y": None})


class Receptor(Model):
    """One kind of synapse as the chip has it.

    Attributes:
        code: Number that an input word carries for it; unset where there are no words.
        driver_name: What the driver calls it.
        receptor: The receptor that it stands for.
        action: What its current does to the neuron.
        block: Prefix of its circuit's parameters.
        weight_bias: Chip bias of the weight current of one synapse.
        weight_bit: Weight switch of the input word that lets this current in, where weights are switched.
        biases: All chip biases of the receptor, the weight included.
    """

    code: Whole | None = None
    driver_name: str = ""
    receptor: str
    action: str
    block: str | None = None
    weight_bias: str | None = None
    weight_bit: Whole | None = None
    biases: tuple[str, ...] = ()


class Synapses(Sourced):
    """How weights and receptors are written into input words.

    Attributes:
        weight_rule: A weight of n is n equal input words (``repeat``), or a number held directly (``direct``).
        weight_bits: Weight switches of an input word; 0 where a word has none.
        weights_shared_by: What shares one weight current: all synapses of a type in a core (``type``), all
            receptors of a core through the switches (``switch``), or nothing (``none``).
        empty_code: Receptor code of an unused input word.
        word_parts: What an input word holds, in words.
        convention: How arcana assigns weight currents to receptors, where the chip leaves it open.
        convention_status: How far that convention is a fact.
        receptor: The receptors by arcana's names.
    """

    weight_rule: Literal["repeat", "direct"]
    weight_bits: Whole = 0
    weights_shared_by: Literal["type", "switch", "none"]
    empty_code: Whole | None = None
    word_parts: tuple[str, ...] = ()
    convention: str = ""
    convention_status: Status = "assumed"
    receptor: Named[Receptor]

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """Receptors are arcana's four."""
        super().inspect_raw(data, problems)
        check_names(problems, "receptor", names_in(data.get("receptor")), RECEPTORS)

    def inspect(self, problems: Problems) -> None:
        """A weight switch must exist."""
        for name, receptor in self.receptor.items():
            if receptor.weight_bit is not None and receptor.weight_bit >= self.weight_bits:
                allowed = f"one of the {self.weight_bits} weight switches"
                problems.note(f"receptor.{name}.weight_bit", receptor.weight_bit, allowed)


class Rule(Sourced):
    """A rule of legality or a warning, in words."""

    text: str


class Electrical(Model):
    """Constants of the transistors.

    Attributes:
        leak_current: Zero-bias current I0, the floor of every current [A].
        thermal_voltage: Ut = k T / q at the profile's own temperature [V].
        kappa_n: Subthreshold slope factor of n transistors.
        kappa_p: Subthreshold slope factor of p transistors.
        on_voltage: V_on, over which the refractory and pulse capacitors discharge: t = V_on C / I [V].
        supply_voltage: Supply [V].
    """

    leak_current: Ampere
    thermal_voltage: Volt
    kappa_n: Ratio
    kappa_p: Ratio
    on_voltage: Volt
    supply_voltage: Volt | None = None


class Capacitances(Model):
    """Capacitors [F]; a time constant is tau = C Ut / (kappa Itau)."""

    membrane: Farad
    ampa: Farad
    nmda: Farad
    gabaa: Farad
    gabab: Farad
    adaptation: Farad
    refractory: Farad
    pulse: Farad
    pulse_adaptation: Farad


class Mismatch(Model):
    """Spread of the biases from neuron to neuron.

    Attributes:
        distribution: Shape of the spread: lognormal, or normal and redrawn where a bias would not be positive.
        distribution_status: How far that shape is known.
        distribution_source: Who says so.
        cv: Coefficient of variation (standard deviation over mean) of every bias that has none of its own.
        per_bias: Coefficient of variation of single model biases.
        measured_cv: What was measured on a chip.
        cross_chip_correlation: Correlation of the spread between chips.
        excludes: Constants that are not spread.
    """

    distribution: Literal["lognormal", "normal"]
    distribution_status: Status
    distribution_source: tuple[str, ...] = ()
    cv: RatioOrZero
    per_bias: Named[RatioOrZero] = Field(default_factory=Table)
    measured_cv: RatioOrZero | None = None
    cross_chip_correlation: RatioOrZero | None = None
    excludes: tuple[str, ...] = ()

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """Single biases must exist."""
        check_names(problems, "per_bias", names_in(data.get("per_bias")), BIASES)


class Temperature(Model):
    """What changes with temperature beside Ut = k T / q.

    Attributes:
        leak_current_drift: a in I0(T) = I0 exp(a (T - T0)) [1/K], T0 from the thermal voltage.
        measured_drift: What was measured on a chip [1/K].
    """

    leak_current_drift: PerKelvin
    measured_drift: PerKelvin


class Noise(Model):
    """Noise current at the membrane: mean and standard deviation [A]."""

    membrane_mean: AmpereOrZero
    membrane_sigma: AmpereOrZero


class Throughput(Model):
    """How fast events travel.

    Attributes:
        events_per_second: Largest rate of events on a bus [1/s].
        hop_latency: Time from chip to chip [s].
        broadcast_time: Time to reach all neurons of a core [s].
    """

    events_per_second: PerSecond
    hop_latency: Second
    broadcast_time: Second


class Energy(Model):
    """P = static + sum over events of rate * energy.

    Attributes:
        spike: Making one spike [J].
        encode: Encoding it and appending one destination [J].
        broadcast_to_core: Offering it to all neurons of one core [J].
        route: Carrying it to another core or chip [J].
        pulse_per_match: Pulse of one matching input word [J].
        static: Power without events [W].
        chip_total: Total power that somebody states for a working chip [W].
    """

    spike: Joule
    encode: Joule
    broadcast_to_core: Joule
    route: Joule
    pulse_per_match: Joule
    static: Watt
    chip_total: Watt | None = None
