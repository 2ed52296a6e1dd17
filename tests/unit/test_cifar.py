"""Batches of CIFAR-10: planes become pixels, and damaged files are named."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from arcana.data.cifar import read_cifar10
from arcana.errors import BadFile, BadInput

RANDOM = np.random.default_rng(0)


def batch(n):
    """The bytes of n records, with the images and classes in them."""
    images = RANDOM.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    labels = RANDOM.integers(0, 10, n, dtype=np.uint8)
    data = bytearray()
    for image, label in zip(images, labels, strict=True):
        data.append(label)
        for colour in range(3):
            for row in range(32):
                data += bytes(image[row, :, colour].tolist())
    return bytes(data), images, labels


@pytest.mark.parametrize("packed", [False, True])
def test_one_batch(tmp_path, packed):
    data, images, labels = batch(3)
    path = tmp_path / "some.bin"
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read_cifar10(path)
    assert found.images.dtype == np.uint8
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.labels, labels)


def test_a_folder(tmp_path):
    made = {name: batch(2) for name in ("data_batch_2.bin", "data_batch_1.bin", "test_batch.bin")}
    for name, (data, _, _) in made.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "batches.meta.txt").write_text("airplane\n")
    for part, names in {"train": sorted(made)[:2], "test": sorted(made)[2:], "all": sorted(made)}.items():
        found = read_cifar10(tmp_path, part)
        np.testing.assert_array_equal(found.images, np.concatenate([made[name][1] for name in names]))
        np.testing.assert_array_equal(found.labels, np.concatenate([made[name][2] for name in names]))


def test_damaged_files(tmp_path):
    data, path = batch(2)[0], tmp_path / "data_batch_1.bin"
    for content, text in (
        (b"", "size is 0 bytes, allowed: a multiple of 3073"),
        (data[:-1], "size is 6145 bytes"),
        (data + b"\0", "size is 6147 bytes"),
        (data[:3073] + b"\x0a" + data[3074:], "class of record 1 is 10, allowed: 0 to 9 .1 of 2 records"),
        (gzip.compress(data)[:-9], "a whole file, plain or gzip"),
    ):
        path.write_bytes(content)
        for given in (path, tmp_path):
            with pytest.raises(BadFile, match=text):
                read_cifar10(given)


def test_nothing_there(tmp_path):
    with pytest.raises(BadFile, match="no such file"):
        read_cifar10(tmp_path / "none")
    with pytest.raises(BadFile, match=r"a folder with data_batch_\*.bin or test_batch.bin"):
        read_cifar10(tmp_path)
    with pytest.raises(BadInput, match="part is 'tset', allowed: train, test or all"):
        read_cifar10(tmp_path, "tset")
