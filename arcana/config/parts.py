"""The sections of a settings file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from arcana.circuits.names import BIASES
from arcana.config.words import CamWord, InputEvent, OutputAddress, SramWord
from arcana.errors import Problems, unknown_name
from arcana.hardware.model import Model, refuse
from arcana.limits import LONGEST_STEP, MOST, NAME_RULE, SHORTEST_STEP, is_name


def _name(text: str) -> str:
    if not is_name(text):
        raise refuse(NAME_RULE)
    return text


def _code(value: object) -> object:
    """Pydantic would name its own class where something else than a code stands."""
    if not isinstance(value, Mapping | Part):
        raise refuse('a code such as {"coarse": 1, "fine": 61}')
    return value


Count = Annotated[int, Field(ge=0, le=MOST)]
Size = Annotated[int, Field(ge=1, le=MOST)]
Name = Annotated[str, AfterValidator(_name)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Row = list[Annotated[int, Field(ge=-MOST, le=MOST)]]  # far beyond every table, so that the rules can compare them


class Part(Model):
    """Base of all sections: immutable, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProfileId(Part):
    """The hardware profile that the codes belong to."""

    name: str
    hash: str


class Provenance(Part):
    """Where the file comes from."""

    arcana_version: str
    seed: int | None = None
    note: str = ""


class BiasCode(Part):
    """Code of one bias; coarse 0 is the smallest current.

    Attributes:
        coarse: Coarse code.
        fine: Fine code.
        low_range: The low-range flag (SE1).
    """

    coarse: Annotated[int, Field(ge=0, le=7)]
    fine: Annotated[int, Field(ge=0, le=255)]
    low_range: bool = False


class CoreBiases(Part):
    """The biases of one core.

    Attributes:
        chip: Number of the chip.
        core: Number of the core on its chip.
        biases: Codes by the chip's own names.
        latches: Latches of the core's neurons; one that is missing is on where the core has the bias that it
            switches.
        exact: Biases of the neuron model [A, s, 1/A] that a perfect bias generator would make. For emulation
            only: no chip takes them. They stand in place of ``biases``.
        exact_switches: Weight currents of the switches [A] that go with them (SE2).
        exact_tau2: Second leak that goes with them [A] (SE1).
    """

    chip: Count
    core: Count
    biases: dict[str, Annotated[BiasCode, BeforeValidator(_code)]] = Field(default_factory=dict)
    latches: dict[str, bool] = Field(default_factory=dict)
    exact: dict[str, NotNegative] = Field(default_factory=dict)
    exact_switches: list[NotNegative] = Field(default_factory=list)
    exact_tau2: Positive | None = None

    def inspect(self, problems: Problems) -> None:
        """Codes or exact values, not both; the model knows the exact ones."""
        if self.exact and self.biases:
            problems.note("exact", sorted(self.exact), "none where there are codes (biases), or no codes")
        problems.extend(unknown_name("exact", name, BIASES) for name in self.exact if name not in BIASES)


class PlacedNeuron(Part):
    """A neuron that is used: where it is, what it stands for, and its two routing tables.

    Attributes:
        chip: Number of the chip.
        core: Number of the core on its chip.
        neuron: Number of the neuron in its core.
        population: Population that it belongs to.
        index: Its number there.
        tau2: Whether it leaks through the second bias (SE1).
        cams: Input words, each as ``CamWord``.
        srams: Output words, each as ``SramWord``.
    """

    chip: Count
    core: Count
    neuron: Count
    population: str
    index: Count
    tau2: bool = False
    cams: list[Row] = Field(default_factory=list)
    srams: list[Row] = Field(default_factory=list)

    def inspect(self, problems: Problems) -> None:
        """Rows have the numbers that they need."""
        check_rows("cams", self.cams, CamWord, problems)
        check_rows("srams", self.srams, SramWord, problems)

    @property
    def cam_words(self) -> list[CamWord]:
        """The input words by name."""
        return [CamWord(*row) for row in self.cams]

    @property
    def sram_words(self) -> list[SramWord]:
        """The output words by name."""
        return [SramWord(*row) for row in self.srams]


class PlacedPopulation(Part):
    """Neurons that are simulated alike, and what the chip cannot set.

    Attributes:
        name: Its name.
        size: Number of neurons.
        dt_s: Time step [s].
        solver: Solver.
        leak_saturation: Whether the leak saturates near rest.
        substeps: Inner steps; none leaves the choice to the solver.
        stage: Order of the emulation: a spike reaches neurons of a later stage in its own time step, and all
            others (the chip has no clock) in the next one.
    """

    name: Name
    size: Size
    dt_s: Annotated[float, Field(ge=SHORTEST_STEP, le=LONGEST_STEP)]
    solver: Literal["rk4", "heun", "euler"] = "rk4"
    leak_saturation: bool = True
    substeps: Size | None = None
    stage: Count = 0


class InputLines(Part):
    """Input from outside the board: what to send for an event on each line."""

    name: Name
    size: Size
    events: list[Row] = Field(default_factory=list)

    def inspect(self, problems: Problems) -> None:
        """Rows have four numbers, and their line exists."""
        check_rows("events", self.events, InputEvent, problems)
        for k, row in enumerate(self.events):
            if row and not 0 <= row[0] < self.size:
                problems.note(f"events[{k}].line", row[0], f"0 to {self.size - 1}")

    @property
    def input_events(self) -> list[InputEvent]:
        """The events by name."""
        return [InputEvent(*row) for row in self.events]


class OutputLines(Part):
    """Neurons whose spikes are read, in the order of the output lines."""

    name: Name
    neurons: list[Row]

    def inspect(self, problems: Problems) -> None:
        """Rows have four numbers."""
        check_rows("neurons", self.neurons, OutputAddress, problems)

    @property
    def addresses(self) -> list[OutputAddress]:
        """The rows by name."""
        return [OutputAddress(*row) for row in self.neurons]


class EncoderSettings(Part):
    """The delta modulator in front of the chip."""

    channels: Size
    threshold_up: list[Positive]
    threshold_down: list[Positive]
    refractory_steps: Count
    reset: Literal["level", "signal"]
    events_per_step: Size
    upsample: Size

    def inspect(self, problems: Problems) -> None:
        """One threshold for each channel."""
        for name in ("threshold_up", "threshold_down"):
            if len(getattr(self, name)) != self.channels:
                problems.note(name, getattr(self, name), f"{self.channels} thresholds, one for each channel")


def check_rows(name: str, rows: list[Row], kind: Any, problems: Problems) -> None:
    """Note rows with too few or too many numbers. Their values are the business of the design-rule check."""
    fields: tuple[str, ...] = kind._fields
    for k, row in enumerate(rows):
        if len(row) != len(fields):
            problems.note(f"{name}[{k}]", row, "[" + ", ".join(fields) + "]")
