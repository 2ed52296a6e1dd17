"""IDX files: every type and shape comes back, and every way to damage one is named."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from arcana.data.idx import is_idx, read_idx, read_images
from arcana.errors import BadFile, BadInput

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array):
    """The bytes of an IDX file, from the description of the format."""
    code = CODES[array.dtype.str[1:]]
    head = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@st.composite
def arrays(draw):
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
    return draw(hnp.arrays(draw(st.sampled_from(sorted(CODES))), shape))


@given(arrays(), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_comes_back(tmp_path, array, packed):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    found = read_idx(path)
    assert is_idx(path)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable


GOOD = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "magic is ''"),
        (b"\0\0\x08", "magic is '00 00 08', allowed: 00 00, the type .08, 09, 0b, 0c, 0d, 0e. and"),
        (b"\x01" + GOOD[1:], "magic is '01 00 08 03'.*no IDX file"),
        (b"\0\0\x0a" + GOOD[3:], "magic is '00 00 0a 03'"),
        (b"\0\0\x08\x21" + GOOD[4:], "magic is '00 00 08 21'.*0 to 32"),
        (GOOD[:10], "sizes is 6 bytes, allowed: 12"),
        (GOOD[:-1], "values is 23 bytes, allowed: 24 bytes after the header: 2 x 3 x 4 of type uint8.*cut off"),
        (GOOD[:16], "values is 0 bytes, allowed: 24 bytes"),
        (GOOD + b"\0", "more than 24' bytes.*there are bytes behind"),
        (b"\0\0\x08\x04" + b"\xff" * 16, r"sizes is \(4294967295.*allowed: 4294967296 bytes of values at most"),
        (b"\0\0\x08\x01" + struct.pack(">I", 2**32 - 1), "values is 0 bytes, allowed: 4294967295 bytes"),
    ],
)
def test_damaged_files(tmp_path, content, text, packed):
    path = tmp_path / "damaged"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(BadFile, match=text):
        read_idx(path)


def test_damaged_packing(tmp_path):
    path, packed = tmp_path / "file.gz", gzip.compress(GOOD)
    for content in (
        packed[:-12],
        packed[:-4],
        packed[:5],
        packed[:-8] + b"\0\0\0\0" + packed[-4:],
        packed + b"rest",
    ):
        path.write_bytes(content)
        with pytest.raises(BadFile, match=r"file is 'file.gz', allowed: a whole file, plain or gzip"):
            read_idx(path)


def test_what_is_no_file(tmp_path):
    with pytest.raises(BadFile, match="no such file"):
        read_idx(tmp_path / "none")
    with pytest.raises(BadFile, match="no regular file"):
        read_idx(tmp_path)
    with pytest.raises(BadInput, match="path is 3"):
        read_idx(3)


@pytest.mark.parametrize("shape", [(5, 3, 4), (5, 3, 4, 2)])
def test_images_with_their_labels(tmp_path, shape):
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    (tmp_path / "i").write_bytes(idx(pixels))
    (tmp_path / "l").write_bytes(gzip.compress(idx(np.arange(5, dtype=np.uint8))))
    found = read_images(tmp_path / "i", tmp_path / "l")
    np.testing.assert_array_equal(found.images, pixels)
    assert (found.labels.dtype, found.labels.tolist()) == (np.int64, [0, 1, 2, 3, 4])


@pytest.mark.parametrize(
    ("pixels", "labels", "texts"),
    [
        (np.zeros((5, 2, 2), "u1"), np.zeros(4, "u1"), ["labels .* is 4 labels, allowed: 5, one for each image"]),
        (np.zeros(5, "u1"), np.zeros((5, 2, 2), "u1"), ["the file of labels", r"labels .*\(5, 2, 2\) of uint8"]),
        (np.zeros((5, 2, 2), "f4"), np.zeros(5, "i2"), ["of float32", "of int16"]),
        (np.zeros((0, 2, 2), "u1"), np.zeros(0, "u1"), ["none of them 0"]),
    ],
)
def test_files_that_do_not_go_together(tmp_path, pixels, labels, texts):
    (tmp_path / "i").write_bytes(idx(pixels))
    (tmp_path / "l").write_bytes(idx(labels))
    for text in texts:
        with pytest.raises(BadFile, match=text) as caught:
            read_images(tmp_path / "i", tmp_path / "l")
        assert len(caught.value.problems) == len(texts)
