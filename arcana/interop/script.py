"""A short Python script that puts a vendor's configuration on a board, with the calls that no field stands for."""

from __future__ import annotations

from pprint import pformat
from typing import Any

import arcana
from arcana.config import ChipConfig
from arcana.hardware.profile import HardwareProfile

_TOP = '''\
# NOT RUN ON HARDWARE: no board and no samna were at hand when this was written. Compare each call with your samna.
"""Put settings on a {chip} board. Usage: python THIS_FILE CONFIGURATION.json [INPUT LINE]

CONFIGURATION.json is what `arcana export --to {form}` writes. Written by arcana {version}.
"""

import sys
from pathlib import Path

import samna
import samna.{family} as {family}

# Input lines: what to send for one event on each line, as (tag, chip, mask of cores).
INPUTS = {inputs}
# Outputs: (chip, core, neuron, tag at the monitor) of each line.
OUTPUTS = {outputs}
# Neurons whose membrane is led out, one of a core at most: (chip, core, neuron). Choose your own.
MONITORED = {monitored}
'''

_SE1 = '''\
# Neurons that leak through IF_TAU2_N: (chip, core, neuron).
SECOND_LEAK = {second}


def open_board():
    return samna.device.open_device(samna.device.get_unopened_devices()[0])


def apply(board, path):
    configuration = dynapse1.Dynapse1Configuration()
    configuration.from_json(Path(path).read_text())
    model = board.get_model()
    model.apply_configuration(configuration)
    for chip, core, neuron in SECOND_LEAK:
        model.set_tau_2(chip, core, neuron)
    for chip, core, neuron in MONITORED:
        model.monitor_neuron(chip, core, neuron)


def send(board, name, line):
    """One event on an input line, from the spike generator of the FPGA."""
    events = []
    for tag, chip, cores in INPUTS[name][line]:
        event = dynapse1.FpgaSpikeEvent()
        event.neuron_id = tag % {neurons}
        event.virtual_core_id = tag // {neurons}
        event.target_chip = chip
        event.core_mask = cores
        event.isi = 0
        events.append(event)
    generator = board.get_fpga_spike_gen()
    generator.set_repeat_mode(False)
    generator.preload_stimulus(events, False)
    generator.start()
'''

_SE2 = '''\


def open_board():
    return samna.device.open_device(samna.device.get_unopened_devices()[0])


def apply(board, path):
    configuration = dynapse2.Dynapse2Configuration()
    configuration.from_json(Path(path).read_text())
    for chip, core, neuron in MONITORED:
        target = configuration.chips[chip].cores[core]
        target.monitored_neuron = neuron
        target.neuron_monitoring_on = True
    board.get_model().apply_configuration(configuration)


def send(board, name, line):
    """One event on an input line, onto the grid bus; its hops lead from the board's entry to the chip."""
    events = []
    for tag, chip, cores in INPUTS[name][line]:
        destination = dynapse2.Dynapse2Destination()
        destination.tag = tag
        destination.core = [bool(cores >> k & 1) for k in range({cores})]
        destination.x_hop, destination.y_hop = HOPS[chip]
        events.append(dynapse2.NormalGenericEvent(destination, 0))
    board.input_interface_write_events(0, events)


# Hops (east, south) from chip 0 to each chip, by the positions in arcana's profile; an assumption.
HOPS = {hops}
'''

_END = """

if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    opened = open_board()
    apply(opened, sys.argv[1])
    if len(sys.argv) == 4:
        send(opened, sys.argv[2], int(sys.argv[3]))
"""


def apply_script(config: ChipConfig, profile: HardwareProfile) -> str:
    """The text of the script: it reads the vendor's JSON, applies it, sets second leaks and monitors, sends events.

    Nobody has run it on hardware, and its first line says so.
    """
    se1 = profile.family == "dynapse1"
    positions = profile.topology.chip_positions
    values: dict[str, Any] = {
        "chip": "DYNAP-SE1" if se1 else "DYNAP-SE2",
        "form": "samna1" if se1 else "samna2",
        "family": profile.family,
        "version": arcana.__version__,
        "neurons": profile.neurons_per_core,
        "cores": profile.cores_per_chip,
        "inputs": _shown({part.name: _events(config, part.name) for part in config.inputs}),
        "outputs": _shown({part.name: [tuple(a) for a in part.addresses] for part in config.outputs}),
        "monitored": _shown(_monitored(config)),
        "second": _shown(sorted((n.chip, n.core, n.neuron) for n in config.neurons if n.tau2)),
        "hops": _shown([(x - positions[0][0], y - positions[0][1]) for x, y in positions]),
    }
    return (_TOP + (_SE1 if se1 else _SE2) + _END).format(**values)


def _events(config: ChipConfig, name: str) -> list[list[tuple[int, int, int]]]:
    """(tag, chip, cores) of each event, for each line of an input."""
    part = next(part for part in config.inputs if part.name == name)
    found: list[list[tuple[int, int, int]]] = [[] for _ in range(part.size)]
    for event in sorted(part.input_events):
        found[event.line].append((event.tag, event.chip, event.cores))
    return found


def _monitored(config: ChipConfig) -> list[tuple[int, int, int]]:
    """The first output of each core."""
    first: dict[tuple[int, int], tuple[int, int, int]] = {}
    for part in config.outputs:
        for a in part.addresses:
            first.setdefault((a.chip, a.core), (a.chip, a.core, a.neuron))
    return sorted(first.values())


def _shown(value: Any) -> str:
    return pformat(value, width=100, sort_dicts=False)
