"""Mismatch of drawn models: what a chip's numbers may and may not depend on."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arcana.circuits.names import BIASES
from arcana.mismatch import DISTRIBUTIONS, Mismatch, MismatchModel

NAMES = tuple(BIASES)
names = st.sampled_from(NAMES)
seeds = st.integers(0, 2**40)


@st.composite
def models(draw):
    """Correlations of vectors are always possible together."""
    tied = draw(st.lists(names, max_size=5, unique=True))
    vectors = np.array([draw(st.lists(st.floats(-1, 1), min_size=3, max_size=3)) for _ in tied]).reshape(-1, 3)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-3)
    R = np.clip(vectors @ vectors.T, -1, 1)
    table = {(tied[i], tied[j]): float(R[i, j]) for i in range(len(tied)) for j in range(i)}
    cv = draw(st.one_of(st.floats(0, 1), st.dictionaries(names, st.floats(0, 1))))
    shape = st.sampled_from(DISTRIBUTIONS)
    return MismatchModel(cv, draw(st.one_of(shape, st.dictionaries(names, shape))), table or None)


@given(models(), seeds, st.integers(0, 1000), st.permutations(NAMES))
def test_a_chip_is_the_same_alone_among_others_and_in_any_order(model, seed, chip, order):
    alone, many = model.chip(seed, chip), model.sample(3, seed, first=max(0, chip - 1))
    for bias in order:
        many.log_factors("here", bias, 5)
    for bias in NAMES[::3]:
        rows = many.log_factors("here", bias, 5)
        assert np.isfinite(rows).all()
        assert np.array_equal(alone.log_factors("here", bias, 5)[0], rows[min(1, chip)])


@given(models(), seeds, st.permutations(NAMES))
def test_the_order_of_pairs_and_of_their_names_means_nothing(model, seed, order):
    rank = {name: k for k, name in enumerate(order)}
    pairs = sorted((model.correlation or {}).items(), key=lambda item: rank[item[0][0]])
    turned = replace(model, correlation={(b, a): r for (a, b), r in pairs})
    for bias in order[:6]:
        one, other = (m.chip(seed, 0).log_factors("0", bias, 4) for m in (model, turned))
        assert np.array_equal(one, other)


@given(models(), seeds, seeds, st.sets(names), st.one_of(st.none(), st.lists(names, unique=True)))
def test_saved_and_read_again(model, seed, another, moved, kept):
    moved = {name for bias in moved for name in model.correlated.get(bias, (bias,))}
    mismatch = model.sample(2, seed).resampled(dict.fromkeys(moved, another))
    mismatch = mismatch if kept is None else mismatch.only(*kept)
    again = Mismatch.from_dict(json.loads(json.dumps(mismatch.to_dict())))
    assert again == mismatch
    for bias in NAMES[:8]:
        rows = mismatch.log_factors("0", bias, 3)
        assert np.array_equal(again.log_factors("0", bias, 3), rows)
        expected = model.sample(2, another if bias in moved else seed).log_factors("0", bias, 3)
        assert np.array_equal(rows, expected if kept is None or bias in kept else np.zeros((2, 3)))


@given(models(), seeds)
def test_scaled_by_0_is_no_mismatch(model, seed):
    none = model.scaled(0).sample(2, seed)
    assert not any(none.log_factors("0", bias, 3).any() for bias in NAMES)
