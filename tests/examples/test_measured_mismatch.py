"""Example 07: the spread of a chip from measurements."""

from __future__ import annotations

import pytest
from loaded import example


def test_the_example_finds_what_it_put_in(tmp_path):
    measured = example("07_measured_mismatch")
    fit = measured.main(drawing=tmp_path / "fit.png", show=False)
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")
    for found in fit.biases:
        assert found.spread.low <= measured.TRUTH.cv_of(found.bias) <= found.spread.high
        assert found.distribution == measured.TRUTH.distribution_of(found.bias)
    assert fit.model.correlation == pytest.approx({("Idc", "Itau_mem"): 0.4}, abs=0.07)
