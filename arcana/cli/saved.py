"""A network that was saved with ``torch.save``."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from arcana.errors import BadFile, Problem


def load_module(path: Path) -> Any:
    """The module in a file. Loading runs code that the file names: use files that you trust.

    Raises:
        BadFile: if it is missing, damaged, or holds something else.
    """
    import torch

    if not path.is_file():
        raise BadFile(path, Problem("path", str(path), "an existing file", hint="no such file"))
    try:
        net = torch.load(path, map_location="cpu", weights_only=False)
    except (OSError, RuntimeError, EOFError, AttributeError, ImportError, ValueError, pickle.PickleError) as error:
        hint = " ".join(str(error).split())[:200]
        raise BadFile(path, Problem("file", path.name, "a module saved with torch.save", hint=hint)) from error
    if not callable(getattr(net, "graph", None)):
        hint = "save the whole network, torch.save(net, path), not its state_dict"
        raise BadFile(path, Problem("content", type(net).__name__, "a DPILayer or a Sequential", hint=hint))
    return net
