"""Example 14 at small size: what networks with the rules of biology remember."""

from __future__ import annotations

import pytest
from loaded import example


def test_what_is_not_shown_is_not_known(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    found = example("14_working_memory").main(
        presets="cb_rnn,dale_cb_stp", task="digits", epochs=12, folder=tmp_path
    )
    assert sorted(found) == ["cb_rnn", "dale_cb_stp"]
    for scores in found.values():
        assert all(0 <= score <= 1 for series in scores.values() for score in series)
    quarter, *_, whole = next(iter(found["cb_rnn"].values()))
    assert whole > 0.5 > quarter
    assert len(list(tmp_path.glob("*.png"))) >= 3
