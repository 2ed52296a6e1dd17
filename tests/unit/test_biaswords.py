from __future__ import annotations

import pytest

from arcana.errors import BadInput
from arcana.hardware import load_profile
from arcana.quantize.biaswords import (
    BiasWord,
    ascending,
    decode_bias,
    decode_shifted,
    encode_bias,
    encode_shifted,
)

SE1 = load_profile("dynapse1")

# Words of the driver for address 8 (index 4 of core 0), n type, high range; codes in the driver's order.
DRIVER = [(0, 0, 0x21000F), (0, 255, 0x210FFF), (1, 100, 0x21464F), (3, 50, 0x21632F), (7, 255, 0x217FFF)]


@pytest.mark.parametrize(("coarse", "fine", "word"), DRIVER)
def test_words_are_the_drivers(coarse, fine, word):
    bias = BiasWord("PS_WEIGHT_EXC_F_N", 0, coarse, fine, n_type=True)
    assert encode_bias(SE1, bias, "caer") == word
    assert decode_bias(SE1, word, "caer") == bias
    turned = bias._replace(coarse=7 - coarse)
    assert encode_bias(SE1, turned, "samna") == encode_bias(SE1, turned) == word
    assert decode_bias(SE1, word) == turned


@pytest.mark.parametrize(("core", "address"), list(enumerate([12, 13, 76, 77])))
def test_addresses(core, address):
    word = encode_bias(SE1, BiasWord("IF_TAU1_N", core, 0, 0))
    assert word >> 18 == address
    assert decode_bias(SE1, word)[:2] == ("IF_TAU1_N", core)


def test_every_bias_of_every_core_comes_back():
    words = set()
    for core in range(4):
        for number, name in enumerate(SE1.bias):
            bias = BiasWord(name, core, number % 8, 10 * number, high_range=number % 2 == 0, enabled=number % 3 > 0)
            word = encode_bias(SE1, bias)
            words.add(word)
            assert decode_bias(SE1, word) == bias._replace(n_type=SE1.bias[name].transistor == "N")
    assert len(words) == 100


def test_buffers_and_shifted_sources():
    word = encode_bias(SE1, BiasWord("u_buffer", None, 2, 80, n_type=False))
    assert word >> 18 == 50
    assert decode_bias(SE1, word) == BiasWord("u_buffer", None, 2, 80, n_type=False)
    for name, address in (("u_ssp", 51), ("u_ssn", 52), ("d_ssp", 115), ("d_ssn", 116)):
        word = encode_shifted(SE1, name, 33)
        assert word == address << 18 | 1 << 16 | 0x3F << 10 | 33 << 4
        assert decode_shifted(SE1, word) == (name, 33)


def test_the_order_trap():
    assert [ascending(code, "caer") for code in range(8)] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert [ascending(code, "samna") for code in range(8)] == list(range(8))
    with pytest.raises(BadInput, match="did you mean 'caer'"):
        ascending(1, "cAER ")
    with pytest.raises(BadInput, match="0 to 7"):
        ascending(8, "samna")


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        (BiasWord("IF_TAU3_N", 0, 0, 0), "did you mean 'IF_TAU"),
        (BiasWord("IF_TAU1_N", 4, 0, 0), "core is 4, allowed: a whole number from 0 to 3"),
        (BiasWord("IF_TAU1_N", None, 0, 0), "core is None"),
        (BiasWord("IF_TAU1_N", 0, 8, 0), "coarse is 8"),
        (BiasWord("IF_TAU1_N", 0, 0, 256), "fine is 256"),
        (BiasWord("u_buffer", 1, 0, 0, n_type=True), "belongs to no core"),
        (BiasWord("u_buffer", None, 0, 0), "the type of this bias is not published"),
    ],
)
def test_words_that_cannot_be(bias, message):
    with pytest.raises(BadInput, match=message):
        encode_bias(SE1, bias)


def test_what_is_no_bias_word():
    with pytest.raises(BadInput, match="special"):
        decode_bias(SE1, 0)
    with pytest.raises(BadInput, match="address is 127"):
        decode_bias(SE1, 127 << 18 | 1 << 16)
    with pytest.raises(BadInput, match="did you mean 'u_ssp'"):
        encode_shifted(SE1, "u_sp", 0)
    with pytest.raises(BadInput, match="a shifted source"):
        decode_shifted(SE1, 50 << 18 | 1 << 16 | 0x3F << 10)
    with pytest.raises(BadInput, match="such as dynapse1"):
        encode_bias(load_profile("dynapse2"), BiasWord("SOIF_DC_P", 0, 0, 0))
