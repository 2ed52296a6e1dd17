"""Opening the data files that are part of the package."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcana.errors import BadFile, Problem

FOLDER = Path(__file__).parent / "files"


def read_arrays(name: str) -> dict[str, NDArray[Any]]:
    """All arrays of one shipped ``.npz`` file, by name.

    Raises:
        BadFile: if the file is missing or damaged, which means that the installation is.
    """
    path = FOLDER / name
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        allowed = "a readable data file of the package"
        raise BadFile(path, Problem("path", str(path), allowed, hint=f"reinstall arcana: {error}")) from error
