"""The network behind the sequence classifier.

Legend: N nodes of all sequences, B sequences, C classes, H hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnnlab.errors import DtypeError, InputError, ShapeError, UnknownNameError
from gnnlab.nn import CELLS, GraphRNN, Schedule

#: How steps enter: symbols through a table or as raw numbers, features as they are.
INPUTS = ("embedding", "scalar", "features")
#: All cells, and behind "bi" each of them in both directions.
CELL_NAMES = (*CELLS, *(f"bi{name}" for name in CELLS))


class SequenceModel(nn.Module):
    r"""A recurrent network over path graphs that reads its answer from the final states.

    .. math::
        p = W_{ph} \, [\overrightarrow{h}_T ; \overleftarrow{h}_1] + b_p

    Both directions have seen the whole sequence in the state that is read: the forward one at the
    last node, the backward one at the first. With ``inputs="scalar"`` and one LSTM layer there are
    4HI + 4HH + 4H + CH + C parameters, I = 1.

    Weight matrices start from `Kaiming-normal numbers <https://arxiv.org/abs/1502.01852>`_ and
    biases from zero.

    Args:
        inputs: ``"embedding"``, ``"scalar"`` or ``"features"``.
        in_channels: Number of symbols for ``"embedding"``, width of a step otherwise.
        num_classes: C.
        cell: One of ``CELL_NAMES``, such as ``"lstm"`` or ``"bilstm"``.
        hidden_size: Width H of the state in each direction.
        num_layers: Number of recurrent layers.
        embedding_size: Width of the embedding.
        executor: See :class:`gnnlab.nn.RecurrentConv`.

    Shape:
        - x: :math:`(N)` ids, or :math:`(N, F)` features; edge_index: :math:`(2, E)` or a
          :class:`gnnlab.nn.Schedule`; output: :math:`(B, C)`, the logits.

    Raises:
        UnknownNameError: If ``inputs`` or ``cell`` is not known.

    Example:
        >>> model = SequenceModel("embedding", in_channels=15, num_classes=15, cell="bilstm")
        >>> model(torch.tensor([3, 1, 2, 0, 1]), Schedule.from_lengths([3, 2])).shape
        torch.Size([2, 15])
    """

    def __init__(
        self,
        inputs: str,
        in_channels: int,
        num_classes: int,
        cell: str = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        embedding_size: int = 64,
        executor: str = "auto",
    ):
        super().__init__()
        if inputs not in INPUTS:
            raise UnknownNameError.of("kind of inputs", inputs, INPUTS)
        self.inputs, self.in_channels = inputs, in_channels
        self.embedding = None
        if inputs == "embedding":
            if not isinstance(embedding_size, int) or embedding_size < 1:
                raise InputError(
                    "a size is a whole number from 1",
                    where="embedding_size",
                    value=repr(embedding_size),
                )
            self.embedding = nn.Embedding(in_channels, embedding_size)
        name, self.bidirectional = split_cell_name(cell)
        self.recurrent = GraphRNN(
            in_channels if self.embedding is None else embedding_size,
            hidden_size,
            num_layers=num_layers,
            cell=name,
            bidirectional=self.bidirectional,
            executor=executor,
        )
        self.output = nn.Linear(self.recurrent.out_channels, num_classes)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        self.recurrent.reset_parameters()
        for name, parameter in self.named_parameters():
            if name.endswith("bias") or ".bias_" in name:
                nn.init.zeros_(parameter)
            elif parameter.dim() > 1:
                nn.init.kaiming_normal_(parameter, nonlinearity="linear")
        if self.embedding is not None:
            # One row is the whole input, so rows of unit variance are what Kaiming's rule asks for.
            nn.init.normal_(self.embedding.weight)

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def forward(self, x: Tensor, edge_index: Tensor | Schedule) -> Tensor:
        """The logits of every sequence, in the order of their first nodes."""
        x = self._enter(x)  # [N, F]
        paths = Schedule.of(edge_index, x.size(0))
        h = self.recurrent(x, paths)  # [N, H] or [N, 2H]
        first, last = paths.sources.to(h.device), paths.sinks.to(h.device)
        # Read at the nodes: asking for states would keep unequal lengths from the fastest kernel.
        if self.bidirectional:
            forward, backward = h.chunk(2, dim=-1)  # [N, H] each
            h = torch.cat([forward[last], backward[first]], dim=-1)  # [B, 2H]
        else:
            h = h[last]  # [B, H]
        return self.output(h)  # [B, C]

    def _enter(self, x: Tensor) -> Tensor:
        if (self.inputs == "features") != x.is_floating_point():
            expected = "real numbers" if self.inputs == "features" else "ids (whole numbers)"
            raise DtypeError(f"the model takes {expected}", where="x", value=x.dtype)
        if self.inputs == "embedding":
            return self.embedding(x)  # [N, F]
        if self.inputs == "scalar":
            return x.unsqueeze(-1).to(self.output.weight.dtype)  # [N, 1]
        if x.dim() != 2 or x.size(1) != self.in_channels:
            raise ShapeError(
                f"the model takes {self.in_channels} features per step",
                where="x",
                value=list(x.shape),
            )
        return x


def split_cell_name(name: str) -> tuple[str, bool]:
    """The name of a cell and whether it runs in both directions.

    Raises:
        UnknownNameError: If there is no such cell.

    Example:
        >>> split_cell_name("bilstm")
        ('lstm', True)
    """
    if name not in CELL_NAMES:
        raise UnknownNameError.of("cell", name, CELL_NAMES)
    return (name, False) if name in CELLS else (name.removeprefix("bi"), True)
