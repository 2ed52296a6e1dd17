"""What a value is, in words that are the same in every process: checkpoints are recognised by them."""

from __future__ import annotations

import hashlib
import re
from types import CodeType, FunctionType
from typing import Any, cast

from torch import nn

from arcana.hardware.profile import HardwareProfile


def told(value: Any) -> str:
    """``repr`` without addresses in memory; of an object that has none of its own, also its attributes."""
    if isinstance(value, HardwareProfile):
        return value.hash()
    if isinstance(value, set | frozenset):  # whose order differs from process to process
        return f"{sorted(told(part) for part in value)}"
    text, kind = repr(value), cast(Any, type(value))
    if kind.__repr__ is object.__repr__:
        text += repr(sorted(getattr(value, "__dict__", {}).items()))
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def told_function(function: Any) -> str:
    """A function or an object that can be called: its name, its settings, and a hash of its code.

    Without the code, a metric that was changed, or another ``lambda``, would fill up the checkpoint of the first.
    """
    if isinstance(function, FunctionType):
        held = [cell.cell_contents for cell in function.__closure__ or ()] + list(function.__defaults__ or ())
        name = f"{function.__module__}.{function.__qualname__}" + (told(held) if held else "")
        return f"{name} (code {_hash(function.__code__)})"
    code = getattr(type(function).__call__, "__code__", None)
    return told(function) + (f" (code {_hash(code)})" if code else "")


def told_settings(net: nn.Module) -> str:
    """What modules of a network are set to, beside their parameters and buffers: sub-steps, profile, ..."""
    lines = []
    for name, module in net.named_modules():
        plain = {k: v for k, v in sorted(vars(module).items()) if not k.startswith("_") and not callable(v)}
        lines.append(f"{name} {type(module).__qualname__} " + " ".join(f"{k}={told(v)}" for k, v in plain.items()))
    return "\n".join(lines)


def _hash(code: CodeType) -> str:
    return hashlib.sha256(b"\0".join(_parts(code))).hexdigest()[:12]


def _parts(code: CodeType) -> list[bytes]:
    """What code does, without the lines where it stands."""
    parts = [code.co_code, repr(code.co_names).encode()]
    for constant in code.co_consts:
        parts += _parts(constant) if isinstance(constant, CodeType) else [told(constant).encode()]
    return parts
