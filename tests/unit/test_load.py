"""Events of a run, counted from the tables, and what they cost where a profile knows it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from drc_boards import find, legal, settings, tag

from arcana.errors import BadInput
from arcana.hardware import HardwareProfile, load_profile
from arcana.mapping.energy import energy
from arcana.mapping.load import CoreLoad, Link, count_events

SPIKES = {"hidden": [1, 2, 3, 4], "out": 10.0, "spare": [7, 0]}
EVENTS = {"in": [100, 0, 50]}
COSTS = {
    "spike": 1.0,
    "encode": 1e2,
    "broadcast_to_core": 1e4,
    "route": 1e6,
    "pulse_per_match": 1e8,
    "static": 1e12,
}


def counted(name, data=None, duration=2.0):
    return count_events(settings(data or legal(name)), load_profile(name), SPIKES, EVENTS, duration)


@pytest.mark.parametrize(("name", "monitored"), [("dynapse1", 0), ("dynapse2", 30)])
def test_by_hand(name, monitored):
    """``hidden`` has 2 words and ``out`` 1, and each input word of a core listens to one sender."""
    load = counted(name)
    assert load.spikes == 10 + 30 + 7
    assert load.input_events == 150
    assert load.monitored == monitored
    assert load.copies == 10 * 2 + 30 + monitored
    assert load.hops == 10 + 30
    assert load.broadcasts == 10 * 2 + 30 + 150
    assert load.matches == 4 * (10 + 30 + 150) + 3 * 10
    assert load.links == {Link(0, 1): 10, Link(1, 0): 30}
    assert load.peak_link == (Link(1, 0), 15.0)
    assert load.cores == {
        (0, 0): CoreLoad(10, 10 + 30 + 150, 4 * (10 + 30 + 150)),
        (0, 1): CoreLoad(7, 0, 0),
        (1, 2): CoreLoad(30, 10, 30),
    }
    assert load.per_second["spikes"] == 23.5
    assert load.chips == 2


def walked(data, name):
    """The same counts, event by event, from the plain data."""
    chip, total = load_profile(name), Counter()
    where = dict(enumerate(chip.topology.chip_positions))
    at = {place: number for number, place in where.items()}
    cams = Counter((n["chip"], n["core"], row[1]) for n in data["neurons"] for row in n["cams"])

    def arrive(target, tag_, mask, times):
        for core in range(4):
            if mask >> core & 1:
                total["broadcasts"] += times
                total["matches"] += times * cams[target, core, tag_]

    for n in data["neurons"]:
        spikes = SPIKES[n["population"]]
        times = spikes[n["index"]] if isinstance(spikes, list) else spikes
        for _, tag_, mask, dx, dy in n["srams"]:
            x, y = where[n["chip"]]
            total["copies"] += times
            if (x + dx, y + dy) not in at:
                continue
            arrive(at[x + dx, y + dy], tag_, mask, times)
            while (dx, dy) != (0, 0):
                before = at[x, y]
                step = (np.sign(dx), 0) if dx else (0, np.sign(dy))
                x, y, dx, dy = x + step[0], y + step[1], dx - step[0], dy - step[1]
                total[before, at[x, y]] += times
    for line, tag_, chip_, mask in data["inputs"][0]["events"]:
        arrive(chip_, tag_, mask, EVENTS["in"][line])
    return total


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_a_walk_of_every_event_counts_the_same(name):
    chip, data = load_profile(name), legal(name)
    last = 3 if name == "dynapse1" else 2
    find(data, "hidden", 0)["srams"].append([last, tag(chip, "hidden", 0), 11, 1, 1])  # two links
    find(data, "hidden", 1)["srams"].append([last, tag(chip, "hidden", 1), 1, 0, 1])
    find(data, "out", 0)["srams"].append([last, tag(chip, "out", 0), 8, -1, 1])
    find(data, "hidden", 2)["srams"].append([last, tag(chip, "hidden", 2), 1, 0, -1])  # off the board
    find(data, "hidden", 3)["cams"].append([63, *find(data, "hidden", 3)["cams"][0][1:]])
    load, expected = counted(name, data), walked(data, name)
    for key in ("copies", "broadcasts", "matches"):
        assert load.counts[key] == expected[key], key
    assert load.links == {pair: n for pair, n in expected.items() if isinstance(pair, tuple)}
    assert Link(1, 3) in load.links
    assert Link(2, 3) not in load.links  # x first, then y
    assert load.hops == sum(load.links.values())


def test_what_is_not_named_is_silent():
    config, chip = settings(legal("dynapse1")), load_profile("dynapse1")
    load = count_events(config, chip, {}, {}, 1.0)
    assert set(load.counts.values()) == {0.0}
    assert load.links == {}
    assert load.peak_link is None
    assert load.to_dict()["cores"][0] == {"chip": 0, "core": 0, "spikes": 0, "broadcasts": 0, "matches": 0}


@pytest.mark.parametrize(
    ("spikes", "events", "duration", "named"),
    [
        ({"hiden": 1}, {}, 1.0, "did you mean 'hidden'"),
        ({"hidden": [1, 2]}, {}, 1.0, "4 numbers"),
        ({"hidden": -1}, {}, 1.0, "finite numbers >= 0"),
        ({"hidden": "many"}, {}, 1.0, "one number"),
        ({}, {"in": float("nan")}, 1.0, "finite numbers >= 0"),
        ({}, {"inn": 1}, 1.0, "did you mean 'in'"),
        ({}, {}, 0.0, "duration_s"),
        ({}, {}, float("nan"), "duration_s"),
    ],
)
def test_bad_counts(spikes, events, duration, named):
    with pytest.raises(BadInput, match=named):
        count_events(settings(legal("dynapse1")), load_profile("dynapse1"), spikes, events, duration)


def test_all_that_is_bad_is_listed():
    with pytest.raises(BadInput) as error:
        count_events(settings(legal("dynapse1")), load_profile("dynapse1"), {"a": 1, "out": -1}, {"b": 1}, -1)
    assert len(error.value.problems) == 4


def priced(name, costs):
    tables = load_profile(name).to_dict()
    for key, value in costs.items():
        unit = tables["energy"][key]["unit"]
        tables["energy"][key] = {
            "value": value,
            "unit": unit,
            "status": "assumed",
            "source": [next(iter(tables["sources"]))],
        }
    return HardwareProfile.from_dict(tables)


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_energy_is_the_sum(name):
    load, cost = counted(name), energy(counted(name), priced(name, COSTS))
    assert cost.calibrated
    assert cost.parts == pytest.approx({
        "energy.spike": load.spikes, "energy.encode": 1e2 * load.copies, "energy.route": 1e6 * load.hops,
        "energy.broadcast_to_core": 1e4 * load.broadcasts, "energy.pulse_per_match": 1e8 * load.matches,
        "energy.static": 2 * 2.0 * 1e12,
    })  # fmt: skip
    assert cost.joules == pytest.approx(sum(cost.parts.values()))
    assert cost.watts == pytest.approx(cost.joules / 2)
    assert (cost.to_dict()["status"], cost.to_dict()["counts"]) == ("calibrated", load.counts)
    assert str(cost).endswith(" W")


def test_without_every_number_there_is_no_sum():
    load = counted("dynapse1")
    cost = energy(load, load_profile("dynapse1"))
    assert set(cost.unknown) == {f"energy.{key}" for key in COSTS}
    assert (cost.joules, cost.watts, cost.parts, cost.counts) == (None, None, {}, load.counts)
    one_left = {key: value for key, value in COSTS.items() if key != "route"}
    cost = energy(load, priced("dynapse1", one_left))
    assert (cost.unknown, cost.joules, cost.parts) == (("energy.route",), None, {})
    assert "uncalibrated" in str(cost)
    assert cost.to_dict()["status"] == "uncalibrated"


def test_what_did_not_happen_needs_no_number():
    config, chip = settings(legal("dynapse1")), priced("dynapse1", {"static": 2.0})
    assert energy(count_events(config, chip, {}, {}, 3.0), chip).joules == 2 * 2.0 * 3.0
