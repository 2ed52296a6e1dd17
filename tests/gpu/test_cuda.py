"""The Triton kernels on a GPU against the reference engine on the same GPU."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton", reason="Triton is not installed")

import engine_checks as checks

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

WIDE = checks.Case((6, 100, 40, 300), every=32, receptors=("ampa", "gabab"))


@pytest.mark.parametrize("name", checks.CASES)
def test_spikes_states_and_gradients_are_those_of_the_reference(name):
    checks.check_double(checks.CASES[name], "cuda")


def test_a_large_run_in_double_precision():
    checks.check_double(WIDE, "cuda")


@pytest.mark.parametrize("options", [{}, {"solver": "heun"}, {"solver": "euler"}], ids=str)
def test_in_single_precision_the_spikes_are_those_of_the_reference(options):
    case = checks.Case(WIDE.sizes, WIDE.every, chips=2, options=options)
    assert checks.share_of_equal_spikes(case, "cuda") >= 0.999


@pytest.mark.parametrize("loops", [(), ("ampa", "gabab")], ids=["plain", "recurrent"])
def test_records(loops):
    checks.check_records("cuda", loops)


def test_a_run_gives_the_same_bits_again():
    first, second = (checks.evaluate(WIDE, torch.float32, "cuda", fused=True) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        for name, value in one.items():
            assert (value is None) == (other[name] is None)
            assert value is None or torch.equal(value, other[name]), name
