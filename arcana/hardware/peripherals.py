"""The sections of a profile that describe what sits around the neurons: interfaces, switches, defects."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from arcana.hardware.model import Flag, Model, Named, Table, Whole, refuse
from arcana.hardware.quantities import (
    Ampere,
    AmpereSeries,
    Decibel,
    Hertz,
    HertzPerAmpere,
    HertzSeries,
    Ratio,
    RatioSeries,
    Second,
    SecondSeries,
    Volt,
)
from arcana.hardware.quantity import Sourced, Unknown


def _count(value: Any) -> Any:
    if value != "unknown" and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise refuse("a whole number >= 0 or 'unknown'")
    return value


class Fpga(Sourced):
    """The board's logic beside the chips.

    Attributes:
        poisson_sources: Spike generators with a Poisson rate.
        poisson_step: Smallest step of their rate [Hz].
        poisson_max: Their largest rate [Hz].
        clock: Its clock [Hz].
        tick: One period of it [s].
        isi_bits: Width of an inter-spike interval.
        isi_bases: Allowed time bases; the unit of an interval is base / 90 us.
        address_bits: Width of an event address.
        events_in_buffer: Events that fit its own memory.
        events_in_sram: Events that fit the memory beside it.
        time_stamp: Unit of a time stamp [s].
        time_stamp_wrap: Time after which time stamps start again [s].
    """

    poisson_sources: Whole
    poisson_step: Hertz
    poisson_max: Hertz
    clock: Hertz
    tick: Second
    isi_bits: Whole
    isi_bases: tuple[Whole, ...]
    address_bits: Whole
    events_in_buffer: Whole
    events_in_sram: Whole
    time_stamp: Second
    time_stamp_wrap: Second


class Typical(Model):
    """Values that people who run the chip recommend or report.

    Attributes:
        membrane_tau: Membrane time constant [s].
        fast_synapse_tau: Time constant of AMPA and GABA_A [s].
        slow_synapse_tau: Time constant of NMDA and GABA_B [s].
        gain_over_tau: Igain / Itau of an integrator, from and to.
        max_rate: Highest firing rate that the refractory period allows, from and to [Hz].
        disynaptic_delay: Delay of a disynaptic delay element, from and to [s].
        longest_tau: Longest time constant [s].
        shortest_tau: Bound that the shortest time constant stays below [s].
        longest_refractory: Longest refractory period; one value per text [s].
    """

    membrane_tau: Second | None = None
    fast_synapse_tau: Second | None = None
    slow_synapse_tau: Second | None = None
    gain_over_tau: RatioSeries | None = None
    max_rate: HertzSeries | None = None
    disynaptic_delay: SecondSeries | None = None
    longest_tau: Second | None = None
    shortest_tau: Second | None = None
    longest_refractory: SecondSeries | None = None


class SimulatorDefaults(Model):
    """Start values of another simulator of the chip; none is a chip figure.

    Attributes:
        refractory: Refractory period [s].
        pulse: Width of the synaptic pulse [s].
        pulse_ahp: Width of the adaptation pulse [s].
        tau_mem: Membrane time constant [s].
        tau_syn: Synaptic time constant [s].
        tau_ahp: Adaptation time constant [s].
        gain_ratio_mem: Igain / Itau of the membrane.
        gain_ratio_syn: Igain / Itau of the synapses.
        gain_ratio_ahp: Igain / Itau of the adaptation.
        weight_bits: Currents of the weight switches [A].
        weight_scale: Current of a weight of one [A].
        spike_threshold: Membrane current at a spike [A].
    """

    refractory: Second
    pulse: Second
    pulse_ahp: Second
    tau_mem: Second
    tau_syn: Second
    tau_ahp: Second
    gain_ratio_mem: Ratio
    gain_ratio_syn: Ratio
    gain_ratio_ahp: Ratio
    weight_bits: AmpereSeries
    weight_scale: Ampere
    spike_threshold: Ampere


class Latch(Sourced):
    """A switch of one neuron."""

    role: str


class Delay(Sourced):
    """A class of synaptic delay.

    Attributes:
        parameter: Chip bias that sets it.
        selected_by: Bits of the input word that choose it.
    """

    parameter: str
    selected_by: str


class CoreSwitches(Sourced):
    """Switches of a core, by name."""

    names: tuple[str, ...]


class Sadc(Sourced):
    """Converters that turn internal currents into spike rates.

    Attributes:
        channels: Channels of a chip.
        signals: What each core offers.
        chip_signals: Channels that belong to the whole chip.
        groups_per_half: Parameter groups of half a chip.
        group_parameters: Parameters of one group.
        rate_per_current: Spike rate for a current [Hz/A].
    """

    channels: Whole
    signals: tuple[str, ...]
    chip_signals: Whole
    groups_per_half: Whole
    group_parameters: tuple[str, ...]
    rate_per_current: HertzPerAmpere


class ExampleCode(Model):
    """A (coarse, fine) code that a public example writes."""

    coarse: Whole
    fine: Whole


class FrontEnd(Sourced):
    """The analog front end with its delta modulators.

    Attributes:
        channels: Input channels.
        taps: Filter outputs of a channel, in the order of their codes.
        polarities: Event polarities, in the order of their codes.
        event_addresses: Addresses in all.
        event_tag: How an event's tag is made.
        destinations: Places that an event can be sent to.
        common_parameters: Parameters that all channels share.
        channel_parameters: Parameters of each channel.
        example_codes: Codes of the one public example.
        gain: Gain of the amplifier [dB].
        bandwidth: Bandwidth of the amplifier [Hz].
        threshold_per_code: Threshold of a delta modulator for a code [V].
    """

    channels: Whole
    taps: tuple[str, ...]
    polarities: tuple[str, ...]
    event_addresses: Whole
    event_tag: str
    destinations: Whole
    common_parameters: tuple[str, ...]
    channel_parameters: tuple[str, ...]
    example_codes: Named[ExampleCode]
    gain: Decibel
    bandwidth: Hertz
    threshold_per_code: Volt


class DvsPort(Sourced):
    """The port of an event camera.

    Attributes:
        sensor_codes: Code of each camera that it knows.
        features: What the port does to events.
    """

    sensor_codes: Named[Whole]
    features: tuple[str, ...]


class CodeRemark(Sourced):
    """A public remark that ties a code to a time constant.

    Attributes:
        bias: Chip bias.
        coarse: Coarse code.
        fine: Fine code.
        tau: Time constant, or from and to [s].
    """

    bias: str
    coarse: Whole
    fine: Whole
    tau: SecondSeries


class BoardDefects(Model):
    """Counts of one board's test: rows are (core, neuron, CAM, tag).

    Attributes:
        bad_rows: Rows that failed.
        good_rows: Rows that passed.
        bad_cam_slots: CAM slots with at least one bad tag.
        cam_slots: CAM slots in all.
        tags_usable: Tags left for each core.
    """

    bad_rows: Annotated[int | Unknown, BeforeValidator(_count)]
    good_rows: Annotated[int | Unknown, BeforeValidator(_count)]
    bad_cam_slots: Whole
    cam_slots: Whole
    tags_usable: tuple[Whole, ...] = ()


class Defects(Sourced):
    """Parts of a chip that do not work.

    Attributes:
        supported: Whether a defect map makes sense for this chip.
        entry: What one row of a defect map names.
        board: Counts of public boards.
    """

    supported: Flag
    entry: tuple[str, ...]
    board: Named[BoardDefects] = Field(default_factory=Table)
