"""The ADM on five minutes of a real electrocardiogram (MIT-BIH record 208, 360 Hz), thresholds 0.2 sigma."""

from __future__ import annotations

import warnings
from fractions import Fraction

import pytest
import torch

from arcana.data.ecg import load_ecg
from arcana.nn.encoder import ADM, SlewOverloadWarning

THRESHOLD = 0.2  # in standard deviations of the signal


class Run:
    """The recording through an encoder and back, in units of its standard deviation."""

    def __init__(self, seconds=300, **settings):
        signal, self.fs = load_ecg()
        x = torch.from_numpy(signal)[: round(seconds * self.fs)]
        self.x = ((x - x.mean()) / x.std(correction=0))[None, :, None]
        self.adm = ADM(1, THRESHOLD, THRESHOLD, 0, **settings).double()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SlewOverloadWarning)
            self.spikes = self.adm(self.x)
        fine = self.adm.resample(self.x)
        self.error = (fine - self.adm.reconstruct(self.spikes, self.x[:, :1]))[0, :, 0]
        self.rate = self.fs * self.adm.upsample

    def nrmse(self):
        return self.error.pow(2).mean().sqrt().item()

    def drift(self):
        """Difference of the mean error between the last minute and the first."""
        n = round(60 * self.rate)
        return (self.error[-n:].mean() - self.error[:n].mean()).item()


@pytest.fixture(scope="module")
def level():
    return Run()


@pytest.fixture(scope="module")
def jumping():
    return Run(reset="signal")


def test_the_events_are_those_of_the_rule(level):
    """A running reference, v += d at each event, in fractions: without any rounding.

    The recorder's converter has steps, so the signal often comes back to exactly its first value, where the error
    is exactly a threshold: a reference that is summed up in floating point decides some of these ties wrongly.
    """
    n = round(100 * level.fs)
    x = [Fraction(sample) for sample in level.x[0, :n, 0].tolist()]
    d_up, d_down = Fraction(level.adm.threshold_up.item()), Fraction(level.adm.threshold_down.item())
    v, expected, ties = x[0], [], 0
    for sample in x:
        up, down = sample - v > d_up, sample - v < -d_down
        ties += sample - v in (d_up, -d_down)
        v += d_up * up - d_down * down
        expected.append([float(up), float(down)])
    assert ties > 10
    assert torch.equal(level.spikes[0, :n], torch.tensor(expected, dtype=torch.float64))


def test_level_tracking_decodes_to_within_a_quarter_of_the_deviation():
    """100 s with one event per sample, 0.228: the steep flanks of the QRS complex are what is missing."""
    assert Run(seconds=100).nrmse() <= 0.25


def test_whole_recording(level):
    """Five minutes, thresholds 0.2 sigma of those: 0.267. Two samples for one, or two events, follow the flanks."""
    assert level.nrmse() <= 0.27
    assert Run(upsample=2).nrmse() <= 0.16
    assert Run(events_per_step=2).nrmse() <= 0.16


def test_level_tracking_does_not_drift(level):
    assert abs(level.drift()) <= 0.01
    n = len(level.error)
    time = torch.arange(n, dtype=torch.float64) / level.rate
    centred = time - time.mean()
    slope = (centred @ level.error) / (centred @ centred)
    assert abs(slope.item() * n / level.rate) <= 0.01  # over the five minutes, in sigma


def test_the_error_stays_within_the_bound_and_the_bound_is_of_use(level):
    n = round(100 * level.fs)
    bound, error = level.adm.error_bound(level.x[:, :n])[0, :, 0], level.error[:n].abs()
    assert (error <= bound).all()
    assert bound.median() <= THRESHOLD
    assert bound.max() <= 1.2 * error.max()


def test_the_report_names_the_cure(level):
    report = level.adm.overload(level.x)
    assert not report.ok
    followed = Run(events_per_step=report.events_per_step_needed)
    assert followed.adm.overload(followed.x).ok
    assert followed.error.abs().max() <= THRESHOLD * (1 + 1e-6)


def test_reset_to_the_signal_drifts(jumping):
    """What the other rule is for comparison: decoded, it is hundreds of deviations off after five minutes."""
    n = round(100 * jumping.rate)
    assert 50 < jumping.error[:n].abs().max() < 150
    assert jumping.error.abs().max() > 200
    bound = jumping.adm.error_bound(jumping.x[:, :n])[0, :, 0]
    assert (jumping.error[:n].abs() <= bound).all()
