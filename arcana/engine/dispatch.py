"""Which route a run takes."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import torch

from arcana.engine import reference
from arcana.engine.drive import Job, Result
from arcana.engine.surrogates import surrogate_class
from arcana.errors import BadInput, did_you_mean, warn_user

ENGINES = ("auto", "fused", "reference")


class FallbackNotice(UserWarning):
    """A run that could not take the fused route took the reference route; said once for each reason."""


@dataclass(frozen=True)
class Settings:
    """What ``use_engine`` sets."""

    engine: str = "auto"
    checkpoint_every: int = 32


_settings = Settings()
_said: set[str] = set()


class use_engine:
    """Choose the engine for all runs from now on, or inside a ``with`` block.

    Args:
        engine: "auto" (compiled kernels wherever they can be used), "fused" (the same, but a run that cannot be
            fused is an error), "reference" (eager torch).
        checkpoint_every: Steps between the states that are kept for the backward pass. More saves memory between
            forward and backward pass and needs more scratch in the backward pass.

    Raises:
        BadInput: for an unknown engine, or a number of steps that is not a whole number >= 1.
    """

    def __init__(self, engine: str = "auto", checkpoint_every: int | None = None) -> None:
        global _settings
        if engine not in ENGINES:
            raise BadInput.one(
                "engine", engine, "one of " + ", ".join(ENGINES), hint=did_you_mean(str(engine), ENGINES)
            )
        if checkpoint_every is not None and (
            isinstance(checkpoint_every, bool) or not isinstance(checkpoint_every, int) or checkpoint_every < 1
        ):
            raise BadInput.one("checkpoint_every", checkpoint_every, "a whole number >= 1", "steps")
        self._before = _settings
        _settings = replace(_settings, engine=engine)
        if checkpoint_every is not None:
            _settings = replace(_settings, checkpoint_every=checkpoint_every)

    def __enter__(self) -> use_engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _settings
        _settings = self._before


def settings() -> Settings:
    """What is set now."""
    return _settings


def run(job: Job) -> Result:
    """Run a job by the route that is set."""
    if _settings.engine == "reference":
        return reference.run(job)
    reason = why_not_fused(job)
    if reason is None:
        place = "gpu" if job.drive.X.device.type == "cuda" else "cpu"
        route = importlib.import_module(f"arcana.engine.fused_{place}.route")
        return route.run(job, _settings.checkpoint_every)  # type: ignore[no-any-return]
    if _settings.engine == "fused":
        raise BadInput.one("engine", "fused", "a run that can be fused", hint=reason)
    if reason not in _said and reason:
        _said.add(reason)
        warn_user(f"this run takes the slower reference engine: {reason}", FallbackNotice)
    return reference.run(job)


def why_not_fused(job: Job) -> str | None:
    """Why a job cannot be fused; None if it can."""
    tensors: list[Any] = [job.drive.X, *job.state, *job.coefficients.values(), job.drive.external]
    tensors += [*job.drive.feed, *job.drive.recurrent]
    given = [t for t in tensors if t is not None]
    if any(torch._C._functorch.is_functorch_wrapped_tensor(t) for t in given):
        return "it is inside vmap or another torch.func transform"
    devices = {t.device.type for t in given if t.ndim}
    if devices not in ({"cpu"}, {"cuda"}) or len({t.device for t in given if t.ndim}) > 1:
        return f"its tensors are on {', '.join(sorted({str(t.device) for t in given if t.ndim}))}"
    kinds = {t.dtype for t in given}
    if not kinds <= {torch.float32, torch.float64} or len(kinds) > 1:
        return "its tensors are of " + ", ".join(sorted(str(k) for k in kinds))
    if surrogate_class(job.surrogate_fn) is None:
        return "the slope of its surrogate is not plain arithmetic (see arcana.engine.surrogates)"
    trained = torch.is_grad_enabled() and any(t.requires_grad for t in given)
    if trained and any(name != "spikes" for name in job.record):
        return "currents are recorded together with gradients"
    if devices == {"cuda"}:
        from arcana.engine.fused_gpu import route

        return route.why_not(job)
    return None if importlib.util.find_spec("llvmlite") else "llvmlite is not installed"
