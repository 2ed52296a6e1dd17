"""The bRNN family as its scripts write it: one cell, called for each step, with everything made anew in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from arcana.networks.brnn.network import BRNN

PRESETS = ("cb_gru", "cb_rnn", "dale_cb", "dale_cb_stp")


class ScriptLoop(nn.Module):
    """Equations of four presets, step by step on column vectors, with the parameters of a network of ours.

    As in the scripts, constraints and input projections are calculated in every step, and autograd records each
    operation.

    Args:
        network: ``cb_gru``, ``cb_rnn``, ``dale_cb`` or ``dale_cb_stp``.
    """

    def __init__(self, network: BRNN) -> None:
        super().__init__()
        assert network.preset in PRESETS
        self.preset, self.dt, self.n = network.preset, network.dt, network.n_hidden
        for name, value in network.cell.named_parameters():
            column = value[:, None] if name in ("b", "b_z", "c_x", "c_u", "c_U") else value
            self.register_parameter(name, nn.Parameter(column.detach().clone()))
        self.fc = nn.Linear(*network.readout.weight.shape[::-1])
        self.fc.load_state_dict(network.readout.state_dict())

    def cell(self, x: Tensor) -> None:
        """One step; the state is kept in the module."""
        r, sent = torch.sigmoid(self.v), torch.sigmoid(self.v)
        if self.preset == "dale_cb_stp":
            z_x = 0.001 + 0.099 * torch.sigmoid(self.c_x)
            z_u = 0.001 + 0.099 * torch.sigmoid(self.c_u)
            U = 0.9 * torch.sigmoid(self.c_U)
            self.x = z_x + (1 - z_x) * self.x - self.u * self.x * r
            self.u = U * z_u + (1 - z_u) * self.u + U * (1 - self.u) * r
            self.u = torch.minimum(torch.maximum(self.u, U), torch.ones_like(self.u))
            sent = self.u * self.x * r
        K, P_z = self.K, self.P_z
        if self.preset == "cb_rnn":
            K, P_z = torch.relu(K), softplus(P_z)
        if self.preset.startswith("dale"):
            K, C = softplus(self.K), softplus(self.C)
            half = self.n // 2
            W = torch.cat([torch.relu(self.e_e * (K + C)[:, :half]), -torch.relu(-self.e_i * (K + C)[:, half:])], 1)
        else:
            W = self.W
        z = self.dt * torch.sigmoid(torch.matmul(K, r) + torch.matmul(P_z, x) + self.b_z)
        self.v = (1 - z) * self.v + self.dt * (torch.matmul(W, sent) + torch.matmul(self.P, x) + self.b)

    def forward(self, sequence: Tensor) -> Tensor:
        """(B, T, n_in) -> logits (B, n_out)."""
        batch = len(sequence)
        self.v = sequence.new_zeros(self.n, batch)
        if self.preset == "dale_cb_stp":
            self.x = torch.ones_like(self.v)
            self.u = (0.9 * torch.sigmoid(self.c_U)).expand(-1, batch)
        for t in range(sequence.shape[1]):
            self.cell(sequence[:, t].t())
        v = self.v
        if self.preset.startswith("dale"):
            v = torch.cat([v[: self.n // 2], torch.zeros_like(v[self.n // 2 :])])
        out: Tensor = self.fc(v.t())
        return out
