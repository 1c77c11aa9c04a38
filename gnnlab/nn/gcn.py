"""The graph convolution: every node takes a weighted mean of its neighbourhood, then a linear map.

Legend: N nodes, E edges, B graphs, F in, H out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import Linear

from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.aggregate import aggregate, check_nodes
from gnnlab.nn.features import is_narrow, is_sparse, linear
from gnnlab.nn.normalize import check_normalization


class GCNConv(nn.Module):
    r"""Graph convolution (`Kipf & Welling, 2017 <https://arxiv.org/abs/1609.02907>`_).

    .. math::
        X' = \hat{A} X W + b, \qquad \hat{A} = D^{-1/2} (A + I) D^{-1/2}

    :math:`A_{vu}` is the weight of the edge from u to v, and :math:`D` the diagonal of the weighted
    in-degrees of :math:`A + I`, used at both ends of an edge (as in PyG). Duplicate edges add up.
    :math:`A + I` is meant literally: a self loop of the graph counts in addition to the identity,
    where PyG's layer keeps the weight of the loop instead. Without self loops the two are equal,
    and the ``state_dict`` of one fits the other.

    The plain layer sends a node's own state through the same map as its neighbours' states, so the
    two are averaged into one and cannot be told apart afterwards. With ``self_weight=True`` the
    self-connections (the whole diagonal of :math:`\hat{A}`) have a weight matrix of their own:

    .. math::
        X' = (\hat{A} - \text{diag}\,\hat{A})\, X W + (\text{diag}\,\hat{A})\, X W_{self} + b

    which is the plain layer if :math:`W_{self} = W`.

    Args:
        in_channels: Width F of the node features; -1 to read it off the first input.
        out_channels: Width H of the output.
        self_weight: Whether self-connections have their own weight matrix.
        normalize: ``"sym"`` as above, ``"row"`` for :math:`D^{-1} (A + I)`, ``None`` for
            :math:`A + I`.
        bias: If ``False``, there is no :math:`b`.

    Shape:
        - x: :math:`(N, F)`, for a padded batch :math:`(B, N, F)`; or a torch sparse tensor
          :math:`(N, F)`, such as a bag of words, which is never made dense
        - edge_index: :math:`(2, E)` or an ``EdgeIndex``; a torch sparse tensor :math:`(N, N)` with
          row = target (PyG's ``adj_t``); a dense tensor :math:`(N, N)` or :math:`(B, N, N)` with
          row = source (as ``to_dense_adj`` writes); or an :class:`~gnnlab.nn.adjacency.Adjacency`.
          The numbers are the same for all of them.
        - edge_weight: :math:`(E,)`, only beside an edge list
        - output: :math:`(N, H)` or :math:`(B, N, H)`

    Raises:
        UnknownNameError: If ``normalize`` is not known.
        ShapeError: If x, edge_index and edge_weight do not fit each other or the layer.
        DtypeError: If node ids are not integers, or features or weights not floating-point numbers.
        InputError: If a node id is not in 0..N-1 or a weighted in-degree is not positive.
        NonFiniteError: If a feature or weight is NaN or infinite.

    Example:
        >>> convolution = GCNConv(3, 4)
        >>> edge_index = torch.tensor([[0, 1], [1, 2]])
        >>> convolution(torch.ones(3, 3), edge_index).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        self_weight: bool = False,
        normalize: str | None = "sym",
        bias: bool = True,
    ):
        super().__init__()
        check_normalization(normalize)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.normalize = normalize
        # The names of the parameters are PyG's, so that weights can be exchanged.
        self.lin = Linear(in_channels, out_channels, bias=False, weight_initializer="glorot")
        self.lin_self = (
            Linear(in_channels, out_channels, bias=False, weight_initializer="glorot")
            if self_weight
            else None
        )
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the weights anew (Glorot) and sets the bias to zero."""
        self.lin.reset_parameters()
        if self.lin_self is not None:
            self.lin_self.reset_parameters()
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(
        self, x: Tensor, edge_index: Tensor | Adjacency, edge_weight: Tensor | None = None
    ) -> Tensor:
        """Computes the convolution; shapes and errors as listed for the class."""
        check_nodes(x, self.lin.in_channels, self.lin.weight)
        adjacency = Adjacency.of(edge_index, x.size(-2), edge_weight)
        adjacency = adjacency.normalized(self.normalize, x.dtype)
        if self.lin_self is None:
            out = self._convolve(adjacency, x)  # [N, H]
        else:
            own = adjacency.diagonal().unsqueeze(-1) * linear(self.lin_self, x)  # [N, H]
            out = self._convolve(adjacency.off_diagonal(), x) + own
        return out if self.bias is None else out + self.bias

    def _convolve(self, adjacency: Adjacency, x: Tensor) -> Tensor:
        # (A X) W = A (X W): the sum over the edges is cheaper on the narrower of the two.
        if not is_sparse(x) and is_narrow(x, self.lin):
            return self.lin(aggregate(adjacency, x))
        return aggregate(adjacency, linear(self.lin, x))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels})"
