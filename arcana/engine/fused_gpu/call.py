"""One launch of a kernel."""

from __future__ import annotations

from typing import Any

import torch

from arcana.engine.compiled.spec import Spec
from arcana.engine.fused_gpu.module import kernel
from arcana.engine.fused_gpu.text import Part, arguments

WARP = 32


def call(spec: Spec, part: Part, rows: int, n: int, given: dict[str, Any]) -> None:
    """Launch a kernel on so many rows of n neurons; ``given`` holds its arguments, and maybe others."""
    grid = (rows, -(-n // spec.width))
    values = (given[name] for name in arguments(spec, part))
    with torch.cuda.device_of(given["C"]):  # type: ignore[no-untyped-call]
        kernel(spec, part)[grid](*values, num_warps=spec.width // WARP, enable_fp_fusion=True)
