"""The Triton kernels against the reference engine: one set of checks, for Triton's interpreter and for a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from arcana.circuits.dpi import DPIState
from arcana.circuits.names import BIASES, RECEPTORS
from arcana.engine import dispatch
from arcana.engine.dispatch import use_engine
from arcana.engine.fused_gpu import route
from arcana.mismatch import MismatchModel
from arcana.model import DPILayer
from arcana.nn.chips import apply_mismatch
from arcana.surrogate import fast_sigmoid, triangular

PA = 1e-12
# Fast neurons with all receptors and adaptation at work: several spikes in a dozen steps
BUSY = {
    **{"Itau_mem": 15 * PA, "Igain_mem": 60 * PA, "Ith": 150 * PA, "Ipfb_th": 60 * PA, "Ipfb_norm": 5e10},
    **{f"Itau_{name}": 80 * PA for name in RECEPTORS},
    **{"Itau_ahp": 200 * PA, "Igain_ahp": 200 * PA, "Iw_ahp": 2 * PA},
    **{"Iw_ampa": 25 * PA, "Iw_nmda": 5 * PA, "Iw_gabaa": 0.1 * PA, "Iw_gabab": 2 * PA},
    **{"Idc": 400 * PA, "Inmda_thr": 30 * PA, "refractory": 1.5e-3, "pulse": 1e-4},
}


@dataclass(frozen=True)
class Case:
    """One run. ``sizes``: (batch, steps, n_in, n_out); ``every``: steps between checkpoints."""

    sizes: tuple[int, int, int, int] = (2, 11, 3, 5)
    every: int = 4
    chips: int = 1
    external: bool = False
    start: bool = False
    loops: tuple[str, ...] = ()
    receptors: tuple[str, ...] = RECEPTORS
    options: dict[str, Any] = field(default_factory=dict)


CASES = {
    "rk4": Case(),
    "heun": Case(options={"solver": "heun"}),
    "euler": Case(options={"solver": "euler"}),
    "external current, given state": Case(external=True, start=True),
    "virtual chips": Case((2, 9, 3, 4), chips=3),
    "chips, external current, given state": Case((2, 7, 3, 4), chips=2, external=True, start=True),
    "a bias per neuron": Case(options={"Idc": [(60 + 20 * k) * PA for k in range(5)], "Iw_ampa": [30 * PA] * 5}),
    "two blocks of neurons, one of them with one": Case((1, 5, 4, 33)),
    "one step": Case((1, 1, 2, 3)),
    "one chunk": Case((1, 6, 3, 4), every=32),
    "as many steps as chunks": Case((1, 5, 3, 4), every=1),
    "one receptor": Case(receptors=("ampa",)),
    "another surrogate": Case(options={"surrogate_fn": triangular}),
    "recurrent": Case((2, 8, 3, 4), loops=RECEPTORS),
    "recurrent, chips, external current": Case((2, 7, 3, 4), chips=2, external=True, loops=("nmda", "gabab")),
    "recurrent through a receptor without input": Case((1, 7, 3, 4), receptors=("ampa",), loops=("nmda",)),
    "three sub-steps": Case(options={"substeps": 3}),
    "no saturation of the leak": Case(options={"leak_saturation": False}),
}
RECORDS = ("spikes", "spike_times", *DPIState._fields)


def layer(case: Case, dtype: torch.dtype, device: str) -> DPILayer:
    """Every bias trained; counts are not whole, so that sums round."""
    _, _, n_in, n_out = case.sizes
    flags = {f"train_{name}": True for name in BIASES if name in BUSY or name in case.options}
    options = {"surrogate_fn": fast_sigmoid, "recurrent": bool(case.loops), **BUSY, **flags, **case.options}
    net = DPILayer(n_in, n_out, 1e-3, **options)
    net.whole_weights = False
    generator = torch.Generator().manual_seed(0)
    for kind, used in (("W", case.receptors), ("R", case.loops)):
        for receptor in RECEPTORS if kind == "W" or used else ():
            weight = getattr(net, f"{kind}_{receptor}").requires_grad_(receptor in used)
            few = 1.5 * torch.rand(weight.shape, generator=generator)
            weight.data.copy_(few if receptor in used else torch.zeros(()))
    if case.chips > 1:
        apply_mismatch(net, MismatchModel(0.1).sample(n_chips=case.chips, seed=1))
    return net.to(dtype).to(device)


def inputs(case: Case, dtype: torch.dtype, device: str) -> dict[str, Any]:
    """Events, and if the case has them an external current and a state to start from."""
    batch, steps, n_in, n_out = case.sizes
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    given: dict[str, Any] = {"X": (draw(batch, steps, n_in) < 0.3) * (1 + draw(batch, steps, n_in))}
    if case.external:
        given["external"] = 80 * PA * draw(batch, steps, n_out)
    if case.start:
        leading = (case.chips, batch) if case.chips > 1 else (batch,)
        Imem = 0.5 * PA * (1 + 40 * draw(*leading, n_out))
        currents = [0.5 * PA * (1 + 3 * draw(*leading, n_out)) for _ in range(5)]
        given["state"] = DPIState(Imem, *currents, 1e-3 * (draw(*leading, n_out) - 0.3))
    tensors = [*given.pop("state", ()), *given.values()]
    names = [f"state.{name}" for name in DPIState._fields] if case.start else []
    return {
        name: value.to(dtype).to(device).requires_grad_()
        for name, value in zip([*names, *given], tensors, strict=True)
    }


@contextmanager
def engine(fused: bool, every: int) -> Iterator[None]:
    """The Triton kernels, or the reference."""
    before = dispatch.run
    if fused:
        dispatch.run = lambda job: route.run(job, every)
    try:
        with use_engine("reference"):
            yield
    finally:
        dispatch.run = before


def loss_of(spikes: torch.Tensor, after: DPIState) -> torch.Tensor:
    """A sum over all of it with weights of both signs."""
    generator = torch.Generator().manual_seed(2)
    total = torch.zeros((), dtype=spikes.dtype, device=spikes.device)
    for value, unit in zip((spikes, *after), [1.0, *[10 * PA] * 6, 1e-3], strict=True):
        weight = torch.rand(value.shape, generator=generator, dtype=torch.float64) - 0.5
        total = total + (value * weight.to(value) / unit).sum()
    return total


def evaluate(
    case: Case, dtype: torch.dtype, device: str, fused: bool
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """What a run gives, and the gradients of ``loss_of`` it."""
    net, given = layer(case, dtype, device), inputs(case, dtype, device)
    names = [f"state.{name}" for name in DPIState._fields]
    state = DPIState(*(given[name] for name in names)) if case.start else None
    with engine(fused, case.every):
        spikes, after = net(given["X"], state, given.get("external"))
    loss_of(spikes, after).backward()
    gradients = {name: p.grad for name, p in net.named_parameters() if p.requires_grad}
    gradients |= {name: value.grad for name, value in given.items()}
    return {"spikes": spikes, **after._asdict()}, gradients


def check_double(case: Case, device: str) -> dict[str, float]:
    """Equal spikes; states and gradients to 1e-9 of the largest. Returns the deviations of what was compared."""
    worst: dict[str, float] = {}
    ours, gradients = evaluate(case, torch.float64, device, fused=True)
    theirs, expected = evaluate(case, torch.float64, device, fused=False)
    assert case.sizes[1] == 1 or theirs["spikes"].sum() > 0  # it fires, so this says something
    assert torch.equal(ours["spikes"], theirs["spikes"])
    assert gradients.keys() == expected.keys()
    for name, value in {**theirs, **expected}.items():
        got = {**ours, **gradients}[name]
        if value is None:
            assert got is None or not got.any(), name
            continue
        largest = float(value.detach().abs().max())
        assert got is not None, name
        assert got.shape == value.shape, name
        worst[name] = float((got - value).detach().abs().max()) / (largest or 1.0)
    assert all(deviation <= 1e-9 for deviation in worst.values()), worst
    return worst


def check_records(device: str, loops: tuple[str, ...]) -> None:
    """Every record, without gradients."""
    case = Case((2, 9, 3, 5), chips=2, external=True, loops=loops)
    net, given = layer(case, torch.float64, device), inputs(case, torch.float64, device)
    found = []
    for fused in (True, False):
        with torch.no_grad(), engine(fused, case.every):
            found.append(net.run(given["X"], None, given["external"], RECORDS).records)
    ours, theirs = found
    assert ours.keys() == theirs.keys() == set(RECORDS)
    assert theirs["spikes"].sum() > 10
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-9, atol=1e-15, equal_nan=True, msg=name)


def share_of_equal_spikes(case: Case, device: str) -> float:
    """In float32: of all (series, step, neuron), how many have the spike that the reference has."""
    spikes = []
    for fused in (True, False):
        out, gradients = evaluate(case, torch.float32, device, fused)
        assert all(torch.isfinite(g).all() for g in gradients.values() if g is not None)
        spikes.append(out["spikes"])
    assert spikes[1].sum() > 0
    return float((spikes[0] == spikes[1]).double().mean())
