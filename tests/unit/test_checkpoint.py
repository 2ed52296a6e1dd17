"""Checkpoints: bit for bit, whole at any moment, of one study only, and clear about what is wrong."""

from __future__ import annotations

import errno
import json
import math
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))  # tests are imported with importlib

from works import Waves, calls

import arcana
from arcana.errors import BadFile, BadInput
from arcana.executors import Checkpoint, execute
from arcana.executors import checkpoint as module
from arcana.executors.stored import from_text, to_text

PRINT = {"seed": 3, "network": "ab12", "points": [{"scale": 0.1, "noise": 0.0}, {"scale": 0.2, "noise": 0.0}]}
VALUES = st.dictionaries(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**9)), st.floats(allow_nan=False), max_size=20
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.ckpt"


def stopped(path, at=6, total=10, **more):
    """A checkpoint of a study that stopped at chip ``at``, and the study's values."""
    with pytest.raises(BadInput, match=f"metric of chip {at}"):
        execute(Waves(refuses=at), [0], total, chunk=2, checkpoint=Checkpoint(path, PRINT), **more)
    return execute(Waves(), [0], total)


class TestText:
    @given(VALUES)
    def test_values_come_back_bit_for_bit(self, values):
        back = from_text(Path("x"), to_text(PRINT, values), PRINT)
        assert {k: v.hex() for k, v in back.items()} == {k: v.hex() for k, v in values.items()}

    @given(VALUES, st.data())
    def test_a_file_that_is_cut_or_changed_anywhere_is_refused(self, values, data):
        text = to_text(PRINT, values)
        at = data.draw(st.integers(0, len(text) - 1))
        other = data.draw(st.characters(codec="ascii").filter(lambda c: c != text[at]))
        for broken in (text[:at], text[:at] + other + text[at + 1 :], text + text[-8:]):
            with pytest.raises(BadFile):
                from_text(Path("x"), broken, PRINT)


class TestGoingOn:
    def test_what_is_finished_is_not_done_again(self, path, tmp_path):
        whole = stopped(path)
        assert not Path(f"{path}.lock").exists()
        seen = []
        values = execute(
            Waves(folder=tmp_path), [0], 10, chunk=3, checkpoint=Checkpoint(path, PRINT),
            progress=lambda *at: seen.append(at),
        )  # fmt: skip
        assert values == whole
        assert [call[2:] for call in calls(tmp_path)] == [(6, 3), (9, 1)]
        assert seen == [(6, 10), (9, 10), (10, 10)]

    def test_a_finished_study_is_read_only(self, path, tmp_path):
        whole = execute(Waves(), [0, 1], 4, checkpoint=Checkpoint(path, PRINT))
        again = execute(Waves(folder=tmp_path), [0, 1], 4, checkpoint=Checkpoint(path, PRINT), executor=2)
        assert again == whole
        assert calls(tmp_path) == []

    def test_a_study_may_grow_and_shrink(self, path, tmp_path):
        execute(Waves(), [0], 4, checkpoint=Checkpoint(path, PRINT))
        few = execute(Waves(), [0], 2, checkpoint=Checkpoint(path, PRINT))
        assert few == execute(Waves(), [0], 2)
        many = execute(Waves(folder=tmp_path), [0], 6, checkpoint=Checkpoint(path, PRINT))
        assert many == execute(Waves(), [0], 6)
        assert [call[2:] for call in calls(tmp_path)] == [(4, 2)]

    def test_ctrl_c_keeps_what_is_finished(self, path):
        def interrupt(done, total):
            if done == 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            execute(Waves(), [0], 10, chunk=2, checkpoint=Checkpoint(path, PRINT), progress=interrupt)
        with Checkpoint(path, PRINT) as kept:
            assert kept == execute(Waves(), [0], 4)

    def test_slow_files_are_written_more_rarely_but_in_the_end(self, path, monkeypatch):
        clock, writes = [0.0], []
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))  # not other threads' time
        write = module.write_whole

        def slow(*given):
            clock[0] += 1.0
            writes.append(clock[0])
            return write(*given)

        monkeypatch.setattr(module, "write_whole", slow)
        checkpoint = Checkpoint(path, PRINT)
        with checkpoint:
            for chip in range(60):
                clock[0] += 1.0  # a second of work for a second of writing
                checkpoint.add({(0, chip): 0.5})
        assert len(writes) == 1 + 60 // 19 + 1  # at the start, every 19 s, in the end
        with Checkpoint(path, PRINT) as kept:
            assert len(kept) == 60


class TestOtherStudies:
    def test_every_part_that_differs_is_named(self, path):
        execute(Waves(), [0], 2, checkpoint=Checkpoint(path, PRINT))
        before = path.read_bytes()
        other = {
            **PRINT,
            "seed": 4,
            "metric": "accuracy",
            "points": [PRINT["points"][0], {"scale": 0.3, "noise": 0}],
        }
        del other["network"]
        with pytest.raises(BadFile) as caught, Checkpoint(path, other):
            pass
        said = {p.field: (p.value, p.allowed) for p in caught.value.problems}
        assert said == {
            "metric of the checkpoint": (None, "'accuracy', as in this study"),
            "network of the checkpoint": ("ab12", "nothing, as in this study"),
            "points[1].scale of the checkpoint": (0.2, "0.3, as in this study"),
            "seed of the checkpoint": (3, "4, as in this study"),
        }
        assert "another study" in str(caught.value)
        assert path.read_bytes() == before

    def test_tuples_are_lists_in_json(self, path):
        with Checkpoint(path, {"scales": (1, 2)}):
            pass
        with Checkpoint(path, {"scales": [1, 2]}):
            pass

    @pytest.mark.parametrize("wrong", [{"x": object()}, {"x": math.nan}, {"x": {1, 2}}])
    def test_a_fingerprint_is_plain_json(self, path, wrong):
        with pytest.raises(BadInput, match="plain JSON"):
            Checkpoint(path, wrong)


def _edited(text, **changed):
    header, _, rest = text.partition("\n")
    return json.dumps({**json.loads(header), **changed}) + "\n" + rest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: _edited(text, version=2), "format version is 2, allowed: 1 .*newer arcana"),
        (lambda text: _edited(text, arcana="9.9"), f"'9.9', allowed: {arcana.__version__}, as here"),
        (lambda text: text[:-50], "cut or damaged"),
        (lambda text: text[:50], "header of an arcana checkpoint"),
        (lambda text: text[:-1], "cut or damaged"),
        (lambda text: text.replace("0x1.", "0x0.", 1), "cut or damaged"),
        (lambda text: "", "header of an arcana checkpoint"),
        (lambda text: "time, left\n0, 1\n", "header of an arcana checkpoint"),
        (lambda text: '{"format": "arcana chip configuration"}\n', "header of an arcana checkpoint"),
        (lambda text: text.encode("utf-16"), "UTF-8"),
    ],
)
def test_a_file_that_is_not_one(path, change, said):
    execute(Waves(), [0], 4, checkpoint=Checkpoint(path, PRINT))
    changed = change(path.read_text())
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    before = path.read_bytes()
    with pytest.raises(BadFile, match=said):
        execute(Waves(), [0], 4, checkpoint=Checkpoint(path, PRINT))
    assert path.read_bytes() == before  # whatever it is, it may be dear to somebody
    assert not Path(f"{path}.lock").exists()


class TestPlaces:
    def test_no_folder(self, tmp_path):
        with pytest.raises(BadFile, match="existing folder"):
            execute(Waves(), [0], 2, checkpoint=Checkpoint(tmp_path / "no" / "a.ckpt", PRINT))

    def test_a_folder_in_its_place(self, tmp_path):
        with pytest.raises(BadFile, match="this is a folder"):
            execute(Waves(), [0], 2, checkpoint=Checkpoint(tmp_path, PRINT))

    def test_a_folder_that_cannot_be_written(self, tmp_path, monkeypatch):
        def refuse(path, *given):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(os, "open", refuse)  # root may write everywhere
        with pytest.raises(BadFile, match=r"folder that can be written.*Permission denied"):
            execute(Waves(), [0], 2, checkpoint=Checkpoint(tmp_path / "a.ckpt", PRINT))

    def test_two_at_once(self, path):
        with Checkpoint(path, PRINT) as _:
            with pytest.raises(BadFile, match=f"in use by process {os.getpid()} on "), Checkpoint(path, PRINT):
                pass
            assert Path(f"{path}.lock").exists()
        with Checkpoint(path, PRINT):
            pass

    def test_a_lock_left_by_a_dead_process_is_none(self, path):
        Path(f"{path}.lock").write_text("process 1 on elsewhere")
        with Checkpoint(path, PRINT):
            pass


class TestFullDisk:
    @pytest.fixture
    def full(self, monkeypatch):
        """Makes the disk full from the n-th write on, in the middle of it; None makes room."""
        left, sync = [None], os.fsync

        def fsync(handle):
            if left[0] is not None:
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(handle)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(module, "_SHARE", 1.0)  # every chunk is written, however slow the disk

        def at(n):
            left[0] = n

        return at

    def test_from_the_start(self, path, full, tmp_path):
        full(0)
        with pytest.raises(BadFile, match=r"No space left on device.*0 chips are kept"):
            execute(Waves(folder=tmp_path), [0], 4, checkpoint=Checkpoint(path, PRINT))
        assert calls(tmp_path) == []  # found before anything was calculated

    @pytest.mark.parametrize("executor", [None, 1])
    def test_in_the_middle(self, path, full, executor):
        full(3)  # the empty file, and two chunks
        with pytest.raises(BadFile) as caught:
            execute(Waves(), [0], 20, chunk=2, checkpoint=Checkpoint(path, PRINT), executor=executor)
        assert f"{path}: checkpoint is " in str(caught.value)
        assert "No space left on device" in str(caught.value)
        assert "4 chips are kept in it" in str(caught.value)
        assert [p.name for p in path.parent.iterdir()] == [path.name]
        full(None)
        seen = []
        values = execute(Waves(), [0], 20, checkpoint=Checkpoint(path, PRINT), progress=lambda *at: seen.append(at))
        assert seen[0] == (4, 20)
        assert values == execute(Waves(), [0], 20)

    def test_the_error_of_the_work_matters_more(self, path, full):
        def progress(done, total):
            if done == 2:
                full(0)

        with pytest.raises(BadInput, match="metric of chip 3") as caught:
            execute(
                Waves(refuses=3), [0], 10, chunk=1, checkpoint=_rarely(Checkpoint(path, PRINT)), progress=progress
            )
        assert not isinstance(caught.value, BadFile)
        assert "No space left" in caught.value.__notes__[-1]


def _rarely(checkpoint):
    """One that writes in the end only."""
    write = checkpoint._write

    def once():
        write()
        checkpoint._next = math.inf

    checkpoint._write = once
    return checkpoint
