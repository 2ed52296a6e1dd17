"""The ADM by hand: small signals whose events can be worked out on paper, and everything it refuses."""

from __future__ import annotations

import copy
import pickle
import warnings

import pytest
import torch

from arcana.errors import BadInput
from arcana.nn.encoder import ADM, SlewOverloadWarning
from arcana.nn.parameter import UpdateParams

quiet = pytest.mark.filterwarnings("ignore::arcana.nn.encoder.SlewOverloadWarning")


def series(*values: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype)[None, :, None]


def up_down(adm: ADM, *values: float) -> tuple[list[float], list[float]]:
    spikes = adm(series(*values))
    return spikes[0, :, 0].tolist(), spikes[0, :, 1].tolist()


@quiet
class TestRule:
    def test_the_reference_starts_at_the_first_sample_and_follows_by_the_threshold(self):
        up, down = up_down(ADM(1, 1.0, 1.0, 0), 5.0, 5.75, 6.25, 6.875, 6.0, 4.75, 4.75)
        assert up == [0, 0, 1, 0, 0, 0, 0]
        assert down == [0, 0, 0, 0, 0, 1, 0]

    def test_an_event_needs_more_than_the_threshold(self):
        up, down = up_down(ADM(1, 0.25, 0.5, 0), 0.0, 0.25, 0.0, -0.5, 0.25 + 2**-50, 0.25, -0.25 - 2**-50)
        assert up == [0, 0, 0, 0, 1, 0, 0]
        assert down == [0, 0, 0, 0, 0, 0, 1]

    def test_one_event_a_step_catches_up_after_a_jump(self):
        up, down = up_down(ADM(1, 1.0, 2.0, 0), 0.0, 3.5, 3.5, 3.5, 3.5, -1.0, -1.0, -1.0)
        assert up == [0, 1, 1, 1, 0, 0, 0, 0]
        assert down == [0, 0, 0, 0, 0, 1, 0, 0]

    def test_several_events_in_a_step(self):
        adm = ADM(1, 1.0, 0.5, 0, events_per_step=9)
        assert up_down(adm, 0.0, 3.5, 3.5, 6.0, 3.75)[0] == [0, 3, 0, 2, 0]
        assert up_down(adm, 0.0, 3.5, 3.5, 6.0, 3.75)[1] == [0, 0, 0, 0, 2]

    def test_no_more_than_events_per_step(self):
        assert up_down(ADM(1, 1.0, 1.0, 0, events_per_step=2), 0.0, 3.5, 3.5, 3.5)[0] == [0, 2, 1, 0]

    @pytest.mark.parametrize(("refractory", "events"), [(0, 6), (1, 6), (2, 3), (3, 2), (6, 1), (100, 1)])
    def test_refractory_steps(self, refractory, events):
        up, _ = up_down(ADM(1, 1.0, 1.0, refractory), *[10.0 * (k > 0) for k in range(7)])
        assert sum(up) == events
        assert up[1] == 1
        assert [k for k, event in enumerate(up) if event] == [1 + max(refractory, 1) * k for k in range(events)]

    def test_reset_to_the_signal_jumps(self):
        assert up_down(ADM(1, 1.0, 1.0, 0, reset="signal"), 0.0, 3.5, 4.25, 4.75, 3.5) == (
            [0, 1, 0, 1, 0],
            [0, 0, 0, 0, 1],
        )

    def test_up_block_first_and_each_channel_its_own_thresholds(self):
        signal = torch.tensor([[[0.0, 0.0], [1.5, -1.5], [1.5, -1.5]]])
        spikes = ADM(2, [1.0, 2.0], [2.0, 1.0], 0)(signal)
        assert spikes.tolist() == [[[0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]]]

    def test_upsampling_puts_samples_on_straight_lines_and_holds_the_last(self):
        adm = ADM(1, 1.0, 1.0, 0, upsample=4)
        assert adm.resample(series(0.0, 2.0, 1.0)).flatten().tolist() == [
            0, 0.5, 1, 1.5, 2, 1.75, 1.5, 1.25, 1, 1, 1, 1,
        ]  # fmt: skip
        assert adm(series(0.0, 2.0, 1.0)).shape == (1, 12, 2)
        assert adm(series(0.0, 2.0, 1.0))[0, :, 0].nonzero().flatten().tolist() == [3]

    def test_axes_in_front(self):
        signal = torch.randn(3, 2, 20, 2, generator=torch.Generator().manual_seed(1))
        adm = ADM(2, 0.4, 0.6, 2)
        spikes = adm(signal)
        assert spikes.shape == (3, 2, 20, 4)
        assert torch.equal(spikes[1], adm(signal[1]))
        assert adm.reconstruct(spikes).shape == signal.shape
        assert adm.error_bound(signal).shape == signal.shape


@quiet
class TestReconstruct:
    def test_running_sum_from_the_initial_value(self):
        adm = ADM(2, [1.0, 2.0], [0.5, 4.0], 0)
        spikes = torch.tensor([[[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [2, 0, 0, 0]]])
        assert adm.reconstruct(spikes).tolist() == [[[0, 2], [1, 2], [0.5, -2], [2.5, -2]]]
        start = torch.tensor([[[10.0, 20.0]]])
        assert torch.equal(adm.reconstruct(spikes, start), adm.reconstruct(spikes) + start)
        assert torch.equal(adm.reconstruct(spikes, 3.0), adm.reconstruct(spikes) + 3)

    def test_no_rounding_drift(self):
        wave = torch.sin(torch.arange(40_000) * 0.7)[None, :, None] * 3
        adm = ADM(1, 0.1, 0.1, 0, events_per_step=64)
        error = (wave - adm.reconstruct(adm(wave), wave[:, :1])).abs()
        assert error.max() <= 0.1 * (1 + 1e-5)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_dtype_of_the_signal_is_kept(self, dtype):
        adm = ADM(1, 0.1, 0.1, 1)
        signal = torch.sin(torch.arange(200) / 20)[None, :, None].to(dtype)
        spikes = adm(signal)
        decoded, bound = adm.reconstruct(spikes, signal[:, :1]), adm.error_bound(signal)
        assert spikes.dtype == decoded.dtype == bound.dtype == dtype
        assert torch.equal(spikes.double(), adm(signal.double()))
        assert ((signal - decoded).abs() <= bound).all()


@quiet
class TestModule:
    def test_state_dict_holds_the_thresholds_only(self):
        adm = ADM(2, 0.25, [0.5, 0.75], 3)
        assert set(adm.state_dict()) == {"threshold_up", "threshold_down"}
        assert not any(p.requires_grad for p in adm.parameters())
        assert all(p.requires_grad for p in ADM(2, 0.2, 0.2, 0, train_thresholds=True).parameters())
        other = ADM(2, 1.0, 1.0, 3)
        other.load_state_dict(adm.state_dict())
        assert other.threshold_down.tolist() == [0.5, 0.75]
        assert other.threshold_up.tolist() == [0.25, 0.25]

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda adm: pickle.loads(pickle.dumps(adm))])
    def test_copies_encode_alike(self, copied):
        adm = ADM(2, 0.2, 0.3, 2, reset="signal", events_per_step=2, upsample=2, train_thresholds=True)
        signal = torch.randn(1, 50, 2, generator=torch.Generator().manual_seed(2))
        twin = copied(adm)
        assert torch.equal(twin(signal), adm(signal))
        assert twin.threshold_up.requires_grad
        twin.threshold_up.data.mul_(9)
        assert adm.threshold_up.tolist() == pytest.approx([0.2, 0.2])

    def test_moving_to_double_keeps_the_thresholds(self):
        adm = ADM(1, 0.1, 0.1, 0)
        before = adm.threshold_up.double()
        assert torch.equal(adm.to(torch.float64).threshold_up, before)

    def test_widths_for_a_sequence_of_modules_and_its_description(self):
        adm = ADM(3, 0.1, 0.1, 2, upsample=5)
        assert (adm.n_in, adm.n_out) == (3, 6)
        assert repr(adm) == (
            "ADM(3 -> 6, refractory=2, reset='level', events_per_step=1, upsample=5, train_thresholds=False)"
        )

    def test_a_training_step_cannot_make_a_threshold_illegal(self):
        adm = ADM(1, 0.5, 0.25, 0, train_thresholds=True)
        signal = torch.sin(torch.arange(60.0))[None, :, None]
        optimizer = torch.optim.SGD(adm.parameters(), lr=1e3)
        (adm(signal).sum() * -1).backward()  # more events: smaller thresholds
        optimizer.step()
        with pytest.raises(BadInput, match=r"threshold_\w+\[0\] is -.*UpdateParams"):
            adm(signal)
        UpdateParams(optimizer)
        assert adm.threshold_up.item() >= 0.25e-3
        adm(signal)


class TestOverload:
    def test_forward_warns_at_the_line_that_called_it(self):
        with pytest.warns(SlewOverloadWarning, match="more than 1 threshold") as caught:
            ADM(1, 1.0, 1.0, 0)(series(0.0, 1.5, 0.0, 0.0))
        assert caught[0].filename == __file__

    def test_no_warning_while_the_encoder_can_follow(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ADM(1, 1.0, 1.0, 0)(series(0.0, 1.0, 2.0, 1.0))
            ADM(1, 1.0, 1.0, 0, upsample=2)(series(0.0, 2.0, 4.0, 2.0))
            ADM(1, 1.0, 1.0, 0, events_per_step=2)(series(0.0, 2.0, 4.0, 2.0))
            ADM(1, 1.0, 1.0, 2)(series(0.0, 0.5, 1.0, 0.5))

    def test_report(self):
        adm = ADM(2, [1.0, 4.0], [2.0, 4.0], 0)
        signal = torch.tensor([[[0.0, 0.0], [3.5, 1.0], [3.0, 2.0], [-2.0, 0.0], [0.5, 0.0]]])
        report = adm.overload(signal)
        assert (report.samples, report.overloaded, report.worst_step) == (5, (3, 0), (3.5, 0.5))
        assert (report.upsample_needed, report.events_per_step_needed, report.ok) == (4, 4, False)
        text = str(report)
        assert "3 of 5 samples overloaded" in text
        assert "upsample=4 or events_per_step=4" in text
        assert "channel 1:" not in text

    def test_report_of_a_signal_that_can_be_followed(self):
        report = ADM(1, 1.0, 1.0, 3, upsample=6).overload(series(0.0, 1.0, 2.0))
        assert report.ok
        assert (report.upsample_needed, report.events_per_step_needed) == (6, 1)
        assert report.worst_step == pytest.approx((0.5,))
        assert str(report) == (
            "no slew overload: the signal moves by at most 0.5 thresholds (channel 0) within 3 steps, "
            "the encoder follows 1"
        )

    def test_a_refractory_time_counts_the_moves_within_it(self):
        """Back after two steps: the move within the refractory time is what an event cannot follow."""
        assert ADM(1, 1.0, 1.0, 2).overload(series(0.0, 5.0, 0.0, 5.0)).worst_step == (5.0,)
        assert ADM(1, 1.0, 1.0, 4).overload(series(0.0, 0.5, 1.0, 1.5)).worst_step == (1.5,)

    def test_no_upsampling_helps_below_the_resolution_of_the_numbers(self):
        adm = ADM(1, 1e-9, 1e-9, 0)
        report = adm.overload(series(1.0, 2.0, dtype=torch.float32))
        assert report.upsample_needed is None
        assert "cured by events_per_step=" in str(report)


@quiet
class TestFit:
    signal = torch.randn(3, 2000, 2, generator=torch.Generator().manual_seed(3)).cumsum(1) * torch.tensor(
        [1.0, 50.0]
    )

    @pytest.mark.parametrize("reset", ["level", "signal"])
    def test_rate_is_kept_and_used(self, reset):
        adm = ADM(2, [1.0, 0.1], [2.0, 0.1], 1, reset=reset)
        assert adm.fit(self.signal, max_rate=20.0, dt=1e-3) is adm
        spikes = adm(self.signal)
        rates = (spikes[..., :2] + spikes[..., 2:]).sum(-2) / 2.0
        assert (rates <= 20.0).all()
        assert (rates.amax(0) >= 17.0).all()
        assert (adm.threshold_down / adm.threshold_up).tolist() == pytest.approx([2.0, 1.0], rel=1e-6)

    def test_upsampling_and_several_events_count(self):
        adm = ADM(2, 1.0, 1.0, 0, upsample=2, events_per_step=3).fit(self.signal, max_rate=300.0, dt=1e-3)
        spikes = adm(self.signal)
        rates = (spikes[..., :2] + spikes[..., 2:]).sum(-2) / 2.0
        assert (rates <= 300.0).all()
        assert (rates.amax(0) >= 270.0).all()

    def test_a_whole_number_of_events_may_be_used_up(self):
        """0.1 + 0.2 trouble: 3 events in 0.3 s are 10 per second, although 0.3 * 10 < 3 in floating point."""
        steps = torch.arange(3.0).repeat_interleave(100)[None, :, None]
        adm = ADM(1, 0.01, 0.01, 0, events_per_step=2).fit(steps, max_rate=10.0, dt=1e-3)
        assert adm(steps).sum() == 3

    def test_says_so_if_it_cannot_and_changes_nothing(self):
        adm = ADM(3, 1.0, 1.0, 0)
        signal = torch.stack((torch.zeros(100), torch.arange(100.0), torch.sin(torch.arange(100.0))), -1)[None]
        with pytest.raises(BadInput) as caught:
            adm.fit(signal, max_rate=1.0, dt=1e-3)
        text = str(caught.value)
        assert "signal[..., 0] is 'constant'" in text
        assert "max_rate for channel 1 is 1.0 1/s, allowed: a higher limit" in text
        assert "channel 2" in text
        assert adm.threshold_up.tolist() == [1.0, 1.0, 1.0]
        with pytest.raises(BadInput, match="highest rate of this channel"):
            ADM(1, 1.0, 1.0, 0).fit(signal[..., 1:2], max_rate=1e6, dt=1e-3)

    @pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf"), "5", True])
    def test_bad_rate_and_step(self, bad):
        with pytest.raises(BadInput, match="max_rate") as caught:
            ADM(2, 1.0, 1.0, 0).fit(self.signal, max_rate=bad, dt=bad)
        assert "dt is" in str(caught.value)


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"threshold_up": 0.0}, "threshold_up is 0.0 (units of the signal), allowed: a finite number > 0"),
            ({"threshold_up": [0.1, -1.0]}, "threshold_up[1] is -1.0"),
            ({"threshold_down": float("nan")}, "threshold_down is nan"),
            ({"threshold_down": float("inf")}, "threshold_down is inf"),
            ({"threshold_down": 1e-60}, "threshold_down is 1e-60"),
            ({"threshold_up": [0.1, 0.1, 0.1]}, "threshold_up is (3,) (shape), allowed: one value, or 2 values"),
            ({"threshold_up": "big"}, "threshold_up is 'big'"),
            ({"refractory": -1}, "refractory is -1, allowed: a whole number >= 0"),
            ({"refractory": 1.5}, "refractory is 1.5"),
            ({"refractory": True}, "refractory is True"),
            ({"N": 0}, "N is 0, allowed: a whole number >= 1"),
            ({"N": 2.0}, "N is 2.0"),
            ({"reset": "sgnal"}, "did you mean 'signal'?"),
            ({"events_per_step": 0}, "events_per_step is 0"),
            ({"upsample": 0}, "upsample is 0"),
            ({"surrogate_fn": 3}, "surrogate_fn is 3"),
        ],
    )
    def test_settings(self, change, words):
        given = {"N": 2, "threshold_up": 0.1, "threshold_down": 0.1, "refractory": 0, **change}
        with pytest.raises(BadInput) as caught:
            ADM(**given)
        assert words in str(caught.value)
        assert len(caught.value.problems) == 1

    def test_everything_at_once(self):
        with pytest.raises(BadInput) as caught:
            ADM(2, [0.1, -0.1], 0.0, -2, reset="no", events_per_step=0, upsample=0)
        fields = [problem.field for problem in caught.value.problems]
        expected = ["refractory", "events_per_step", "upsample", "reset", "threshold_up[1]", "threshold_down"]
        assert fields == expected

    @pytest.mark.parametrize(
        ("signal", "words"),
        [
            (torch.zeros(5, 2), "input_signal is (5, 2) (shape), allowed: (batch, time, 2)"),
            (torch.zeros(1, 5, 3), "input_signal is (1, 5, 3)"),
            (torch.zeros(0, 5, 2), "at least one series and one time step"),
            (torch.zeros(1, 0, 2), "at least one series and one time step"),
            (torch.zeros(1, 5, 2, dtype=torch.int64), "input_signal is 'torch.int64' (dtype)"),
            ([[[0.0, 0.0]]], "input_signal is 'list'"),
        ],
    )
    def test_signals(self, signal, words):
        adm = ADM(2, 0.1, 0.1, 0)
        for use in (adm, adm.error_bound, adm.overload, adm.resample, lambda x: adm.fit(x, max_rate=1.0, dt=1.0)):
            with pytest.raises(BadInput) as caught:
                use(signal)
            assert words in str(caught.value)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 3e38])
    def test_the_first_number_that_is_not_finite(self, value):
        signal = torch.zeros(2, 4, 3)
        signal[1, 2, 0] = signal[1, 3, 2] = value
        with pytest.raises(BadInput, match=r"input_signal\[1, 2, 0\] is .*first of 2"):
            ADM(3, 0.1, 0.1, 0)(signal)

    def test_reconstruct(self):
        adm = ADM(2, 0.1, 0.1, 0)
        with pytest.raises(BadInput, match=r"spikes is \(1, 5, 2\).*\(batch, time, 4\) with UP events first"):
            adm.reconstruct(torch.zeros(1, 5, 2))
        with pytest.raises(BadInput, match=r"initial_value is \(1, 5, 3\)"):
            adm.reconstruct(torch.zeros(1, 5, 4), torch.zeros(1, 5, 3))

    def test_counts_that_the_dtype_cannot_hold(self):
        with pytest.raises(BadInput, match=r"events_per_step is 300, allowed: at most 256"):
            ADM(1, 0.1, 0.1, 0, events_per_step=300)(torch.zeros(1, 3, 1, dtype=torch.bfloat16))
