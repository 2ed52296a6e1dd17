"""The reader of a user's CSV and the writer of event files: what is understood, and what is refused and how."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcana.data import read_signal, write_events
from arcana.data.time_column import unit_of
from arcana.errors import BadFile, BadInput

# --- reading a CSV ------------------------------------------------------------------------------------------------


@pytest.fixture
def write(tmp_path):
    def put(content: str | bytes) -> Path:
        path = tmp_path / "signal.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


@pytest.mark.parametrize(
    "content",
    [
        "time,x,y\n0,1,2\n0.5,3,-4e1\n",
        "x;time [ms];y\n1;0;2\n3;500;-40\n",
        "\ufefftime\tx\ty\r\n0\t1\t2\r\n0.5\t3\t-40\r\n",
        "# from the scope\n\n  # 2 Hz\ntime , x, y\n0, 1, 2\n\n# note\n0.5, 3, -40",
        "Time (s);x;y\n0;1,0;2\n0,5;3;-40,0\n",
        '"Timestamp [us]","x","y"\n"1700000000000000","1","2"\n"1700000000500000","3","-40"\n',
        "x,y,t/min\n1,2,0\n3,-40,0.00833333333333333333\n",
        "time_s,x,y\n-0.25,1,2\n0.25,3,-40\n",
    ],
)
def test_the_files_a_lab_writes_all_give_the_same_signal(write, content):
    signal = read_signal(write(content))
    assert signal.values.tolist() == [[1, 2], [3, -40]]
    assert signal.values.dtype == np.float64
    assert (signal.dt, signal.channel_names) == (0.5, ("x", "y"))


def test_a_file_without_a_header_or_time(write):
    signal = read_signal(str(write("1,2\n3,4\n5,6\n")), dt=0.01)
    assert signal.values.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert (signal.dt, signal.channel_names) == (0.01, ("ch0", "ch1"))


def test_one_channel_without_a_header(write):
    signal = read_signal(write("1\n2.5\n"), dt=np.float32(0.5))
    assert (signal.values.tolist(), signal.channel_names) == ([[1], [2.5]], ("ch0",))


def test_channels_may_be_called_by_numbers_if_the_time_is_named(write):
    assert read_signal(write("t,1,2\n0,5,6\n1,7,8\n")).channel_names == ("1", "2")


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("time", "s"),
        ("TIMESTAMP", "s"),
        ("t", "s"),
        ("Times [min]", "min"),
        ("t(µs)", "µs"),
        ("time / ms", "ms"),
        ("timestamp_ns", "ns"),
        ("time [samples]", "samples"),
        ("T", None),
        ("temperature", None),
        ("time_on", None),
        ("t_1", None),
        ("", None),
    ],
)
def test_which_names_are_a_time(header, unit):
    assert unit_of(header) == unit


@pytest.mark.parametrize(("rate", "decimals"), [(360, 3), (100, 2), (1000, 3), (256, 3), (44_100, 6)])
def test_times_rounded_for_printing_are_uniform(write, rate, decimals):
    n = 2000
    rows = "".join(f"{i / rate:.{decimals}f},{i}\n" for i in range(n))
    signal = read_signal(write("time,x\n" + rows))
    assert signal.dt == pytest.approx(1 / rate, abs=10.0**-decimals / (n - 1))


@pytest.mark.parametrize(("rate", "decimals"), [(360, 3), (100, 2), (1000, 3), (100, 9)])
def test_a_missing_sample_is_found_where_it_is(write, rate, decimals):
    rows = "".join(f"{i / rate:.{decimals}f},{i}\n" for i in range(500) if i != 250)
    with pytest.raises(BadFile, match="time from line 251 to line 252") as error:
        read_signal(write("time,x\n" + rows))
    assert len(error.value.problems) == 1
    assert "median step" in str(error.value)


def test_a_clock_of_this_century_loses_no_digits(write):
    """A float64 near 1.7e9 has steps of 2.4e-7, as much as 2 % of this sampling step."""
    rows = "".join(f"1700000000.{i * 10:06d},{i}\n" for i in range(100))
    assert read_signal(write("timestamp,x\n" + rows)).dt == 1e-5


def test_a_given_step_must_agree_with_the_clock(write):
    path = write("time,x\n0,1\n0.01,2\n0.02,3\n")
    assert read_signal(path, dt=0.010001).dt == 0.01
    with pytest.raises(BadFile, match=r"dt is 0\.001 s, allowed: 0\.01 s"):
        read_signal(path, dt=0.001)


TIME = "time,x\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ["an empty file"]),
        ("\ufeff\r\n", ["an empty file"]),
        ("# only\n# comments\n", ["only comments"]),
        ("time,x\n", ["0 rows of numbers after the header"]),
        ("time,x\n0,1\n", ["1 rows of numbers after the header", "at least 2"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ["UTF-8"]),
        (b"a,b\n\x00\x01\x02,3\n", ["binary", "UTF-8"]),
        ("time,x\n0,1\n1,2\n".encode("utf-16"), ["UTF-8"]),
        ("time,temp [°C]\n0,1\n1,2\n".encode("latin-1"), ["UTF-8"]),
        (TIME + "0,1\n1,2,3\n2\n", ["line 3 is '3 columns'", "line 4 is '1 columns'", "2 columns, as in line 1"]),
        (TIME + "0,1\n1,2\n\n# skipped\n2,abc\n", ["line 6, column 'x' is 'abc'"]),
        (TIME + "0,1\n1,\n2,3\n", ["line 3, column 'x' is ''", "the cell is empty"]),
        (TIME + "0,nan\n1,inf\n2,-Infinity\n", ["line 2, column 'x'", "line 3, column 'x'", "line 4, column 'x'"]),
        (TIME + "0,1_000\n1,2\n", ["line 2, column 'x' is '1_000'"]),
        (TIME + "0,1e999\n1,2\n", ["line 2, column 'x' is '1e999'"]),
        (TIME + '0,"1,234"\n1,2\n', ["'1,234'", "no mark for thousands"]),
        ("time;x\n0;1,234\n1;2.5\n", ["line 2, column 'x' is '1,234'", "no mark for thousands"]),
        ("time x\n0 1\n1 2\n", ["separate columns by comma"]),
        (TIME + "0,1\nnoon,2\n", ["line 3, column 'time' is 'noon'"]),
        (
            TIME + "0,1\n2,2\n1,3\n1,4\n",
            ["line 4, column 'time' is '1' s, allowed: more than the 2 of line 3", "line 5"],
        ),
        (TIME + "0,1\n1,2\n2,3\n2.5,4\n3.5,5\n", ["time from line 4 to line 5 is 0.5 s"]),
        ("time [h:m],x\n0,1\n1,2\n", ["time [h:m]", "min, s, sec, ms"]),
        ("time [],x\n0,1\n1,2\n", ["time []"]),
        ("time,t,x\n0,0,1\n1,1,2\n", ["one time column"]),
        ("time\n0\n1\n", ["at least one channel"]),
        ("time,x,y,x\n0,1,2,3\n1,1,2,3\n", ["'x' in columns 2 and 4", "names that differ"]),
        ("time,x,\n0,1,2\n1,1,2\n", ["column 3 without a name"]),
        ("x,y\n0,1\n1,2\n", ["dt is None", "timestamp"]),
        ("time,x\n0," + "9" * 200_000 + "\n1,2\n", ["line 2, column 'x'"]),
    ],
)
def test_bad_files_are_refused_with_the_reason(write, content, said):
    path = write(content)
    with pytest.raises(BadFile) as error:
        read_signal(path)
    assert str(path) in str(error.value)
    for words in said:
        assert words in str(error.value)


def test_an_unbalanced_quote_spoils_its_own_line_only(write):
    with pytest.raises(BadFile) as error:
        read_signal(write(TIME + '0,"one\n1,2\n2,3\n'))
    assert [problem.field for problem in error.value.problems] == ["line 2, column 'x'"]


@pytest.mark.parametrize("dt", [0, -1e-3, math.nan, math.inf, "0.001", True])
@pytest.mark.parametrize("content", ["1\n2\n", TIME + "0,1\n1,2\n"])
def test_a_bad_step_is_refused(write, dt, content):
    with pytest.raises(BadFile, match=r"dt is .* allowed: a finite number > 0") as error:
        read_signal(write(content), dt=dt)
    assert len(error.value.problems) == 1


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_no_file_at_all(tmp_path, name):
    with pytest.raises(BadFile) as error:
        read_signal(tmp_path / name, dt=-1)
    assert [problem.field for problem in error.value.problems] == ["dt", "path"]


def test_all_problems_are_kept_and_ten_are_shown(write):
    rows = "".join(f"{i},oops\n" for i in range(35))
    with pytest.raises(BadFile) as error:
        read_signal(write("time,x,x\n" + rows), dt=0)
    assert len(error.value.problems) == 1 + 1 + 35
    message = str(error.value)
    assert "37 problems, of which the first 10 are:" in message
    assert message.count("\n  - ") == 10
    assert message.index("dt is 0") < message.index("'x' in columns 2 and 3") < message.index("line 2 ")
    assert "line 9 " in message
    assert "line 10 " not in message


@given(
    values=st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=2, max_size=20),
    separator=st.sampled_from(",;\t"),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_with_all_digits_is_read_back(tmp_path_factory, values, separator, newline):
    path = tmp_path_factory.mktemp("csv") / "signal.csv"
    rows = [separator.join(map(repr, row)) for row in values]
    path.write_bytes((newline.join(rows) + newline).encode())
    assert read_signal(path, dt=1.0).values.tolist() == [list(row) for row in values]


# --- writing events -----------------------------------------------------------------------------------------------


def test_events_are_written_in_order_of_time(tmp_path):
    path = write_events(tmp_path / "new" / "events.csv", [0.3, 0.1, 0.1], [1, 1, 0], [1, -1, 1])
    expected = "time_s,channel,polarity\n0.1,1,DOWN\n0.1,0,UP\n0.3,1,UP\n"
    assert path.read_bytes() == expected.encode()


def test_event_times_keep_all_digits_and_channels_their_names(tmp_path):
    times = np.random.default_rng(0).uniform(0, 1e3, 200)
    times.sort()
    names = ("left, x", 'say "y"')
    write_events(tmp_path / "e.csv", times, np.arange(200) % 2, np.ones(200), channel_names=names)
    with (tmp_path / "e.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["time_s"]) for row in rows] == times.tolist()
    assert [row["channel"] for row in rows] == [names[i % 2] for i in range(200)]


def test_no_events_are_a_header(tmp_path):
    assert write_events(tmp_path / "e.csv", [], [], []).read_text() == "time_s,channel,polarity\n"


def test_an_event_file_is_overwritten_only_if_asked(tmp_path):
    path = write_events(tmp_path / "e.csv", [0], [0], [1])
    before = path.read_bytes()
    with pytest.raises(BadFile, match="does not exist yet"):
        write_events(path, [1], [0], [1])
    assert path.read_bytes() == before
    write_events(path, [1], [0], [1], overwrite=True)
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("times", "channels", "polarity", "fields"),
    [
        ([0, 1], [0], [1, 1], ["channels"]),
        ([[0, 1]], [0, 1], [1, 1], ["times"]),
        (["a"], [0.5], ["UP"], ["times", "channels", "polarity"]),
        ([0, -1, math.nan], [0, 2, -1], [1, 0, 2], ["times[1]", "channels[1]", "polarity[1]"]),
    ],
)
def test_what_are_no_events_is_refused_and_nothing_written(tmp_path, times, channels, polarity, fields):
    with pytest.raises(BadInput) as error:
        write_events(tmp_path / "e.csv", times, channels, polarity, channel_names=("a", "b"))
    assert [problem.field for problem in error.value.problems] == fields
    assert not list(tmp_path.iterdir())
