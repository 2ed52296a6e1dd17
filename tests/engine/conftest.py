"""Puts what these tests share on the path (tests are imported with importlib); engine and threads are put back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))  # the helpers of test_gradients

from arcana.engine import dispatch


@pytest.fixture(autouse=True)
def settings_put_back() -> Iterator[None]:
    """What a test sets with ``use_engine`` or for the threads ends with it."""
    before, threads = dispatch._settings, torch.get_num_threads()
    yield
    dispatch._settings = before
    torch.set_num_threads(threads)
