"""What holds for the ADM whatever the signal, the thresholds and the settings."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from arcana.circuits import adm as circuit
from arcana.circuits.adm_bound import error_bound
from arcana.circuits.adm_slew import slew_report

RULES = st.fixed_dictionaries(
    {
        "refractory": st.integers(0, 7),
        "reset": st.sampled_from(circuit.RESETS),
        "events_per_step": st.integers(1, 5),
    }
)


class Case(NamedTuple):
    """A signal (B, T, N), thresholds (N,), and the settings of the encoder."""

    x: torch.Tensor
    up: torch.Tensor
    down: torch.Tensor
    rule: dict[str, Any]

    def spikes(self) -> torch.Tensor:
        return circuit.encode(self.x, self.up, self.down, **self.rule)

    def error(self) -> torch.Tensor:
        return self.x - circuit.decode(self.spikes(), self.up, self.down, self.x[:, :1])

    def bound(self) -> torch.Tensor:
        return error_bound(self.x, self.up, self.down, **self.rule)

    def counts(self) -> tuple[torch.Tensor, torch.Tensor]:
        up, down = self.spikes().chunk(2, -1)
        return up, down


def rough(shape: tuple[int, int, int]) -> st.SearchStrategy[np.ndarray]:
    """Any numbers at all: jumps of a million thresholds as well as none."""
    return arrays(np.float64, shape, elements=st.floats(-1e6, 1e6))


def walking(shape: tuple[int, int, int]) -> st.SearchStrategy[np.ndarray]:
    """Sums of steps of about a threshold: the encoder is on the edge between following and not."""
    return arrays(np.float64, shape, elements=st.floats(-3.0, 3.0)).map(lambda steps: steps.cumsum(1))


@st.composite
def cases(draw: st.DrawFn, signals: Any = None, rules: st.SearchStrategy[dict[str, Any]] = RULES) -> Case:
    shape = draw(st.integers(1, 2)), draw(st.integers(1, 40)), draw(st.integers(1, 3))
    make = draw(st.sampled_from((rough, walking))) if signals is None else signals
    thresholds = arrays(np.float64, shape[-1:], elements=st.floats(0.05, 20.0))
    up, down, x = draw(thresholds), draw(thresholds), draw(make(shape))
    return Case(torch.from_numpy(x), torch.from_numpy(up), torch.from_numpy(down), draw(rules))


def dyadic(shape: tuple[int, int, int]) -> st.SearchStrategy[np.ndarray]:
    """Multiples of 1/64, with which sums are exact."""
    return arrays(np.int64, shape, elements=st.integers(-500, 500)).map(lambda n: n / 64.0)


class TestBound:
    @given(cases())
    def test_holds(self, case):
        assert (case.error().abs() <= case.bound()).all()

    @given(cases())
    def test_holds_in_single_precision(self, case):
        single = Case(*(tensor.float() for tensor in case[:3]), case.rule)
        assert single.bound().dtype == torch.float32
        assert (single.error().abs() <= single.bound()).all()

    @given(cases(signals=rough), st.floats(1e-12, 1e12))
    def test_holds_where_a_threshold_is_nothing_or_everything(self, case, factor):
        extreme = case._replace(up=case.up * factor, down=case.down / factor)
        assert (extreme.error().abs() <= extreme.bound()).all()

    @given(cases(signals=dyadic))
    def test_holds_on_ties(self, case):
        """Thresholds and samples on one grid: the error often equals the threshold."""
        tied = case._replace(up=(case.up * 4).ceil() / 4, down=(case.down * 4).ceil() / 4)
        assert (tied.error().abs() <= tied.bound()).all()

    @given(cases(signals=walking), st.integers(0, 7))
    def test_is_no_larger_than_the_theorem_says(self, case, refractory):
        """While L m <= d: |x - v| <= d + L m, with L the largest step of the signal and m = max(refractory, 1)."""
        m = max(refractory, 1)
        L = case.x.diff(dim=1).abs().amax((0, 1)) if case.x.shape[1] > 1 else torch.zeros_like(case.up)
        up, down = torch.maximum(case.up, L * m), torch.maximum(case.down, L * m)
        slow = Case(case.x, up, down, {"refractory": refractory, "reset": "level", "events_per_step": 1})
        largest = torch.maximum(up, down)
        assert (slow.bound() <= (largest + L * m) * (1 + 1e-9) + 1e-12).all()
        if m == 1:
            assert (slow.bound() <= largest * (1 + 1e-9) + 1e-12).all()

    @given(cases(signals=walking), st.integers(0, 7))
    def test_grows_in_overload_as_the_theorem_says(self, case, refractory):
        """While L m > d: |x - v| <= 2 L m + (L - d / m) t."""
        m = max(refractory, 1)
        assume(case.x.shape[1] > 1)
        L = case.x.diff(dim=1).abs().amax((0, 1))
        up, down = torch.minimum(case.up, L * m), torch.minimum(case.down, L * m)
        assume((L > 1e-3).all())
        fast = Case(case.x, up, down, {"refractory": refractory, "reset": "level", "events_per_step": 1})
        t = torch.arange(case.x.shape[1])[:, None]
        growing = 2 * L * m + (L - torch.minimum(up, down) / m) * t
        assert (fast.error().abs() <= growing * (1 + 1e-9)).all()
        assert (fast.bound() <= growing * (1 + 1e-9) + 1e-9).all()

    @given(cases())
    def test_grows_no_faster_than_the_signal_moves(self, case):
        """Useful in overload too: a level-tracking encoder is never wrong by more than d plus the signal's path."""
        assume(case.rule["reset"] == "level")
        path = case.x.diff(dim=1, prepend=case.x[:, :1]).abs().cumsum(1)
        assert (case.bound() <= (torch.maximum(case.up, case.down) + path) * (1 + 1e-9)).all()

    @given(cases())
    def test_is_rounding_only_for_a_constant(self, case):
        """What is left is the term that docs/adm.md states."""
        still = case._replace(x=case.x[:, :1].expand_as(case.x))
        eps = torch.finfo(torch.float64).eps
        t = torch.arange(case.x.shape[1])[:, None]
        events = case.rule["events_per_step"] * (t // max(case.rule["refractory"], 1) + 1)
        rounding = 8 * eps * (case.up + case.down) * events + 4 * eps * still.x.abs()
        assert (still.bound() <= rounding * (1 + 1e-9)).all()


class TestEvents:
    @given(cases())
    def test_follow_the_rule_as_it_is_written(self, case):
        """Another program of the rule: one channel, one sample at a time, in plain numbers."""
        B, T, N = case.x.shape
        K, m = case.rule["events_per_step"], max(case.rule["refractory"], 1)
        expected = torch.zeros(B, T, 2 * N, dtype=torch.float64)
        for b in range(B):
            for c in range(N):
                x = (case.x[b, :, c] - case.x[b, 0, c]).tolist()
                d_up, d_down = case.up[c].item(), case.down[c].item()
                n_up, n_down, jumped_to, last = 0, 0, 0.0, -m
                for t in range(T):
                    v = jumped_to if case.rule["reset"] == "signal" else d_up * n_up - d_down * n_down
                    e = x[t] - v
                    up = sum(e / d_up > k for k in range(1, K + 1))
                    down = sum(-e / d_down > k for k in range(1, K + 1))
                    if t - last >= m and (up or down):
                        n_up, n_down, jumped_to, last = n_up + up, n_down + down, x[t], t
                        expected[b, t, c], expected[b, t, N + c] = up, down
        assert torch.equal(case.spikes(), expected)

    @given(cases())
    def test_stand_for_no_more_than_the_signal_moved(self, case):
        """An UP event of k needs a rise of more than k d_up that no other event has used."""
        steps = case.x.diff(dim=1, prepend=case.x[:, :1])
        up, down = (n.cumsum(1) for n in case.counts())
        slack = 1e-9 * (1 + steps.abs().cumsum(1))
        assert (up * case.up <= steps.clamp(min=0).cumsum(1) + slack).all()
        assert (down * case.down <= (-steps).clamp(min=0).cumsum(1) + slack).all()

    @given(cases())
    def test_are_few_whole_numbers_and_one_kind_at_a_time(self, case):
        up, down = case.counts()
        assert set(case.spikes().unique().tolist()) <= set(map(float, range(case.rule["events_per_step"] + 1)))
        assert not ((up > 0) & (down > 0)).any()
        assert (case.spikes()[:, 0] == 0).all()

    @given(cases())
    def test_keep_the_refractory_time(self, case):
        up, down = case.counts()
        for series in ((up + down) > 0).transpose(1, 2).reshape(-1, case.x.shape[1]):
            gaps = series.nonzero().flatten().diff()
            assert (gaps >= max(case.rule["refractory"], 1)).all()

    @given(cases(), st.integers(-20, 20))
    def test_do_not_change_with_the_unit_of_the_signal(self, case, power):
        factor = 2.0**power
        scaled = case._replace(x=case.x * factor, up=case.up * factor, down=case.down * factor)
        assert torch.equal(scaled.spikes(), case.spikes())

    @given(cases(signals=dyadic), st.integers(-(2**20), 2**20))
    def test_do_not_change_with_an_offset(self, case, offset):
        assert torch.equal(case._replace(x=case.x + offset / 64).spikes(), case.spikes())

    @given(cases())
    def test_turn_over_with_the_signal(self, case):
        over = case._replace(x=-case.x, up=case.down, down=case.up)
        up, down = case.counts()
        assert torch.equal(over.spikes(), torch.cat((down, up), -1))

    @given(cases())
    def test_of_a_rising_signal_are_all_up(self, case):
        rising = case._replace(x=case.x.sort(dim=1).values)
        assert not rising.counts()[1].any()
        assert not case._replace(x=-rising.x).counts()[0].any()

    @given(cases())
    def test_of_a_channel_do_not_depend_on_the_others(self, case):
        n = case.x.shape[-1]
        alone = [Case(case.x[..., c : c + 1], case.up[c], case.down[c], case.rule).spikes() for c in range(n)]
        together = torch.cat([s[..., :1] for s in alone] + [s[..., 1:] for s in alone], -1)
        assert torch.equal(case.spikes(), together)

    @given(cases())
    def test_of_a_series_do_not_depend_on_the_others(self, case):
        alone = torch.cat([case._replace(x=series[None]).spikes() for series in case.x])
        assert torch.equal(case.spikes(), alone)

    @given(cases(), st.data())
    def test_do_not_depend_on_the_future(self, case, data):
        t = data.draw(st.integers(1, case.x.shape[1]))
        assert torch.equal(case._replace(x=case.x[:, :t]).spikes(), case.spikes()[:, :t])

    @given(cases(), st.integers(1, 10))
    def test_do_not_depend_on_how_long_the_signal_rested_before(self, case, wait):
        longer = case._replace(x=torch.cat((case.x[:, :1].expand(-1, wait, -1), case.x), 1))
        assert torch.equal(longer.spikes()[:, wait:], case.spikes())


class TestSlew:
    @given(cases(), st.integers(1, 3))
    def test_the_report_is_what_the_signal_does(self, case, upsample):
        settings = {k: v for k, v in case.rule.items() if k != "reset"}
        report = slew_report(case.x, case.up, case.down, upsample=upsample, **settings)
        x = circuit.interpolate(case.x, upsample)
        m = max(case.rule["refractory"], 1)
        steps = torch.zeros_like(x)
        for lag in range(1, min(m, x.shape[1] - 1) + 1):
            move = x[:, lag:] - x[:, :-lag]
            steps[:, lag:] = torch.maximum(steps[:, lag:], torch.maximum(move / case.up, -move / case.down))
        assert report.worst_step == tuple(steps.amax((0, 1)).tolist())
        assert report.overloaded == tuple((steps > case.rule["events_per_step"]).sum((0, 1)).tolist())
        assert report.samples == x.shape[0] * x.shape[1]

    @given(cases(signals=walking))
    def test_the_cures_cure(self, case):
        m, K = case.rule["refractory"], case.rule["events_per_step"]
        report = slew_report(case.x, case.up, case.down, m, events_per_step=K)
        by_upsampling = slew_report(
            case.x, case.up, case.down, m, events_per_step=K, upsample=report.upsample_needed
        )
        by_events = slew_report(case.x, case.up, case.down, m, events_per_step=report.events_per_step_needed)
        assert by_upsampling.ok
        assert by_events.ok

    @given(cases())
    def test_without_overload_the_error_of_a_ready_encoder_is_within_the_thresholds(self, case):
        m, K = case.rule["refractory"], case.rule["events_per_step"]
        report = slew_report(case.x, case.up, case.down, m, events_per_step=K)
        followed = case._replace(
            rule={**case.rule, "reset": "level", "events_per_step": report.events_per_step_needed}
        )
        up, down = followed.counts()
        event = (up + down) > 0
        waiting = torch.zeros_like(event)
        for lag in range(1, min(m, event.shape[1])):
            waiting[:, lag:] |= event[:, :-lag]
        error = followed.error()
        slack = 1e-9 * (1 + case.x.abs())
        assert (waiting | (error <= case.up + slack)).all()
        assert (waiting | (error >= -case.down - slack)).all()

    @given(cases(), st.integers(1, 5))
    def test_upsampling_goes_through_every_sample_on_straight_lines(self, case, factor):
        fine = circuit.interpolate(case.x, factor)
        assert fine.shape[1] == factor * case.x.shape[1]
        assert torch.equal(fine[:, ::factor], case.x)
        B, T, N = case.x.shape
        at = np.minimum(np.arange(T * factor) / factor, T - 1)
        for b in range(B):
            for c in range(N):
                expected = np.interp(at, np.arange(T), case.x[b, :, c].numpy())
                assert fine[b, :, c].numpy() == pytest.approx(expected, rel=1e-12, abs=1e-9)
