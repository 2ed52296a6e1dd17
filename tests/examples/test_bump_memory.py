"""Example 15 at half its length: a ring learns to remember."""

from __future__ import annotations

import pytest
from loaded import example


def test_a_direction_is_kept_for_three_seconds(tmp_path):
    pytest.importorskip("matplotlib")
    before, after = example("15_bump_memory").main(updates=100, out=tmp_path / "bump.png")
    assert before > 60
    assert after <= 10
    assert (tmp_path / "bump.png").read_bytes()[:4] == b"\x89PNG"
