"""Sequences of images against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcana.errors import BadInput
from arcana.networks import BRNN
from arcana.networks.brnn.presentations import Presentation


def by_loops(image, order, window, stride, share):
    """One image (H, W, C) as lists, as the equations say it."""
    H, W, C = len(image), len(image[0]), len(image[0][0])
    line = []
    for row in range(H):
        columns = range(W - 1, -1, -1) if order == "snake" and row % 2 else range(W)
        line += [image[row][column] for column in columns]
    L = W if window is None else window
    s = L if stride is None else L // 2 if stride == "half" else stride
    steps = []
    for k in range(math.ceil(share * (H * W // s))):
        step = []
        for i in range(k * s, k * s + L):
            step += line[i] if i < len(line) else [0] * C
        steps.append(step)
    return steps


@st.composite
def cases(draw):
    H, W, C = (draw(st.integers(1, 7)) for _ in range(3))
    window = draw(st.none() | st.integers(1, H * W))
    L = W if window is None else window
    strides = [None, *range(1, H * W + 1)] + ["half"] * (L % 2 == 0)
    share = draw(st.sampled_from([1.0, 0.75, 0.5, 0.25]))
    return (H, W, C), draw(st.sampled_from(["rows", "snake"])), window, draw(st.sampled_from(strides)), share


@given(cases())
def test_equal_to_loops(case):
    (H, W, C), *settings = case
    images = torch.arange(1, 2 * H * W * C + 1).reshape(2, H, W, C)  # every value once, and none is the padding
    before, presentation = images.clone(), Presentation(*settings)
    found = presentation(images)
    assert found.tolist() == [by_loops(image.tolist(), *settings) for image in images]
    assert found.shape == (2, presentation.steps((H, W, C)), presentation.n_in((H, W, C)))
    assert torch.equal(images, before)
    if C == 1:
        assert torch.equal(presentation(images[..., 0]), found)
        assert (presentation.steps((H, W)), presentation.n_in((H, W))) == found.shape[1:]


@given(cases())
def test_a_crop_is_the_start_of_the_whole(case):
    shape, order, window, stride, share = case
    images = torch.rand(2, *shape)
    whole, crop = (Presentation(order, window, stride, part)(images) for part in (1.0, share))
    assert torch.equal(crop, whole[:, : crop.shape[1]])
    assert crop.shape[1] >= 1
    assert 0 <= crop.shape[1] - share * whole.shape[1] < 1


def test_row_by_row_is_the_image():
    images = torch.rand(3, 5, 4)
    assert torch.equal(Presentation()(images), images)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3), st.integers(1, 6))
def test_neighbouring_windows_hold_every_pixel_once(H, W, C, window):
    images = torch.rand(2, H, W, C)
    line = Presentation("rows", 1)(images)
    if H * W % window:
        return
    assert torch.equal(Presentation("rows", window)(images).reshape(2, -1, C), line)
    assert torch.equal(line.reshape(images.shape), images)


@given(st.integers(1, 6), st.integers(2, 6))
def test_a_snake_steps_to_a_neighbour(H, W):
    places = torch.stack(torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij"), 2)[None]
    line = Presentation("snake", 1)(places)[0]
    assert (line.diff(dim=0).abs().sum(1) == 1).all()
    assert len({tuple(place) for place in line.tolist()}) == H * W


@pytest.mark.parametrize(("shape", "n_in", "steps"), [((28, 28), 8, 196), ((8, 8), 8, 16), ((32, 32, 3), 24, 256)])
def test_sizes_of_the_source(shape, n_in, steps):
    """Pixels // 4 windows; 12 of 3,072 values is 4 pixels of three colours."""
    presentation = Presentation("snake", 8, 4)
    assert (presentation.n_in(shape), presentation.steps(shape)) == (n_in, steps)
    assert Presentation("snake", 8, "half")(torch.ones(1, *shape)).equal(presentation(torch.ones(1, *shape)))
    assert [Presentation("snake", 8, 4, part).steps(shape) for part in (0.25, 0.5, 0.75)] == [
        steps // 4, steps // 2, steps * 3 // 4,
    ]  # fmt: skip


def test_a_share_that_float64_cannot_say():
    assert Presentation("rows", 1, 1, 0.07).steps((10, 10)) == 7


def test_type_and_gradient_go_through():
    images = torch.rand(2, 4, 4, dtype=torch.float64, requires_grad=True)
    Presentation("snake", 4, 2)(images).sum().backward()
    assert images.grad[0].flatten().tolist() == [1, 1] + [2] * 14
    assert Presentation()(torch.ones(1, 2, 2, dtype=torch.uint8)).dtype == torch.uint8


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (("zigzag", 0, 0, 0.0), ["order", "window", "stride", "share"]),
        (("snake", True, -1, 1.01), ["window", "stride", "share"]),
        (("snake", 2.0, "third", float("nan")), ["window", "stride", "share"]),
        (("snake", 7, "half", "all"), ["window", "share"]),
        (("snake", 4, 0), ["stride"]),
    ],
)
def test_all_wrong_settings_are_listed(settings, fields):
    with pytest.raises(BadInput) as caught:
        Presentation(*settings)
    assert [problem.field for problem in caught.value.problems] == fields


def test_settings_that_do_not_fit_the_image():
    with pytest.raises(BadInput, match=r"(?s)window is 65 pixels, allowed: 64 at most.*stride is 66"):
        Presentation("rows", 65, 66)(torch.ones(1, 8, 8))
    with pytest.raises(BadInput, match="window is 5 pixels, allowed: an even number"):
        Presentation("rows", None, "half").steps((4, 5))


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (torch.ones(8, 8), r"\(8, 8\) \(shape\)"),
        (torch.ones(0, 8, 8), "none of them 0"),
        (torch.ones(2, 8, 0), "none of them 0"),
        ([[1.0]], "images is 'list'"),
        (torch.tensor([[[1.0, float("nan")], [float("inf"), 0]]]), "2 values', allowed: finite numbers"),
    ],
)
def test_what_is_no_image(images, text):
    with pytest.raises(BadInput, match=text):
        Presentation()(images)


@pytest.mark.parametrize("shape", [(8,), (8, 0), (8, 8, 3, 1), [8, 8], (8.0, 8)])
def test_what_is_no_shape(shape):
    with pytest.raises(BadInput, match="image is"):
        Presentation().steps(shape)


def test_its_name_in_tables():
    assert str(Presentation()) == "row by row"
    assert str(Presentation("snake", 8, 4, 0.25)) == "windows of 8, stride 4, snake, first 25%"


def test_arrays_are_taken_as_well():
    images = np.arange(2 * 8 * 8, dtype=np.float32).reshape(2, 8, 8)
    there = Presentation("snake", 8, 4)
    assert torch.equal(there(images), there(torch.from_numpy(images)))
    network = BRNN("cb_rnn", 8, 4, 2)
    assert torch.equal(network(there(images).double().numpy())[0], network(there(images))[0])
    with pytest.raises(BadInput, match="real numbers"):
        network(there(images).to(torch.complex64))
