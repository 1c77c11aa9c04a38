"""Recurrent aggregation: a group of neighbours is a path graph, its last state the summary.

Legend: N elements, B groups, F input, H hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.nn.aggr import Aggregation

from gnnlab.errors import InputError
from gnnlab.nn.cells import GRUCell, LSTMCell
from gnnlab.nn.recurrent import RecurrentConv
from gnnlab.nn.schedule import Schedule


class _RecurrentAggregation(Aggregation):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.conv = RecurrentConv(self.cell_class(in_channels, out_channels))

    def reset_parameters(self) -> None:
        """Draws the parameters of the cell anew."""
        self.conv.reset_parameters()

    def forward(
        self,
        x: Tensor,
        index: Tensor | None = None,
        ptr: Tensor | None = None,
        dim_size: int | None = None,
        dim: int = -2,
        max_num_elements: int | None = None,
    ) -> Tensor:
        """The last state of every group, ``[B, H]``; zeros for a group without elements.

        Args:
            x: ``[N, F]``.
            index: ``[N]``, the group of each element, in any order: a group's sequence is the
                order in which its elements appear.
            ptr: ``[B + 1]``, where the groups begin, as an alternative to ``index``.
            dim_size: B; by default one more than the largest group number.
            dim: The dimension of the elements, which must be the first of two.
            max_num_elements: Not used; part of PyG's interface.
        """
        if x.dim() != 2 or dim not in (-2, 0):
            raise InputError(
                "recurrent aggregation takes elements [N, F] along dim=-2",
                where="x, dim",
                value=(list(x.shape), dim),
            )
        if ptr is not None:
            counts = ptr.diff()
        elif index is not None:
            counts = torch.bincount(index, minlength=dim_size or 0)
            if bool((index.diff() < 0).any()):
                x = x.index_select(0, index.argsort(stable=True))
        else:
            counts = torch.tensor([x.size(0)])
        filled = counts.nonzero().squeeze(1)
        schedule = Schedule.from_lengths(counts[filled])
        _, (h, *_) = self.conv(x, schedule, return_state=True)  # [groups with elements, H]
        size = counts.numel() if dim_size is None else dim_size
        return h.new_zeros(size, h.size(1)).index_copy(0, filled, h)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels})"


class LSTMAggregation(_RecurrentAggregation):
    r"""An LSTM over the elements of a group, for ``SAGEConv(..., aggr=...)`` and for readout.

    From `Hamilton et al., 2017 <https://arxiv.org/abs/1706.02216>`_.

    A group's result depends on its own elements and their order alone. (PyG's class of this name
    runs on over the filling up to the length of the longest group, so that a group's result
    changes with its company.)

    Args:
        in_channels: F.
        out_channels: H.

    Example:
        >>> aggregate = LSTMAggregation(3, 5)
        >>> aggregate(torch.randn(4, 3), torch.tensor([0, 0, 0, 2])).shape
        torch.Size([3, 5])
    """

    cell_class = LSTMCell


class GRUAggregation(_RecurrentAggregation):
    r"""A GRU over the elements of a group; otherwise as :class:`LSTMAggregation`.

    Args:
        in_channels: F.
        out_channels: H.

    Example:
        >>> aggregate = GRUAggregation(3, 5)
        >>> aggregate(torch.randn(4, 3), ptr=torch.tensor([0, 3, 3, 4])).shape
        torch.Size([3, 5])
    """

    cell_class = GRUCell
