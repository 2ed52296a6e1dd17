"""An emulated board on address events: what goes into its input bus, and what its monitor shows."""

from __future__ import annotations

import math

import numpy as np
import torch

from arcana.config import ChipConfig
from arcana.data.aer import INTO, OUT, SHOWN, Events, check_events
from arcana.emulate import Emulator
from arcana.errors import BadInput, Problems
from arcana.typing import Tensor

MOST_CELLS = 200_000_000  # steps x input lines: more does not fit the memory of a desktop computer


def run_events(emulator: Emulator, events: Events, duration: float | None = None) -> Events:
    """Play input events (time_s, chip, cores, tag) and return the events of the outputs.

    An event at time t falls into the step floor(t / dt); an output event has the exact time of its spike.

    Args:
        emulator: One emulated board.
        events: As ``arcana.data.aer.INTO``, in order of time.
        duration: How long to run [s]; None: to the last event.

    Returns:
        (time_s, chip, core, neuron, tag) in order of time.

    Raises:
        BadInput: listing events that run backwards, events that no input line of the settings sends, and lines
            that were sent to some of their chips only.
    """
    check_events(events)
    X = events_to_lines(emulator.config, events, emulator.net.dt, duration)
    spikes = emulator.simulate_lines(X, ("spike_times",))
    times = spikes["spike_times"]
    if times.ndim > 3:
        raise BadInput.one("emulator", f"{times.shape[0]} boards", "one board", hint="make one at a time")
    addresses = [a for lines in emulator.config.outputs for a in lines.addresses]
    step, line = (~times[0].isnan()).nonzero(as_tuple=True)
    when = times[0][step, line].double().numpy()
    rows = [(t, *addresses[k]) for t, k in zip(when.tolist(), line.tolist(), strict=True)]
    found = np.array(rows, dtype=OUT)
    return found[np.argsort(found["time_s"], kind="stable")]


def check_duration(
    duration: float | None, events: int, dt: float, problems: Problems, field: str = "duration"
) -> None:
    """Note a duration that is shorter than a step or no number, and none at all where there are no events."""
    if duration is not None and not (math.isfinite(duration) and duration >= dt * (1 - 1e-6)):
        problems.note(field, duration, f"a finite number, at least a time step of {dt:g}", "s")
    if duration is None and not events:
        problems.note("events", "none", f"at least one, or {'a ' * (field == 'duration')}{field}")


def steps_of(duration: float | None, last: float, dt: float, cells: int, field: str = "duration") -> int:
    """Time steps of a run: as long as it was asked for, else up to the last event's step.

    Args:
        duration: How long [s].
        last: Step of the last event.
        dt: Time step [s].
        cells: Numbers that one step takes.
        field: What the user calls the duration.

    Raises:
        BadInput: for more than fits the memory of a desktop computer.
    """
    steps = last + 1 if duration is None else math.ceil(duration / dt - 1e-6)
    if steps * cells > MOST_CELLS:
        hint = f"times are in seconds; {field} cuts the run" if duration is None else ""
        name = "time_s" if duration is None else field
        raise BadInput.one(name, steps * dt, f"at most {MOST_CELLS // cells * dt:g}", "s", hint=hint)
    return int(steps)


def events_to_lines(config: ChipConfig, events: Events, dt: float, duration: float | None = None) -> Tensor:
    """Counts (1, T, lines) of the input lines that these events belong to.

    Raises:
        BadInput: see ``run_events``.
    """
    if events.dtype != INTO:
        given = ", ".join(events.dtype.names or ())
        raise BadInput.one("events", given, ", ".join(INTO.names or ()), hint="these are output events")
    line_of: dict[tuple[int, int, int], tuple[int, int]] = {}
    parts: list[int] = []
    for lines in config.inputs:
        first = len(parts)
        parts += [0] * lines.size
        for e in lines.input_events:
            line_of[e.chip, e.cores, e.tag] = (first + e.line, parts[first + e.line])
            parts[first + e.line] += 1
    problems = Problems()
    check_duration(duration, events.size, dt, problems)
    found = []
    for k, row in enumerate(events.tolist()):
        key = tuple(row[1:4])
        if key not in line_of:
            shown = "chip {}, cores {:#06b}, tag {}".format(*key)
            problems.note(f"events[{k}]", shown, "an event of one of the input lines of the settings")
            if len(problems) > SHOWN:
                break
        else:
            found.append((math.floor(row[0] / dt + 1e-6), *line_of[key]))
    problems.raise_if_any()
    last = max((s for s, _, _ in found), default=0)
    steps = steps_of(duration, last, dt, max(len(parts), 1) * max(parts, default=1))
    counts = np.zeros((max(parts, default=1), steps, len(parts)))
    for step, line, part in found:
        if step < steps:
            counts[part, step, line] += 1
    for line, copies in enumerate(parts):
        uneven = (counts[:copies, :, line] != counts[:1, :, line]).any(0) if copies else np.zeros(1, dtype=bool)
        if uneven.any():
            allowed = f"all {copies} events of the line together"
            problems.note(f"input line {line}, step {int(uneven.argmax())}", "some of its events", allowed)
    problems.raise_if_any()
    return torch.from_numpy(counts[:1]).to(torch.get_default_dtype())
