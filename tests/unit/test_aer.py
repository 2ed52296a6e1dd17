"""Address events: files that come back as they were, and an emulated board that is spoken to by addresses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import events, loop

import arcana
from arcana.aer import events_to_lines
from arcana.config import ChipConfig
from arcana.data.aer import INTO, OUT, address_events, read_address_events, write_address_events
from arcana.errors import BadFile, BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile

CHIPS = ("dynapse1", "dynapse2")
DT = 1e-3
address = st.integers(0, 2**31 - 1)


@pytest.fixture(params=CHIPS)
def board(request):
    """The loop of ``chip_networks`` on a board."""
    return arcana.Emulator.from_config(
        arcana.map_network(loop(load_profile(request.param)), request.param).configuration(), request.param
    )


def addressed(config, counts, offset=0.5):
    """Counts (T, lines) of input lines as the address events that these settings ask for."""
    sent = {}
    for e in config.inputs[0].input_events:
        sent.setdefault(e.line, []).append((e.chip, e.cores, e.tag))
    rows = []
    for step, line in counts.nonzero().tolist():
        for _ in range(int(counts[step, line])):
            rows += [((step + offset) * DT, *where) for where in sent[line]]
    return address_events(sorted(rows))


class TestFiles:
    @given(st.lists(st.floats(0, 1e9), max_size=8).map(sorted), st.booleans(), st.data())
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_reading_back_gives_the_same_array(self, tmp_path, times, out, data):
        rows = [(t, *(data.draw(address) for _ in range(4 if out else 3))) for t in times]
        made = address_events(rows, out)
        path = write_address_events(tmp_path / "e.csv", made, overwrite=True)
        again = read_address_events(path)
        assert (again.dtype, again.tolist()) == (made.dtype, made.tolist()) == (OUT if out else INTO, rows)

    def test_comments_spaces_and_empty_lines(self, tmp_path):
        path = tmp_path / "e.csv"
        path.write_text("\ufeff# made by hand\n\n time_s, chip ,cores,tag\n0.1, 0,1,5\n# end\n\n0.1,3,15,6\n")
        assert read_address_events(path).tolist() == [(0.1, 0, 1, 5), (0.1, 3, 15, 6)]

    def test_a_file_without_events(self, tmp_path):
        path = tmp_path / "e.csv"
        path.write_text("time_s,chip,core,neuron,tag\n")
        found = read_address_events(path)
        assert (found.size, found.dtype) == (0, OUT)

    @pytest.mark.parametrize("text", ["", "# nothing\n", "time_s,chip\n", "1,2,3,4\n", "chip,time_s,cores,tag\n"])
    def test_a_wrong_header(self, tmp_path, text):
        path = tmp_path / "e.csv"
        path.write_text(text)
        with pytest.raises(BadFile, match=r"header is .*allowed: time_s,chip,cores,tag or time_s,chip,core,neuron"):
            read_address_events(path)

    @pytest.mark.parametrize(
        ("row", "text"),
        [
            ("0.1,0,1", "line 3 is '0.1,0,1'"),
            ("0.1,0,1,5,6", "line 3 is '0.1,0,1,5,6'"),
            ("0.1,0,1,", "line 3 is '0.1,0,1,'"),
            ("0.1,0,1,5.0", "line 3 is '0.1,0,1,5.0'"),
            ("later,0,1,5", "line 3 is 'later,0,1,5'"),
            ("0.1,0,-1,5", "line 3, cores is -1, allowed: a whole number >= 0"),
            ("0.1,0,1,2147483648", "line 3, tag is 2147483648"),
            ("nan,0,1,5", "line 3, time_s is nan s, allowed: a finite number >= 0"),
            ("inf,0,1,5", "line 3, time_s is inf s"),
            ("-1,0,1,5", "line 3, time_s is -1.0 s"),
            ("0.01,0,1,5", "line 3, time_s is 0.01 s, allowed: at least 0.05, as events are in order"),
        ],
    )
    def test_a_refused_row_and_its_line(self, tmp_path, row, text):
        path = tmp_path / "e.csv"
        path.write_text(f"time_s,chip,cores,tag\n0.05,0,1,5\n{row}\n")
        with pytest.raises(BadFile) as error:
            read_address_events(path)
        assert text in str(error.value)
        assert str(path) in str(error.value)

    def test_many_problems_are_counted(self, tmp_path):
        path = tmp_path / "e.csv"
        path.write_text("time_s,chip,cores,tag\n" + "x,0,1,5\n" * 50)
        with pytest.raises(BadFile) as error:
            read_address_events(path)
        assert len(error.value.problems) == 21
        assert error.value.problems[-1].value == 30

    def test_an_existing_file_is_kept(self, tmp_path):
        path = tmp_path / "e.csv"
        path.write_text("mine")
        with pytest.raises(BadFile, match="does not exist yet"):
            write_address_events(path, address_events([(0.1, 0, 1, 5)]))
        assert path.read_text() == "mine"
        with pytest.raises(BadInput, match=r"events\[0\].tag is -1"):
            write_address_events(path, np.array([(0.1, 0, 1, -1)], dtype=INTO), overwrite=True)
        assert path.read_text() == "mine"


class TestOnABoard:
    def test_events_are_the_lines_that_they_were_made_for(self, board):
        counts = events(4, steps=60, series=1, rate=0.2)
        assert counts.max() > 1
        made = events_to_lines(board.config, addressed(board.config, counts[0]), DT, duration=0.06)
        assert torch.equal(made, counts)

    @pytest.mark.parametrize("offset", [0, 0.5, 0.999])
    def test_a_step_holds_its_events(self, board, offset):
        counts = torch.zeros(1, 20, 4)
        counts[0, 3, 1] = counts[0, 19, 2] = 1
        assert torch.equal(events_to_lines(board.config, addressed(board.config, counts[0], offset), DT), counts)

    def test_a_line_with_several_events(self):
        """Listeners on two chips: one event of the line is an event for each chip, and both are needed."""
        chip = load_profile("dynapse1")
        start = {**chip.default_biases(), "refractory": 2e-3}
        ten = tuple(Population(f"p{k}", 200, DT, {**start, "Idc": 1e-12 * (k + 1)}) for k in range(10))
        fan = tuple(Projection.of("in", p.name, "ampa", [(0, j, 1) for j in range(200)]) for p in ten)
        config = arcana.map_network(NetworkGraph((Source("in", 1),), ten, fan), chip).configuration()
        sent = config.inputs[0].input_events
        assert len(sent) > 1
        rows = [(0.0105, e.chip, e.cores, e.tag) for e in sent]
        assert events_to_lines(config, address_events(rows), DT)[0, :, 0].tolist() == [0] * 10 + [1]
        with pytest.raises(
            BadInput, match=f"input line 0, step 10 is 'some of its events', allowed: all {len(sent)}"
        ):
            events_to_lines(config, address_events(rows[:-1]), DT)

    def test_answers_have_the_time_and_the_address_of_each_spike(self, board):
        counts = events(4, steps=200, series=1)
        found = arcana.run_events(board, addressed(board.config, counts[0]), duration=0.2)
        times = board.simulate_lines(counts, ("spike_times",))["spike_times"][0]
        addresses = [a for lines in board.config.outputs for a in lines.addresses]
        wanted = sorted((float(t), *addresses[k]) for k in range(5) for t in times[:, k] if not t.isnan())
        assert found.dtype == OUT
        assert sorted(found.tolist()) == wanted
        assert (np.diff(found["time_s"]) >= 0).all()
        assert found.size > 20
        places = {(n.chip, n.core, n.neuron): n.population for n in board.config.neurons}
        assert {places[tuple(row)[1:4]] for row in found.tolist()} == {"i", "out"}

    def test_without_events_it_runs_as_long_as_it_is_told(self, board):
        found = arcana.run_events(board, address_events([]), duration=0.3)
        assert 0.2 < found["time_s"].max() < 0.3
        with pytest.raises(BadInput, match="events is 'none', allowed: at least one, or a duration"):
            arcana.run_events(board, address_events([]))

    def test_events_after_the_end_are_cut_off(self, board):
        counts = torch.zeros(30, 4)
        counts[3, 0] = counts[29, 1] = 1
        made = events_to_lines(board.config, addressed(board.config, counts), DT, duration=0.01)
        assert torch.equal(made, counts[None, :10])

    @pytest.mark.parametrize(
        ("rows", "text"),
        [
            ([(0.1, 0, 1, 1023)], "events[0] is 'chip 0, cores 0b0001, tag 1023', allowed: an event of one of the"),
            ([(0.1, 9, 1, 5)], "events[0] is 'chip 9, cores 0b0001, tag 5'"),
            ([(0.1, 0, 99, 5)], "events[0] is 'chip 0, cores 0b1100011, tag 5'"),
            ([(0.1, 0, 1, 2**30)], "tag 1073741824"),
        ],
    )
    def test_events_of_no_input_line(self, board, rows, text):
        with pytest.raises(BadInput) as error:
            arcana.run_events(board, address_events(rows))
        assert text in str(error.value)

    def test_strangers_are_listed_up_to_a_limit(self, board):
        with pytest.raises(BadInput) as error:
            arcana.run_events(board, address_events([(0.1, 9, 1, k) for k in range(500)]))
        assert 20 <= len(error.value.problems) <= 22

    @pytest.mark.parametrize("duration", [0, -1, float("nan"), float("inf")])
    def test_a_duration_of_no_use(self, board, duration):
        with pytest.raises(
            BadInput, match=r"duration is .* s, allowed: a finite number, at least a time step of 0.001"
        ):
            arcana.run_events(board, address_events([]), duration)

    def test_a_duration_that_is_too_long_is_what_is_blamed(self, board):
        with pytest.raises(BadInput, match=r"^duration is 1000000000.0 s, allowed: at most \d+$"):
            arcana.run_events(board, address_events([]), 1e9)
        row = board.config.inputs[0].input_events[0]
        late = address_events([(1e9, row.chip, row.cores, row.tag)])
        with pytest.raises(BadInput, match=r"^time_s is .* \(times are in seconds; duration cuts the run\)$"):
            arcana.run_events(board, late)

    def test_one_board_at_a_time(self, board):
        board.set_mismatch(arcana.MismatchModel(0.1).sample(2))
        with pytest.raises(BadInput, match="emulator is '2 boards', allowed: one board"):
            arcana.run_events(board, address_events([]), 0.01)

    def test_events_far_in_the_future_are_refused_not_tried(self, board):
        """A time in ns taken for seconds would ask for more memory than there is."""
        e = board.config.inputs[0].input_events[0]
        with pytest.raises(BadInput, match="seconds"):
            arcana.run_events(board, address_events([(1e12, e.chip, e.cores, e.tag)]))

    def test_output_events_are_no_input(self, board):
        with pytest.raises(BadInput, match=r"time_s.*chip.*cores.*tag"):
            arcana.run_events(board, address_events([(0.1, 0, 0, 3, 5)], out=True))


def test_two_lines_under_one_address_are_told_by_the_design_rules():
    """An address of two lines could not be turned back into lines."""
    config = arcana.map_network(loop(load_profile("dynapse1")), "dynapse1").configuration()
    data = config.model_dump()
    events_of = data["inputs"][0]["events"]
    events_of[1][1:] = events_of[0][1:]
    with pytest.raises(BadInput, match=r"in\[0\].*in\[1\]|in\[1\].*in\[0\]"):
        arcana.Emulator.from_config(ChipConfig.model_validate(data), "dynapse1")
