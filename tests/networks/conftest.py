"""Makes the helper modules of this folder importable, and keeps the kernels of random circuits out of the cache."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Hypothesis draws hundreds of circuits, each with a kernel of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCANA_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        yield
