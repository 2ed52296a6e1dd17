"""What ``arcana emulate`` runs and writes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from arcana.aer import MOST_CELLS, check_duration, events_to_lines, steps_of
from arcana.circuits.names import BIASES
from arcana.cli.inspection import load_both
from arcana.cli.line_events import read_line_events
from arcana.config import ChipConfig, OutputAddress
from arcana.data.aer import INTO, address_events, read_address_events, write_address_events
from arcana.data.csv import read_signal
from arcana.data.event_reader import Events, read_events
from arcana.emulate import Emulator
from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import read_text, write_whole
from arcana.hardware.defects import DefectMap
from arcana.mapping.energy import Energy, energy
from arcana.mapping.load import Load
from arcana.mismatch import MismatchModel
from arcana.typing import Tensor


@dataclass(frozen=True)
class Run:
    """Spikes of an emulated chip, or of several.

    Attributes:
        times: Time of each spike [s]: (S,), in order within a chip.
        neuron: Its output line: (S,).
        chip: Its chip: (S,).
        neurons: Number of outputs.
        chips: Chips emulated.
        mismatch: How they were drawn; None without mismatch.
        seconds: How long the run was [s].
        rates: By output, the mean, lowest and highest firing rate over the chips [Hz].
        outputs: Name and address of each output.
        load: Events on the board; None for several chips.
        energy: What they cost, as far as that is known.
    """

    times: NDArray[np.float64]
    neuron: NDArray[np.int64]
    chip: NDArray[np.int64]
    neurons: int
    chips: int
    mismatch: dict[str, Any] | None
    seconds: float
    rates: dict[str, list[float]]
    outputs: list[tuple[str, OutputAddress]]
    load: Load | None
    energy: Energy | None

    @property
    def spikes(self) -> int:
        """Spikes of all neurons and chips."""
        return len(self.times)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        sizes = {"seconds": self.seconds, "neurons": self.neurons, "chips": self.chips, "spikes": self.spikes}
        outputs = [{"output": name, **address._asdict()} for name, address in self.outputs]
        load, energy = (None if part is None else part.to_dict() for part in (self.load, self.energy))
        found = {"mismatch": self.mismatch, "rates_Hz": self.rates, "outputs": outputs}
        return {**sizes, **found, "load": load, "energy": energy}


def run(
    config_path: Path,
    file: Path,
    profile: str | None,
    dt: float | None,
    duration: float | None,
    chips: int | None,
    cv: float | None,
    seed: int,
    defects: Path | None = None,
) -> Run:
    """Build the chip from its settings and feed it the file.

    Raises:
        BadInput: listing what is wrong with the settings, the file or the options.
    """
    config, chip = load_both(config_path, profile)
    mismatch = None
    if chips is not None or cv is not None:
        model = MismatchModel.from_profile(chip) if cv is None else MismatchModel(cv)
        mismatch = model.sample(1 if chips is None else chips, seed)
    broken = None if defects is None else DefectMap.read(defects, chip)
    emulator = Emulator.from_config(config, chip, defects=broken)
    step = config.populations[0].dt_s
    events = emulator.encode(_samples(file, dt, duration, config)) if config.encoder is not None else None
    if events is None:
        if dt is not None:
            raise BadInput.one("--dt", dt, "unset: these settings take an event list", "s")
        events = _events(file, config, duration)
    if mismatch is not None:
        _check_size(mismatch.n_chips, events, config)
        emulator.set_mismatch(mismatch)
    times = emulator.simulate_lines(events, ("spike_times",))["spike_times"]
    many = 1 if mismatch is None else mismatch.n_chips
    load = emulator.load_of_lines(events) if many == 1 else None
    steps = times.shape[-2]
    times = times.reshape(many, steps, -1)
    chip_of, at, neuron = (~times.isnan()).nonzero(as_tuple=True)
    counts = (~times.isnan()).sum(1).double() / (steps * step)
    addresses = [(f"{o.name}[{k}]", a) for o in config.outputs for k, a in enumerate(o.addresses)]
    rates = {"mean": counts.mean(0), "lowest": counts.amin(0), "highest": counts.amax(0)}
    return Run(
        times[chip_of, at, neuron].double().numpy(), neuron.numpy(), chip_of.numpy(), times.shape[-1], many,
        None if mismatch is None else mismatch.to_dict(), steps * step,
        {name: values.tolist() for name, values in rates.items()}, addresses, load,
        None if load is None else energy(load, chip),
    )  # fmt: skip


def write(done: Run, output: Path, force: bool, as_addresses: bool) -> None:
    """Write ``time_s,neuron,name`` (with ``chip`` if there are several), or address events, in order of time.

    Raises:
        BadInput: for address events of several chips: an address does not say which of them it is.
    """
    if as_addresses:
        if done.chips > 1:
            raise BadInput.one("--aer", f"{done.chips} chips", "one chip")
        rows = [(t, *done.outputs[k][1]) for t, k in zip(done.times.tolist(), done.neuron.tolist(), strict=True)]
        write_address_events(output, address_events(sorted(rows), out=True), overwrite=force)
        return
    text = io.StringIO()
    text.write("time_s,neuron,chip,name\n" if done.chips > 1 else "time_s,neuron,name\n")
    for k in np.argsort(done.times, kind="stable"):
        chip = f",{done.chip[k]}" if done.chips > 1 else ""
        text.write(f"{done.times[k]:.9g},{done.neuron[k]}{chip},{done.outputs[done.neuron[k]][0]}\n")
    write_whole(output, text.getvalue(), overwrite=force)


def _header_of(file: Path) -> tuple[str, ...]:
    lines = read_text(file).splitlines()
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    return tuple(cell.strip() for cell in first.split(","))


def _events(file: Path, config: ChipConfig, duration: float | None) -> Tensor:
    """An event list as counts (1, T, lines), in whichever of the three forms it is."""
    header, step = _header_of(file), config.populations[0].dt_s
    if header == INTO.names:
        return events_to_lines(config, read_address_events(file), step, duration)
    names = [f"{part.name}[{k}]" for part in config.inputs for k in range(part.size)]
    if "polarity" in header:
        return _binned(read_events(file, ordered=True), len(names), step, duration, file)
    return _binned(read_line_events(file, names), len(names), step, duration, file)


def _check_size(chips: int, events: Tensor, config: ChipConfig) -> None:
    """Refuse more virtual chips than fit a desktop computer: each has its own biases, input, spikes and times."""
    steps, lines = events.shape[-2:]
    neurons = sum(p.size for p in config.populations)
    cells = steps * (lines + neurons) + len(BIASES) * neurons
    if chips * cells > MOST_CELLS:
        allowed = f"at most {max(MOST_CELLS // cells, 1)} for {steps} steps of {lines} lines and {neurons} neurons"
        hint = f"these take about {8 * chips * cells / 1e9:.3g} GB; run them in parts, with other seeds"
        raise BadInput.one("--chips", chips, allowed, hint=hint)


def _samples(file: Path, dt: float | None, duration: float | None, config: ChipConfig) -> Tensor:
    """A recording as the encoder takes it, after a check that its steps are those of the neurons."""
    assert config.encoder is not None
    if duration is not None:
        raise BadInput.one("--duration", duration, "unset: a recording has its own length", "s")
    if "polarity" in read_text(file).partition("\n")[0]:
        hint = "these settings hold an encoder, which makes the events itself"
        raise BadFile(file, Problem("file", "an event list", "a recording", hint=hint))
    recording, encoder, step = read_signal(file, dt), config.encoder, config.populations[0].dt_s
    problems = Problems()
    if recording.values.shape[1] != encoder.channels:
        problems.note("channels", recording.values.shape[1], f"{encoder.channels}, as the encoder has")
    if abs(recording.dt / encoder.upsample - step) > 1e-3 * step:
        allowed = f"{step * encoder.upsample:g}: {encoder.upsample} step(s) of {step:g} s a sample"
        problems.note("sampling step", recording.dt, allowed, "s", "resample the recording")
    problems.raise_if_any(file)
    return torch.from_numpy(recording.values).to(torch.get_default_dtype())[None]


def _binned(events: Events, lines: int, dt: float, duration: float | None, file: Path) -> Tensor:
    """Events as counts (1, T, lines): an event at time t falls into step floor(t / dt)."""
    line = events.channels
    if events.polarity is not None:  # the lines of an encoder: UP of all channels first
        line = line + np.where(events.polarity > 0, 0, lines // 2)
    limit = lines if events.polarity is None else lines // 2
    problems = Problems()
    if events.polarity is not None and lines % 2:
        problems.note("polarity", "a column", f"no such column: the settings have {lines} input lines", hint="odd")
    if (events.channels >= limit).any():
        problems.note("channel", int(events.channels.max()), f"0 to {limit - 1}")
    check_duration(duration, len(events.times), dt, problems, "--duration")
    problems.raise_if_any(file)
    step = np.floor(events.times / dt + 1e-6)  # an event on the edge of a step belongs to the step that begins
    steps = steps_of(duration, float(step.max(initial=0)), dt, max(lines, 1), "--duration")
    X = torch.zeros(1, steps, lines)
    inside = step < steps
    where = torch.from_numpy(step[inside].astype(np.int64)), torch.from_numpy(line[inside])
    X[0].index_put_(where, torch.ones(int(inside.sum())), accumulate=True)
    return X
