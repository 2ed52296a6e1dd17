"""Gradients of the ADM: against finite differences, against another program of the same rule, under transforms."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.func import functional_call, grad, vmap

from arcana.circuits.adm import decode, encode
from arcana.nn.encoder import ADM
from arcana.surrogate import FastSigmoid, Triangular, fast_sigmoid, step, triangular

pytestmark = pytest.mark.filterwarnings("ignore::arcana.nn.encoder.SlewOverloadWarning")

SETTINGS = [
    {"refractory": refractory, "reset": reset, "events_per_step": K}
    for refractory, reset, K in itertools.product((0, 3), ("level", "signal"), (1, 3))
]
CASES = pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(map(str, s.values())))


def signal_and_thresholds(T: int = 12, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    signal = torch.randn(2, T, 2, generator=generator, dtype=torch.float64).cumsum(1)
    up = torch.tensor([0.6, 1.1], dtype=torch.float64)
    down = torch.tensor([0.8, 0.5], dtype=torch.float64)
    return signal.requires_grad_(), up.requires_grad_(), down.requires_grad_()


@CASES
def test_a_smooth_event_has_the_gradient_of_finite_differences(settings):
    """With a smooth function for the step the whole encoder is smooth: nothing may be missing from backward."""
    inputs = signal_and_thresholds()

    def events(x, up, down):
        return encode(x, up, down, surrogate_fn=lambda u: torch.sigmoid(3 * u), **settings)

    assert torch.autograd.gradcheck(events, inputs, atol=1e-7)


class StrictStep(torch.autograd.Function):
    """1 where u > 0, with a given slope."""

    @staticmethod
    def forward(ctx, u, slope):
        ctx.save_for_backward(slope(u))
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.saved_tensors[0], None


def one_channel_at_a_time(signal, up, down, slope, refractory, reset, events_per_step):
    """The rule as it stands in the text, with scalars; no code in common with the encoder."""
    ups, downs = [], []
    for b, c in itertools.product(range(signal.shape[0]), range(signal.shape[2])):
        v, past = signal[b, 0, c], []
        for t in range(signal.shape[1]):
            x = signal[b, t, c]
            ready = 1 - sum(past[len(past) - refractory + 1 :]) if refractory > 1 else 1
            levels = range(1, events_per_step + 1)
            rise = [StrictStep.apply((x - v) / up[c] - k, slope) * ready for k in levels]
            fall = [StrictStep.apply((v - x) / down[c] - k, slope) * ready for k in levels]
            past.append(rise[0] + fall[0])
            if reset == "signal":
                v = v + past[-1] * (x - v)
            else:
                v = v + up[c] * sum(rise) - down[c] * sum(fall)
            ups.append(sum(rise))
            downs.append(sum(fall))
    B, T, N = signal.shape
    blocks = [torch.stack(part).reshape(B, N, T).transpose(1, 2) for part in (ups, downs)]
    return torch.cat(blocks, -1)


@CASES
@pytest.mark.parametrize("surrogate", [FastSigmoid, Triangular])
def test_events_and_gradients_of_another_program(settings, surrogate):
    inputs = signal_and_thresholds(T=25, seed=1)
    weight = torch.randn(2, 25, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    mine = encode(*inputs, surrogate_fn=surrogate.apply, **settings)
    other = one_channel_at_a_time(*inputs, surrogate.pseudo_derivative, **settings)
    assert torch.equal(mine, other)
    assert torch.equal(mine, encode(*inputs, **settings))
    assert mine.sum() > 20
    ours = torch.autograd.grad((mine * weight).sum(), inputs)
    theirs = torch.autograd.grad((other * weight).sum(), inputs)
    for a, b in zip(ours, theirs, strict=True):
        assert b.abs().max() > 0
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@CASES
def test_away_from_events_the_decoded_signal_has_its_true_threshold_gradient(settings):
    """With the true slope of a step (zero) what is left is n_up and -n_down, which finite differences confirm."""
    signal, up, down = signal_and_thresholds(T=30, seed=3)

    def decoded(up, down):
        return decode(encode(signal.detach(), up, down, surrogate_fn=step, **settings), up, down).sum()

    gradient = torch.autograd.grad(decoded(up, down), (up, down))
    h = 1e-7
    for which, c in itertools.product((0, 1), (0, 1)):
        shifted = [[part.detach().clone() for part in (up, down)] for _ in range(2)]
        shifted[0][which][c] += h
        shifted[1][which][c] -= h
        difference = (decoded(*shifted[0]) - decoded(*shifted[1])) / (2 * h)
        assert gradient[which][c].abs() > 1
        torch.testing.assert_close(gradient[which][c], difference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("surrogate", [fast_sigmoid, triangular])
def test_the_module_passes_gradients_to_signal_and_thresholds(surrogate):
    signal, _, _ = signal_and_thresholds()
    adm = ADM(2, 0.6, 0.8, 2, surrogate, upsample=3, events_per_step=2, train_thresholds=True).double()
    spikes = adm(signal)
    with torch.no_grad():
        assert torch.equal(spikes, adm(signal))
    (adm.reconstruct(spikes, signal[:, :1]) - adm.resample(signal)).pow(2).mean().backward()
    for tensor in (signal, adm.threshold_up, adm.threshold_down):
        assert torch.isfinite(tensor.grad).all()
        assert (tensor.grad != 0).any()


def test_thresholds_learn_a_rate():
    t = torch.arange(80) / 80
    waves = [torch.sin(2 * torch.pi * (f * t + phase)) for f, phase in ((0.8, 0.0), (1.2, 0.2), (2.0, 0.6))]
    signal, target = torch.stack(waves)[..., None], 0.1

    def rate(adm):
        return 2 * adm(signal).mean()  # events per step: UP and DOWN together

    adm = ADM(1, 0.75, 0.75, 0, train_thresholds=True)
    optimizer = torch.optim.Adam(adm.parameters(), lr=0.02)
    assert rate(adm) < 0.7 * target
    reached = []
    for _ in range(40):
        optimizer.zero_grad()
        reached.append(rate(adm))
        (reached[-1] - target).pow(2).backward()
        optimizer.step()
    assert torch.stack(reached[-10:]).mean().item() == pytest.approx(target, rel=0.1)


class TestTransforms:
    signal = torch.randn(4, 3, 15, 2, generator=torch.Generator().manual_seed(4)).cumsum(-2)

    @pytest.mark.parametrize("settings", [SETTINGS[0], SETTINGS[-1]])
    def test_vmap_over_signals_equals_the_loop_and_does_not_warn(self, settings, recwarn):
        adm = ADM(2, 0.3, 0.4, upsample=2, **settings)
        mapped = vmap(adm)(self.signal)
        assert not recwarn.list
        assert torch.equal(mapped, torch.stack([adm(x) for x in self.signal]))
        decoded = vmap(adm.reconstruct)(mapped)
        assert torch.equal(decoded, adm.reconstruct(mapped))

    def test_vmap_over_thresholds(self):
        adm = ADM(2, 0.3, 0.4, 2, train_thresholds=True)
        factors = torch.tensor([0.5, 1.0, 2.0])
        chips = {name: p.detach() * factors[:, None] for name, p in adm.named_parameters()}
        mapped = vmap(lambda p: functional_call(adm, p, (self.signal[0],)))(chips)
        for k in range(3):
            alone = functional_call(adm, {name: p[k] for name, p in chips.items()}, (self.signal[0],))
            assert torch.equal(mapped[k], alone)

    def test_grad_inside_vmap_equals_backward(self):
        adm = ADM(2, 0.3, 0.4, 2, train_thresholds=True)
        parameters = dict(adm.named_parameters())

        def loss(parameters, x):
            spikes = functional_call(adm, parameters, (x,))
            return (spikes * torch.linspace(-1, 1, spikes.shape[-2])[:, None]).sum()

        mapped = vmap(grad(loss), (None, 0))({n: p.detach() for n, p in parameters.items()}, self.signal)
        for k, x in enumerate(self.signal):
            alone = torch.autograd.grad(loss(parameters, x), list(parameters.values()))
            for name, value in zip(parameters, alone, strict=True):
                torch.testing.assert_close(mapped[name][k], value)
