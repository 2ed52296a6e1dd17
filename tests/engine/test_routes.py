"""Which route a run takes: settings, fallbacks and what they say."""

from __future__ import annotations

import re
import warnings

import pytest
import torch
from busy_layer import assert_close, busy, events, result
from torch.func import functional_call, stack_module_state, vmap

import arcana
from arcana.engine import dispatch
from arcana.engine.dispatch import FallbackNotice, settings
from arcana.engine.stiffness import StiffDriveWarning
from arcana.errors import BadInput
from arcana.surrogate import Surrogate


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reason is said once in a process: each test begins as a process does."""
    monkeypatch.setattr(dispatch, "_said", set())


class TestSettings:
    def test_as_a_call_it_stays(self) -> None:
        arcana.use_engine("reference", checkpoint_every=5)
        assert (settings().engine, settings().checkpoint_every) == ("reference", 5)
        arcana.use_engine("fused")
        assert (settings().engine, settings().checkpoint_every) == ("fused", 5)

    def test_a_block_puts_it_back_also_after_an_error(self) -> None:
        before = settings()
        inside = arcana.use_engine("reference", checkpoint_every=3)
        assert settings().engine == "reference"
        with pytest.raises(BadInput, match="X is"), inside:
            busy()(torch.zeros(3))
        assert settings() == before

    def test_blocks_inside_blocks(self) -> None:
        before = settings()
        with arcana.use_engine("reference"):
            with arcana.use_engine("fused", checkpoint_every=2):
                assert (settings().engine, settings().checkpoint_every) == ("fused", 2)
            assert (settings().engine, settings().checkpoint_every) == ("reference", before.checkpoint_every)
        assert settings() == before

    def test_an_unknown_engine_is_refused_with_the_nearest_name(self) -> None:
        before = settings()
        with pytest.raises(BadInput, match=r"(?s)engine is 'fusd'.*auto, fused, reference.*did you mean.*fused"):
            arcana.use_engine("fusd")
        assert settings() == before

    @pytest.mark.parametrize("every", [0, -1, True, 2.5, "8"])
    def test_a_distance_of_checkpoints_that_is_no_number_of_steps(self, every: object) -> None:
        before = settings()
        with pytest.raises(BadInput, match=r"checkpoint_every.*a whole number >= 1"):
            arcana.use_engine("fused", checkpoint_every=every)
        assert settings() == before


class Arithmetic(Surrogate):
    """A slope of one's own that kernels can take over."""

    @staticmethod
    def pseudo_derivative(u):
        return 0.3 / (1 + (10 * u).abs()) + (-(u * u)).exp() * (0.5 - u.abs()).clamp(min=0)


class WithTorch(Surrogate):
    """A slope that only torch can compute."""

    @staticmethod
    def pseudo_derivative(u):
        return torch.sigmoid(-u.abs())


class OtherForward(Surrogate):
    """Not a step."""

    @staticmethod
    def forward(u):
        return (u > 0).to(u.dtype)

    @staticmethod
    def pseudo_derivative(u):
        return u * 0 + 1


class TestSurrogates:
    def test_plain_arithmetic_is_fused_with_the_gradients_of_the_reference(self) -> None:
        net, X = busy(dtype=torch.float64, surrogate_fn=Arithmetic.apply), events(dtype=torch.float64)
        with arcana.use_engine("fused"):
            ours = result(net, X)
        with arcana.use_engine("reference"):
            theirs = result(net, X)
        assert_close(ours, theirs, rtol=1e-9)
        with arcana.use_engine("fused"):
            other = result(busy(dtype=torch.float64), X)
        assert not torch.allclose(ours["grad W_ampa"], other["grad W_ampa"], rtol=1e-2)

    @pytest.mark.parametrize(
        "slope", [WithTorch.apply, OtherForward.apply, torch.sigmoid, lambda u: Arithmetic.apply(u)]
    )
    def test_others_fall_back_and_say_so_once(self, slope: object) -> None:
        net, X = busy(surrogate_fn=slope), events()
        with pytest.warns(FallbackNotice, match="surrogate is not plain arithmetic"):
            first, _ = net(X)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            second, _ = net(X)
        with arcana.use_engine("reference"):
            assert torch.equal(net(X)[0], first)
        assert torch.equal(first, second)

    def test_asked_for_fused_it_is_an_error(self) -> None:
        with (
            arcana.use_engine("fused"),
            pytest.raises(BadInput, match=r"a run that can be fused.*surrogate is not plain arithmetic"),
        ):
            busy(surrogate_fn=WithTorch.apply)(events())


class TestFallbacks:
    def test_each_reason_is_said_once(self) -> None:
        X = events()
        with pytest.warns(FallbackNotice, match="surrogate"):
            busy(surrogate_fn=WithTorch.apply)(X)
        with pytest.warns(FallbackNotice, match="recorded"):
            busy().run(X, record=("Imem",))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            busy(surrogate_fn=WithTorch.apply)(X)
            busy().run(X, record=("Imem",))

    def test_vmap(self) -> None:
        nets = [busy(), busy(Itau_mem=10e-12)]
        parameters, buffers = stack_module_state(nets)
        X = events()

        def run(p, b):
            return functional_call(nets[0], (p, b), (X,))[0]

        with arcana.use_engine("fused"), pytest.raises(BadInput, match="vmap"):
            vmap(run)(parameters, buffers)
        with pytest.warns(FallbackNotice, match="vmap"):
            mapped = vmap(run)(parameters, buffers)
        assert torch.equal(mapped, torch.stack([net(X)[0] for net in nets]))

    def test_recording_currents_with_gradients(self) -> None:
        net, X = busy(), events()
        with arcana.use_engine("fused"), pytest.raises(BadInput, match="recorded together with gradients"):
            net.run(X, record=("Imem",))
        with pytest.warns(FallbackNotice, match="recorded together with gradients"):
            records = net.run(X, record=("Imem",)).records
        records["Imem"].log().sum().backward()
        assert net.W_ampa.grad.abs().max() > 0

    def test_recording_without_gradients_or_spikes_alone_is_fused(self) -> None:
        net, X = busy(), events()
        with arcana.use_engine("fused"):
            assert torch.equal(net.run(X, record=("spikes",)).records["spikes"], net(X)[0])
            with torch.no_grad():
                assert net.run(X, record=("Imem", "spike_times")).records["Imem"].shape == (3, 24, 11)
            assert busy(trained=()).run(X, record=("Imem",)).records["Imem"].shape == (3, 24, 11)

    def test_the_reference_says_nothing(self) -> None:
        with arcana.use_engine("reference"), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            busy(surrogate_fn=WithTorch.apply)(events())
        assert said == []


def stiff_warning(engine: str, X: torch.Tensor, **options: object) -> tuple[str, str]:
    """Text of the warning of a run, and the file that it points at."""
    with arcana.use_engine(engine), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        busy(**options)(X)
    found = [w for w in said if issubclass(w.category, StiffDriveWarning)]
    assert len(found) == 1
    return str(found[0].message), found[0].filename


@pytest.mark.parametrize(
    "options",
    [
        {"Iw_ampa": 3e-9},
        {"Idc": 3e-9},
        {"Idc": 1e-9, "Iw_ampa": 2e-9, "solver": "heun"},
        {"Idc": [(k + 1) * 1e-9 for k in range(11)]},
    ],
    ids=["events", "direct current", "both", "per neuron"],
)
def test_too_strong_a_drive_is_said_in_the_same_words(options: dict[str, object]) -> None:
    ours, theirs = stiff_warning("fused", events(), **options), stiff_warning("reference", events(), **options)
    assert ours == theirs
    assert re.search(r"reaches [\d.]+ nA; .* set substeps=\d+", ours[0])


@pytest.mark.parametrize("engine", ["fused", "reference"])
def test_no_warning_where_the_drive_is_moderate_or_the_solver_is_euler(engine: str) -> None:
    with arcana.use_engine(engine), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        busy()(events())
        busy(Idc=3e-9, solver="euler")(events())
    assert said == []
