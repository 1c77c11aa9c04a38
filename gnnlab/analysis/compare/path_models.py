"""Recurrent and graph networks that read the same path graphs, with one way in and one way out.

Legend: N nodes of all sequences, B sequences, E width of the embedding, H hidden, C classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from gnnlab import training
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.nn import CELLS, GatedGraphConv, GCNConv, GRUCell, RecurrentConv, Schedule, make_cell
from gnnlab.sequences import Task

#: Networks whose nodes are all updated at once, as often as they have layers or steps.
SYNCHRONOUS = ("gcn", "gated")
#: All networks; those with the name of a cell carry its state from the first node to the last.
PATH_MODELS = (*CELLS, *SYNCHRONOUS)
#: How far the numbers of parameters of two networks may lie apart to be called equal.
TOLERANCE = 0.05
_EMBEDDING_SIZE = 16


class PathModel(nn.Module):
    r"""A network on path graphs that answers from the state of the last node.

    .. math::
        p_b = W_{ph}\, h_{\text{last}(b)} + b_p

    Symbols enter through a table. What lies in between goes by the name of

    - a cell, such as ``"lstm"``: a :class:`~gnnlab.nn.RecurrentConv`, one node after the other;
    - ``"gcn"``: K layers of :class:`~gnnlab.nn.GCNConv`, each with weights of its own, with a
      rectifier in between;
    - ``"gated"``: a :class:`~gnnlab.nn.GatedGraphConv` of K steps, with a GRU as node update and
      the same weights in every step.

    Weight matrices start from `Kaiming-normal numbers <https://arxiv.org/abs/1502.01852>`_ and
    biases from zero.

    Args:
        name: One of ``PATH_MODELS``.
        num_symbols: Symbols are whole numbers below this.
        num_classes: C.
        hidden_size: Width H of the nodes' states.
        depth: K, for the synchronous networks only.

    Shape:
        - x: :math:`(N)` whole numbers; edge_index: :math:`(2, E)` or a
          :class:`~gnnlab.nn.Schedule`, nodes in any order; output: :math:`(B, C)`, in the order of
          the sequences' first nodes.

    Raises:
        UnknownNameError: If there is no such network.
        InputError: If the graph is no set of paths, or a size is impossible.

    Example:
        >>> model = PathModel("gated", num_symbols=2, num_classes=2, hidden_size=16, depth=3)
        >>> model(torch.tensor([0, 1, 1, 0, 1]), Schedule.from_lengths([3, 2])).shape
        torch.Size([2, 2])
    """

    def __init__(
        self, name: str, num_symbols: int, num_classes: int, hidden_size: int, depth: int = 1
    ):
        super().__init__()
        if name not in PATH_MODELS:
            raise UnknownNameError.of("network", name, PATH_MODELS)
        H = training.check_count("hidden_size", hidden_size)
        K = training.check_count("depth", depth)
        self.name = name
        # A gated layer takes no input that is wider than its states.
        E = min(_EMBEDDING_SIZE, H)
        self.embedding = nn.Embedding(num_symbols, E)
        if name == "gcn":
            layers = [GCNConv(H if number else E, H) for number in range(K)]
        elif name == "gated":
            layers = [GatedGraphConv(GRUCell(H, H), steps=K)]
        else:
            layers = [RecurrentConv(make_cell(name, E, H))]
        self.layers = nn.ModuleList(layers)
        self.output = nn.Linear(H, num_classes)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        nn.init.normal_(self.embedding.weight)
        nonlinearity = "relu" if self.name == "gcn" else "linear"
        for name, parameter in [*self.layers.named_parameters(), *self.output.named_parameters()]:
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() > 1:
                nn.init.kaiming_normal_(parameter.flatten(0, -2), nonlinearity=nonlinearity)

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def forward(self, x: Tensor, edge_index: Tensor | Schedule) -> Tensor:
        """The logits of every sequence."""
        paths = Schedule.of(edge_index, x.size(0))
        if paths.kind != "path":
            raise InputError("sequences are path graphs", where="edge_index", value=repr(paths))
        h = self.embedding(x)  # [N, E]
        for number, layer in enumerate(self.layers):
            h = layer(h.relu() if number else h, paths.edge_index)  # [N, H]
        return self.output(h[paths.sinks])  # [B, C]


def matched_width(name: str, task: Task, parameters: int, depth: int = 1) -> int:
    """The width of the network whose number of parameters comes nearest to a given one.

    Args:
        name: One of ``PATH_MODELS``.
        task: What will be learned, as it decides how many symbols and classes there are.
        parameters: The number of parameters to come near to.
        depth: K of the synchronous networks.

    Raises:
        UnknownNameError: If there is no such network.
        InputError: If no width comes within 5 %.

    Example:
        >>> from gnnlab.sequences import BinaryPalindrome
        >>> [matched_width(name, BinaryPalindrome(6), 12_000, depth=4)
        ...  for name in ("lstm", "gcn", "gated")]
        [47, 60, 41]
    """
    training.check_count("parameters", parameters)

    def excess(width: int) -> int:
        with torch.device("meta"):
            model = PathModel(name, task.num_symbols, task.num_classes, width, depth)
        return model.num_parameters() - parameters

    low, high = 1, 2
    while excess(high) < 0:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    width = min(low, high, key=lambda width: abs(excess(width)))
    if abs(excess(width)) > TOLERANCE * parameters:
        raise InputError(
            f"no width of {name!r} comes within {TOLERANCE:.0%} of {parameters:,} parameters",
            where=f"depth {depth}",
            value=f"{parameters + excess(width):,}",
            remedy="allow more parameters, or fewer layers",
        )
    return width


def check_names(where: str, names: Sequence[str], kind: str, known: Iterable[str]) -> list[str]:
    """The names without repetitions, if they are at least one and all known.

    Args:
        where: What the argument is called.
        names: What was given.
        kind: What they are names of.
        known: The names that there are.

    Raises:
        InputError: If it is no list, or an empty one.
        UnknownNameError: If one is not known.

    Example:
        >>> check_names("models", ["gcn", "lstm", "gcn"], "network", PATH_MODELS)
        ['gcn', 'lstm']
    """
    if isinstance(names, str) or not len(names):
        raise InputError("a list of at least one is needed", where=where, value=repr(names))
    for name in names:
        if name not in known:
            raise UnknownNameError.of(kind, name, known)
    return list(dict.fromkeys(names))
