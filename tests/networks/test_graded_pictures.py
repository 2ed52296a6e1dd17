"""Pictures of circuits, by what they hold: the PNG itself is looked at by people."""

from __future__ import annotations

import pytest
import torch

import arcana
from arcana.errors import BadInput
from arcana.networks import TWC
from arcana.networks.pictures import circuit_picture, trace_picture

PNG = b"\x89PNG\r\n"


@pytest.fixture
def drawn(monkeypatch):
    """Figures as they are when they become PNG."""
    pytest.importorskip("matplotlib")
    from arcana.networks import pictures

    kept = []

    def keep(figure):
        kept.append(figure)
        return png(figure)

    png = pictures.png
    monkeypatch.setattr(pictures, "png", keep)
    return kept


def test_every_neuron_and_connection_is_in_the_circuit(drawn):
    twc = TWC()
    assert circuit_picture(twc.graph()).startswith(PNG)
    (axis,) = drawn[0].axes
    assert sorted(t.get_text() for t in axis.texts) == sorted(twc.neurons)
    assert len(axis.patches) == len(twc.connections) == 26
    by_weight = sorted(
        zip((c.weight for c in twc.connections), (p.get_linewidth() for p in axis.patches), strict=True)
    )
    widths = [width for _, width in by_weight]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["excitatory", "inhibitory", "gap junction"]


def test_no_two_neurons_lie_on_each_other(drawn):
    circuit_picture(TWC().graph())
    places = torch.tensor([t.get_position() for t in drawn[0].axes[0].texts])
    assert torch.pdist(places).min() > 1


def test_the_trace_shows_what_was_recorded(drawn):
    twc, obs = TWC.solved(), torch.rand(2, 20, 2, dtype=torch.float64) * 0.1 - 0.4
    trace = twc.run(obs)
    assert trace_picture(twc, trace, obs, ("position", "velocity"), row=1).startswith(PNG)
    first, *panels, last = drawn[0].axes
    assert [p.get_ylabel() for p in panels][:4] == ["PVD", "ALM", "PLM", "AVM"]
    assert [p.get_ylabel() for p in panels][-2:] == ["FWD", "REV"]
    for panel in panels:
        shown = torch.from_numpy(panel.lines[-1].get_ydata())
        assert torch.equal(shown, trace.E[1, :, twc.neurons.index(panel.get_ylabel())].detach())
    assert torch.equal(torch.from_numpy(last.lines[-1].get_ydata()), trace.action[1].detach())
    assert [t.get_text()[:8] for t in first.get_legend().get_texts()] == ["position", "velocity"]


def test_a_single_step_can_be_drawn(drawn):
    twc, obs = TWC(), torch.zeros(1, 1, 2)
    assert trace_picture(twc, twc.run(obs), obs).startswith(PNG)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"row": 1}, r"row is 1, allowed: a run from 0 to 0"),
        ({"row": True}, r"row is True"),
        ({"names": ("position",)}, r"names is \['position'\], allowed: 2 names, one for each input"),
    ],
)
def test_what_cannot_be_drawn(options, said):
    twc, obs = TWC(), torch.zeros(1, 3, 2)
    with pytest.raises(BadInput, match=said):
        trace_picture(twc, twc.run(obs), obs, **options)


def test_a_graded_circuit_is_not_put_on_a_chip():
    for net in (TWC(), TWC().graph()):
        with pytest.raises(BadInput, match=r"11 graded units', allowed: neurons that spike") as caught:
            arcana.map_network(net, "dynapse1")
        assert "no chip has a circuit for its 2 gap junctions (AVM -> AVD, PLM -> PVC)" in str(caught.value)
