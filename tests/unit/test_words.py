from __future__ import annotations

import pytest

from arcana.errors import BadInput
from arcana.hardware import load_profile


@pytest.mark.parametrize(
    ("source", "neuron", "cam", "kind", "word"),
    [(5, 1, 0, 3, 0x30520001), (1023, 1023, 63, 3, 0x3FFFFFEF), (300, 515, 17, 2, 0x22C70223)],
)
def test_cam_words_are_the_drivers(source, neuron, cam, kind, word):
    values = {
        "source_core": source >> 8,
        "source_neuron": source & 255,
        "core": neuron >> 8,
        "neuron_row": (neuron & 255) // 16,
        "neuron_column": neuron % 16,
        "cam_id": cam,
        "synapse_type": kind,
    }
    layout = load_profile("dynapse1").word["cam"]
    assert layout.encode(**values) == word
    assert layout.decode(word) == values


@pytest.mark.parametrize(
    ("neuron", "sram", "virtual", "sx", "dx", "sy", "dy", "mask", "word"),
    [(5, 1, 0, 0, 1, 1, 2, 15, 0x0C7E02B0), (1023, 3, 3, 1, 3, 1, 3, 15, 0x3FFFFFF0)],
)
def test_sram_words_are_the_drivers(neuron, sram, virtual, sx, dx, sy, dy, mask, word):
    values = {
        "neuron": neuron & 255,
        "core": neuron >> 8,
        "sram_id": sram,
        "virtual_core": virtual,
        "sx": sx,
        "dx": dx,
        "sy": sy,
        "dy": dy,
        "core_mask": mask,
    }
    layout = load_profile("dynapse1").word["sram"]
    assert layout.encode(**values) == word
    assert layout.decode(word) == values


def test_words_refuse_what_does_not_fit():
    layout = load_profile("dynapse1").word["sram"]
    with pytest.raises(BadInput) as caught:
        layout.encode(neuron=256, core=-1, sram_id=1, dx=1, sx=0, dy=True, sy=0, virtual_core=0, maks=15)
    fields = {problem.field: problem.allowed for problem in caught.value.problems}
    assert set(fields) == {"neuron", "core", "dy", "field", "core_mask"}
    assert fields["neuron"] == "a whole number from 0 to 255"
    with pytest.raises(BadInput, match="always 1"):
        layout.decode(0)
    with pytest.raises(BadInput, match="unused bits"):
        layout.decode(0x0C7E02B1)
    with pytest.raises(BadInput, match="32 bits"):
        layout.decode(1 << 32)
