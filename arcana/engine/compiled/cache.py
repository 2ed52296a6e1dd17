"""Where kernels are kept between processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """``ARCANA_CACHE_DIR``, or the user's cache folder."""
    given = os.environ.get("ARCANA_CACHE_DIR")
    if given:
        return Path(given)
    base = os.environ.get({"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_CACHE_HOME"))
    if base:
        return Path(base) / "arcana"
    inside = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
    try:
        return Path.home() / inside / "arcana"
    except RuntimeError:  # a user without a home, as in some containers: below a file nothing can be kept
        return Path(os.devnull) / "arcana"
