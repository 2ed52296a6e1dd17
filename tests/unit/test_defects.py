"""Defect maps: what a row means, and files that make no sense."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcana.errors import BadFile, BadInput
from arcana.hardware import load_profile
from arcana.hardware.defects import Defect, DefectMap

CHIP = load_profile("dynapse2")


@pytest.fixture
def read(tmp_path):
    def read_text(text, profile=CHIP):
        path = tmp_path / "defects.csv"
        path.write_text(text, encoding="utf-8")
        return DefectMap.read(path, profile)

    return read_text


def test_what_a_row_means(read):
    board = read(
        "chip,core,neuron,cam,tag\n0,1,5,,\n0,1,6,63,\n0,1,,2,\n0,1,7,3,2047\n0,1,8,,9\n0,1,,4,10\n0,1,,,11\n"
    )
    alive = np.ones(256, dtype=bool)
    alive[5] = False
    np.testing.assert_array_equal(board.alive(0, 1, 256), alive)
    words = np.repeat(alive[:, None], 64, axis=1)
    words[6, 63] = False
    words[:, 2] = False
    np.testing.assert_array_equal(board.words(0, 1, 256, 64), words)
    assert board.core_tags(0, 1) == {11}
    assert board.word_tags(0, 1) == {(7, 3, 2047), (8, -1, 9), (-1, 4, 10)}


def test_other_cores_are_whole(read):
    board = read("core,neuron\n1,5\n")
    assert board.rows == {Defect(0, 1, 5)}
    for chip, core in ((0, 0), (1, 1)):
        assert board.alive(chip, core, 256).all()
        assert board.words(chip, core, 256, 64).all()
        assert board.core_tags(chip, core) == board.word_tags(chip, core) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "chip,core,neuron,cam\n1,2,3,4\n",
        "cam,neuron,core,chip\n4,3,2,1\n",
        " Chip , CORE ,neuron,cam,tag\n\n 1 ,2, 3,4,\n,,,,\n",
        '"chip","core","neuron","cam"\r\n"1","2","3","4"\r\n1,2,3,4\r\n',
        "\ufeffchip,core,neuron,cam\n1,2,3,4\n",
    ],
)
def test_ways_to_write_it(read, text):
    assert read(text).rows == {Defect(1, 2, 3, 4)}


def test_an_empty_map():
    assert DefectMap().alive(0, 0, 8).all()
    assert DefectMap.of([]) == DefectMap()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "first line"),
        ("neuron,cam\n1,2\n", "with at least core"),
        ("core,core,neuron\n1,1,2\n", "first line"),
        ("core,neurons\n1,2\n", "first line"),
        ("chip,core,neuron\n0,1\n", r"line 2 is '0,1', allowed: 3 cells"),
        ("core,neuron\n4,0\n", "line 2, core is '4', allowed: empty, or a whole number from 0 to 3"),
        ("core,neuron\n0,256\n", "line 2, neuron"),
        ("core,neuron,cam\n0,0,64\n", "line 2, cam"),
        ("core,tag\n0,2048\n", "line 2, tag"),
        ("chip,core,neuron\n4,0,0\n", "line 2, chip"),
        ("core,neuron\n0,-1\n", "line 2, neuron"),
        ("core,neuron\n0,1.0\n", "line 2, neuron"),
        ("core,neuron\n0,²\n", "line 2, neuron"),
        (f"core,neuron\n0,{'9' * 5000}\n", "line 2, neuron"),
        ("core,neuron\n,3\n", "a chip and a core"),
        ("chip,core,neuron\n,0,3\n", "a chip and a core"),
        ("core,neuron,cam,tag\n0,,,\n", "a whole core is dead"),
        (f'core,neuron\n0,"{"1" * 200_000}"\n', "a CSV file"),
    ],
)
def test_files_that_make_no_sense(read, text, named):
    with pytest.raises(BadFile, match=named):
        read(text)


def test_all_bad_lines_are_listed_up_to_a_limit(read):
    with pytest.raises(BadFile) as error:
        read("core,neuron\n9,9999\n0,1\n0,x\n")
    assert [p.field for p in error.value.problems] == ["line 2, core", "line 2, neuron", "line 4, neuron"]
    with pytest.raises(BadFile) as error:
        read("core,neuron\n" + "9,0\n" * 50)
    assert len(error.value.problems) == 21
    assert error.value.problems[-1].value == 30


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadFile, match="no such file"):
        DefectMap.read(tmp_path / "none.csv", CHIP)


@pytest.mark.parametrize(
    "row",
    [
        (0, 0),
        (0, 0, None, None, None),
        (0, None, 3),
        (0, 0, -1),
        (0, 0, 1.5),
        (0, 0, True),
        (0, 0, 1, 1, 1, 1),
        ("0", 0, 1),
    ],
)
def test_tuples_that_are_no_defect(row):
    with pytest.raises(BadInput, match=r"defects\[1\]"):
        DefectMap.of([(0, 0, 1), row])


def test_numpy_numbers_are_numbers():
    board = DefectMap.of(np.array([[0, 1, 2]]))
    assert board.rows == {Defect(0, 1, 2)}
    assert all(type(v) is int for v in next(iter(board.rows))[:3])


def test_a_defect_beyond_the_chip_is_named():
    with pytest.raises(BadInput, match="neuron of defect"):
        DefectMap.of([(0, 0, 256)]).alive(0, 0, 256)
    with pytest.raises(BadInput, match="cam of defect"):
        DefectMap.of([(0, 0, 1, 64)]).words(0, 0, 256, 64)


CELLS = st.one_of(st.none(), st.integers(0, 3))
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), CELLS, CELLS, CELLS).filter(lambda row: row[2:] != (None,) * 3)
)


@given(ROWS)
def test_against_asking_row_by_row(rows):
    """A row is about a (neuron, word, tag) of its core if each of its cells is empty or equal."""
    board = DefectMap.of(rows)
    for chip, core in ((0, 0), (1, 0)):
        mine = [row[2:] for row in rows if row[:2] == (chip, core)]
        words, tags, pairs = board.words(chip, core, 4, 4), board.core_tags(chip, core), board.word_tags(chip, core)
        for neuron in range(4):
            dead = any(row in ((neuron, None, None),) for row in mine)
            assert board.alive(chip, core, 4)[neuron] == (not dead)
            for word in range(4):
                plain = [
                    row for row in mine if row[2] is None and row[1] in (None, word) and row[0] in (None, neuron)
                ]
                assert words[neuron, word] == (not plain)
                for tag in range(4):
                    hit = any(row[2] == tag and row[0] in (None, neuron) and row[1] in (None, word) for row in mine)
                    known = {(neuron, word, tag), (neuron, -1, tag), (-1, word, tag)} & pairs
                    assert hit == (bool(known) or tag in tags)
