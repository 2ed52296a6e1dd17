"""A linear projection and a layer of leaky integrate-and-fire neurons in other toolkits.

Much less work than a DPI neuron: at most one synapse, no exponential in a step. Each toolkit is used in the fastest
way that its documentation shows. The projection covers all steps at once everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.arcana_layer import Unavailable
from benchmarks.jobs import TorchJob
from benchmarks.shapes import Shape

GAIN = 1.0  # of the weights: about one spike in twenty steps


def linear(shape: Shape) -> nn.Linear:
    """The projection, the same weights everywhere."""
    torch.manual_seed(0)
    layer = nn.Linear(shape.n_in, shape.n_out, bias=False)
    nn.init.uniform_(layer.weight, 0.0, GAIN / (0.05 * shape.n_in) / 2)
    return layer


def norse_cell(shape: Shape) -> nn.Module:
    """norse: ``LIFCell`` in a loop over time."""
    from norse.torch import LIFCell

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.cell = linear(shape), LIFCell()

        def forward(self, X: Tensor) -> Tensor:
            out, state = [], None
            for x in self.linear(X).unbind(1):
                spikes, state = self.cell(x, state)
                out.append(spikes)
            return torch.stack(out, 1)

    return Net()


def norse_sequence(shape: Shape) -> nn.Module:
    """norse: ``LIF``, its module over sequences (time, batch, n)."""
    from norse.torch import LIF

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.lif = linear(shape), LIF()

        def forward(self, X: Tensor) -> Tensor:
            return self.lif(self.linear(X).transpose(0, 1))[0].transpose(0, 1)

    return Net()


def snntorch_leaky(shape: Shape) -> nn.Module:
    """snntorch: ``Leaky`` in a loop over time."""
    import snntorch

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.lif = linear(shape), snntorch.Leaky(beta=0.95)

        def forward(self, X: Tensor) -> Tensor:
            out, mem = [], self.lif.reset_mem()
            for x in self.linear(0.3 * X).unbind(1):
                spikes, mem = self.lif(x, mem)
                out.append(spikes)
            return torch.stack(out, 1)

    return Net()


def spikingjelly_multistep(shape: Shape) -> nn.Module:
    """spikingjelly: ``LIFNode`` in multi-step mode with its torch backend, (time, batch, n)."""
    from spikingjelly.activation_based import functional, neuron

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.lif = linear(shape), neuron.LIFNode(tau=20.0, step_mode="m")

        def forward(self, X: Tensor) -> Tensor:
            functional.reset_net(self.lif)
            return self.lif(5 * self.linear(X).transpose(0, 1)).transpose(0, 1)

    return Net()


def sinabs_lif(shape: Shape) -> nn.Module:
    """sinabs: ``LIF`` over (batch, time, n)."""
    import sinabs.layers

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.lif = linear(shape), sinabs.layers.LIF(tau_mem=20.0)

        def forward(self, X: Tensor) -> Tensor:
            self.lif.reset_states()
            return self.lif(5 * self.linear(X))

    return Net()


LIFS: dict[str, tuple[str, Callable[[Shape], nn.Module]]] = {
    "norse LIFCell, loop": ("norse", norse_cell),
    "norse LIF, sequence": ("norse", norse_sequence),
    "snntorch Leaky, loop": ("snntorch", snntorch_leaky),
    "spikingjelly LIFNode, multi-step": ("spikingjelly", spikingjelly_multistep),
    "sinabs LIF": ("sinabs", sinabs_lif),
}


def job(name: str, shape: Shape, device: str = "cpu") -> TorchJob:
    """The toolkit's layer at a shape.

    Raises:
        Unavailable: if the toolkit is not installed, or the shape is not for it.
    """
    package, make = LIFS[name]
    if shape.chips > 1:
        raise Unavailable("has no virtual chips")
    if shape.recurrent:
        raise Unavailable("measured without recurrence only")
    try:
        module = make(shape)
    except ImportError as error:
        raise Unavailable(f"{package} cannot be imported: {error}") from error
    return TorchJob(module, shape, lambda net, X: net(X), device=device)
