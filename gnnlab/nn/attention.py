"""Graph attention: every node weighs its neighbours by a learned score.

Legend: N nodes, E edges, B graphs, F in, H out of one head, K heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.nn import Linear
from torch_geometric.nn.inits import glorot

from gnnlab.errors import InputError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.aggregate import check_match, check_nodes
from gnnlab.nn.csr import CSR
from gnnlab.nn.features import linear
from gnnlab.nn.maximum import maximum
from gnnlab.nn.product import multiply


class GATConv(nn.Module):
    r"""Graph attention (`Velickovic et al., 2018 <https://arxiv.org/abs/1710.10903>`_).

    .. math::
        z_v = W x_v, \qquad
        \alpha_{vu} = \underset{u \in N(v)}{\text{softmax}} \;
            \text{LeakyReLU}\big(a_{source}^T z_u + a_{target}^T z_v\big), \qquad
        x'_v = \sum_{u \in N(v)} \alpha_{vu} z_u + b

    for each of K heads, which are concatenated or averaged. :math:`N(v)` is the set of nodes with
    an edge to v (and v itself, if ``self_loops``). Only the pattern of the adjacency counts: its
    weights are not used, duplicate edges are one neighbour, and an entry of zero is no edge. A node
    without any neighbour gets the bias. The ``state_dict`` fits PyG's layer.

    Args:
        in_channels: Width F of the node features; -1 to read it off the first input.
        out_channels: Width H of the output of one head.
        heads: K.
        concat: Whether the heads are concatenated; if ``False``, their mean is the output.
        negative_slope: Slope of the LeakyReLU for negative scores.
        dropout: Share of the attention weights that is dropped in training.
        self_loops: Whether every node is its own neighbour; if ``False``, only self loops of the
            graph make it one.
        bias: If ``False``, there is no :math:`b`.

    Shape:
        - x, edge_index: as :class:`~gnnlab.nn.gcn.GCNConv`, the same numbers for all forms
        - output: :math:`(N, K H)`, or :math:`(N, H)` if not ``concat``; with a leading B for a
          padded batch

    Raises:
        ShapeError: If x and edge_index do not fit each other or the layer.
        DtypeError: If node ids are not integers, or features not floating-point numbers.
        InputError: If a node id is not in 0..N-1, or ``heads`` or ``dropout`` make no sense.
        NonFiniteError: If a feature is NaN or infinite.

    Example:
        >>> attention = GATConv(3, 4, heads=2)
        >>> edge_index = torch.tensor([[0, 1], [2, 2]])
        >>> attention(torch.ones(3, 3), edge_index).shape
        torch.Size([3, 8])
        >>> out, (edges, alpha) = attention(torch.ones(3, 3), edge_index, return_attention=True)
        >>> edges
        tensor([[0, 1, 0, 1, 2],
                [0, 1, 2, 2, 2]])
        >>> [round(weight, 2) for weight in alpha[:, 0].tolist()]
        [1.0, 1.0, 0.33, 0.33, 0.33]
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heads: int = 1,
        *,
        concat: bool = True,
        negative_slope: float = 0.2,
        dropout: float = 0.0,
        self_loops: bool = True,
        bias: bool = True,
    ):
        super().__init__()
        if heads < 1:
            raise InputError("attention needs at least one head", where="heads", value=heads)
        if not 0 <= dropout <= 1:
            raise InputError("dropout is a share from 0 to 1", where="dropout", value=dropout)
        self.in_channels, self.out_channels, self.heads = in_channels, out_channels, heads
        self.concat, self.self_loops = concat, self_loops
        self.negative_slope, self.dropout = negative_slope, dropout
        # The names and shapes of the parameters are PyG's, so that weights can be exchanged.
        self.lin = Linear(in_channels, heads * out_channels, False, weight_initializer="glorot")
        self.att_src = nn.Parameter(torch.empty(1, heads, out_channels))
        self.att_dst = nn.Parameter(torch.empty(1, heads, out_channels))
        width = heads * out_channels if concat else out_channels
        self.bias = nn.Parameter(torch.empty(width)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the weights anew (Glorot) and sets the bias to zero."""
        self.lin.reset_parameters()
        glorot(self.att_src)
        glorot(self.att_dst)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(
        self, x: Tensor, edge_index: Tensor | Adjacency, *, return_attention: bool = False
    ) -> Tensor | tuple[Tensor, tuple[Tensor, Tensor]]:
        """Computes the attention layer; shapes and errors as listed for the class.

        Args:
            x: Node features.
            edge_index: The graph, in any form.
            return_attention: If ``True``, also returns the edges ``[2, E]`` that were attended to,
                with the self loops, and their weights ``[E, K]`` before dropout. Node n of graph b
                of a padded batch has the id ``b * N + n``.
        """
        check_nodes(x, self.lin.in_channels, self.lin.weight)
        adjacency = Adjacency.of(edge_index, x.size(-2))
        check_match(adjacency, x)
        z = linear(self.lin, x).view(-1, self.heads, self.out_channels)  # [N, K, H]
        edges = adjacency.neighbours(self.self_loops)
        score = _from_sender(edges, (z * self.att_src).sum(-1)) + _from_receiver(
            edges, (z * self.att_dst).sum(-1)
        )  # [E, K]
        alpha = softmax(edges, functional.leaky_relu(score, self.negative_slope))  # [E, K]
        weight = functional.dropout(alpha, self.dropout, self.training)
        heads = [multiply(edges, z[:, k], weight[:, k]) for k in range(self.heads)]  # K of [N, H]
        out = torch.cat(heads, dim=1) if self.concat else torch.stack(heads).mean(0)
        out = out.view(*x.shape[:-1], out.size(-1))
        out = out if self.bias is None else out + self.bias
        if not return_attention:
            return out
        return out, (torch.stack([edges.index, edges.row]).long(), alpha)

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}({self.in_channels}, {self.out_channels}, heads={self.heads})"


def softmax(edges: CSR, score: Tensor) -> Tensor:
    r"""Normalises scores over the edges that arrive at the same node.

    .. math::
        \alpha_e = \frac{\exp(s_e)}{\sum_{e' \to v} \exp(s_{e'})}

    Args:
        edges: E of them.
        score: ``[E, K]``, in the order of the entries.

    Returns:
        ``[E, K]``.
    """
    highest = maximum(edges.arrivals, score.detach())  # [N, K], only against overflow
    powers = (score - _from_receiver(edges, highest)).exp()
    return powers / _from_receiver(edges, multiply(edges.arrivals, powers))


def _from_receiver(edges: CSR, values: Tensor) -> Tensor:
    """Hands every edge the value of its receiver: ``[N, K]`` to ``[E, K]``."""
    return multiply(edges.arrivals.transposed(), values)


def _from_sender(edges: CSR, values: Tensor) -> Tensor:
    """Hands every edge the value of its sender: ``[N, K]`` to ``[E, K]``."""
    return multiply(edges.departures.transposed(), values)
