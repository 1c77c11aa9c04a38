r"""How strongly the input of one node moves the output of another, for any model on a graph.

The Jacobian of the whole graph has a block :math:`\partial h_v / \partial x_u` for each pair of
nodes. One backward pass yields a row of it: one channel of one target, towards all sources. The
rows are independent, so many of them run as one batched pass. On a path graph the blocks of a
recurrent layer are the products of back-propagation through time.

Legend: N nodes, T targets, S sources, H output channels, F features, R rows at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gnnlab import training
from gnnlab.analysis.paths import distances, to_nodes
from gnnlab.errors import InputError, MemoryLimitError, ShapeError, UnknownNameError
from gnnlab.nn.check import check_width
from gnnlab.nn.memory import available_memory, human

ORDERS = ("fro", "l1", "spectral")
# Numbers that a batched pass may hold in its widest layer: more leave the cache, and gain nothing.
_CHUNK = 2**22
Nodes = int | Sequence[int] | Tensor | None


class Influence(NamedTuple):
    """What :func:`total_influence` found."""

    per_hop: Tensor  # [T, max_hops + 1]
    breadth: float


def node_jacobian(
    model: Callable[..., Tensor],
    x: Tensor,
    edge_index: Any,
    sources: Nodes = None,
    targets: Nodes = None,
    *,
    order: str = "fro",
    **arguments: Any,
) -> Tensor:
    r"""The norms of the Jacobian's blocks, one per pair of nodes.

    .. math::
        J_{vu} = \Big\lVert \frac{\partial h_v}{\partial x_u} \Big\rVert

    They are exactly zero where no route of as many edges as the model has layers leads from u to
    v. The model is evaluated in eval mode, as in prediction, and handed back as it was.

    Args:
        model: A layer or model, ours or PyG's, or any function ``model(x, edge_index)`` that
            returns ``[N, H]``.
        x: ``[N, F]``.
        edge_index: Whatever the model takes.
        sources: The nodes u whose input moves; all if not given.
        targets: The nodes v whose output is watched; all if not given. The cost is one backward
            pass per target and channel, whatever the number of sources.
        order: ``"fro"`` (Frobenius), ``"l1"`` (sum of absolute values, as in PyG) or ``"spectral"``
            (largest singular value, by which a step can stretch a vector at most).
        arguments: Goes to the model.

    Returns:
        ``[T, S]``.

    Raises:
        UnknownNameError: If there is no such order.
        InputError: If a node is not in the graph, or the output does not depend on ``x``.
        ShapeError: If ``x`` is not ``[N, F]``, or the output has not one row per node.
        MemoryLimitError: If the result would not fit.

    Example:
        The third word of a sentence moves the states after it, less and less.

        >>> from gnnlab.nn import RecurrentConv, make_cell
        >>> conv = RecurrentConv(make_cell("lstm", 3, 5))
        >>> path = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
        >>> norms = node_jacobian(conv, torch.randn(5, 3), path, sources=2)
        >>> (norms > 0).flatten().tolist()
        [False, False, True, True, True]
    """
    if order not in ORDERS:
        raise UnknownNameError.of("order", order, ORDERS)
    jacobian = _Jacobian(model, x, edge_index, sources, targets, arguments)
    if order == "spectral":
        return jacobian.evaluate(lambda rows: rows, _spectral_norms)
    degree = {"fro": 2, "l1": 1}[order]

    def norm(values: Tensor, dim: int) -> Tensor:
        # In single precision the square of a gradient that vanishes would be zero.
        return torch.linalg.vector_norm(values, degree, dim, dtype=torch.float64)

    return jacobian.evaluate(lambda rows: norm(rows, -1), lambda norms: norm(norms, 1))


def jacobian_blocks(
    model: Callable[..., Tensor],
    x: Tensor,
    edge_index: Any,
    sources: Nodes = None,
    targets: Nodes = None,
    **arguments: Any,
) -> Tensor:
    r"""The blocks :math:`\partial h_v / \partial x_u` themselves; see :func:`node_jacobian`.

    Returns:
        ``[T, S, H, F]``.

    Raises:
        InputError, MemoryLimitError: As for :func:`node_jacobian`.

    Example:
        >>> edge_index = torch.tensor([[0], [1]])
        >>> jacobian_blocks(lambda x, edges: 3 * x, torch.ones(2, 1), edge_index)[..., 0, 0]
        tensor([[3., 0.],
                [0., 3.]])
    """
    jacobian = _Jacobian(model, x, edge_index, sources, targets, arguments)
    return jacobian.evaluate(
        lambda rows: rows, lambda blocks: blocks.transpose(1, 2), (jacobian.num_channels, x.size(1))
    )


def measured_field(
    model: Callable[..., Tensor], x: Tensor, edge_index: Any, node: int, **arguments: Any
) -> Tensor:
    """The receptive field of a model: the nodes whose input moves the output of ``node``.

    Where the number of layers is known, :func:`~gnnlab.analysis.receptive_field` tells the same
    without a model. A unit that is off hides what lies behind it, so the input should be random.

    Args:
        model: As for :func:`node_jacobian`.
        x: ``[N, F]``.
        edge_index: Whatever the model takes.
        node: The node that listens.
        arguments: Goes to the model.

    Returns:
        Their numbers in ascending order.

    Raises:
        InputError, ShapeError, MemoryLimitError: As for :func:`node_jacobian`.

    Example:
        >>> from torch_geometric.nn import GCN
        >>> path = torch.tensor([[0, 1, 2], [1, 2, 3]])
        >>> measured_field(GCN(2, 16, num_layers=2), torch.randn(4, 2), path, node=3)
        tensor([1, 2, 3])
    """
    return node_jacobian(model, x, edge_index, targets=node, **arguments)[0].nonzero().flatten()


def total_influence(
    model: Callable[..., Tensor],
    x: Tensor,
    edge_index: Tensor,
    max_hops: int,
    targets: Nodes = None,
    **arguments: Any,
) -> Influence:
    r"""How much of what moves a node comes from how far (`paper <https://arxiv.org/abs/2503.09008>`_).

    .. math::
        I_{vk} = \sum_{u :\, \text{hops}(u, v) = k}
                 \Big\lVert \frac{\partial h_v}{\partial x_u} \Big\rVert_1, \qquad
        \text{breadth} = \frac{1}{T} \sum_v \frac{\sum_k k\, I_{vk}}{\sum_k I_{vk}}

    PyG's function of this name evaluates the model on the subgraph of ``max_hops`` around each
    node, ours on the whole graph. They agree if nothing changes at the border: for L layers of
    convolutions that look at degrees, if ``max_hops`` is greater than L.

    Args:
        model: As for :func:`node_jacobian`.
        x: ``[N, F]``.
        edge_index: ``[2, E]``.
        max_hops: Influence from farther away is not counted.
        targets: The nodes v; all if not given.
        arguments: Goes to the model.

    Returns:
        ``per_hop``, ``[T, max_hops + 1]``, not normalised, and ``breadth``, the mean distance in
        hops that influence comes from; nodes that nothing moves are left out of it (NaN if
        nothing moves any).

    Raises:
        InputError, MemoryLimitError: As for :func:`node_jacobian`.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> def model(x, edge_index):
        ...     return x + 0.5 * x.new_zeros(3, 1).index_add(0, edge_index[1], x[edge_index[0]])
        >>> per_hop, breadth = total_influence(model, torch.ones(3, 1), edge_index, 2, [0, 1])
        >>> per_hop.tolist(), round(breadth, 4)
        ([[1.0, 0.5, 0.0], [1.0, 1.0, 0.0]], 0.4167)
    """
    training.check_count("max_hops", max_hops, 0)
    check_width(x, None)
    listeners = to_nodes(targets, x.size(0), "targets")
    distance = distances(edge_index.flip(0), listeners.tolist(), x.size(0), limit=max_hops)
    distance = torch.from_numpy(distance).to(x.device)  # [T, N]
    norms = node_jacobian(model, x, edge_index, None, listeners, order="l1", **arguments)
    shells = [torch.where(distance == hop, norms, 0).sum(1) for hop in range(max_hops + 1)]
    per_hop = torch.stack(shells, dim=1)  # [T, max_hops + 1]
    moved = per_hop[per_hop.sum(1) > 0]
    far = torch.arange(max_hops + 1, dtype=moved.dtype, device=moved.device)
    return Influence(per_hop, float((moved @ far / moved.sum(1)).mean()))


class _Jacobian:
    """The rows of one model's Jacobian at one input, computed many at a time."""

    def __init__(self, model, x, edge_index, sources, targets, arguments):
        check_width(x, None)
        self.sources = to_nodes(sources, x.size(0), "sources").to(x.device)
        self.targets = to_nodes(targets, x.size(0), "targets").to(x.device)
        self.x = x.detach().requires_grad_()
        with torch.enable_grad(), evaluation(model):
            out = model(self.x, edge_index, **arguments)
            _check_output(out, x.size(0))
            self.out = out.index_select(0, self.targets)  # [T, H]
        self.num_channels = out.size(1)
        num_edges = edge_index.numel() // 2 if isinstance(edge_index, Tensor) else 0
        held = (x.size(0) + num_edges) * max(x.size(1), self.num_channels)
        self.num_rows = max(1, _CHUNK // max(held, 1))
        self.is_batched = True

    def evaluate(
        self,
        reduce: Callable[[Tensor], Tensor],
        combine: Callable[[Tensor], Tensor],
        block: tuple[int, ...] = (),
    ) -> Tensor:
        """All blocks, ``[T, S, *block]``.

        ``reduce`` takes the rows of one pass ``[R, S, F]``, so that they need not be kept;
        ``combine`` takes what it made of all channels of some targets, ``[T, H, S, ...]``.
        """
        T, H, S = len(self.targets), self.num_channels, len(self.sources)
        check_memory((T, S, *block), self.x)
        result = self.x.new_zeros(T, S, *block)
        if not (result.numel() and H):
            return result
        for group in torch.arange(T).split(max(1, self.num_rows // H)):
            numbers = torch.arange(int(group[0]) * H, int(group[-1] + 1) * H)
            rows = [reduce(self._pass(part)) for part in numbers.split(self.num_rows)]
            result[group] = combine(torch.cat(rows).unflatten(0, (-1, H))).to(result.dtype)
        return result

    def _pass(self, numbers: Tensor) -> Tensor:
        """``[R, S, F]``."""
        pointers = self.out.new_zeros(len(numbers), self.out.numel())
        pointers[torch.arange(len(numbers)), numbers] = 1
        pointers = pointers.view(-1, *self.out.shape)  # [R, T, H]
        if self.is_batched:
            try:
                return self._gradient(pointers, is_grads_batched=True)[:, self.sources]
            except Exception:
                # Not every backward pass can be batched. A real error comes again, row by row.
                self.is_batched = False
        return torch.stack([self._gradient(pointer)[self.sources] for pointer in pointers])

    def _gradient(self, pointers: Tensor, is_grads_batched: bool = False) -> Tensor:
        (gradient,) = torch.autograd.grad(
            self.out,
            self.x,
            pointers,
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=is_grads_batched,
        )
        if gradient is None:
            raise _independent()
        return gradient


def _spectral_norms(blocks: Tensor) -> Tensor:
    """``[T, S]`` of ``[T, H, S, F]``."""
    return torch.linalg.matrix_norm(blocks.transpose(1, 2), 2)


@contextmanager
def evaluation(model: Any) -> Iterator[None]:
    """Eval mode inside; every module as it was afterwards."""
    modes = {}
    if isinstance(model, nn.Module):
        modes = {module: module.training for module in model.modules()}
        model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _check_output(out: Any, num_nodes: int) -> None:
    if not isinstance(out, Tensor) or out.dim() != 2 or out.size(0) != num_nodes:
        raise ShapeError(
            f"the model must return one row for each of the {num_nodes} nodes, [N, H]",
            where="model",
            value=list(out.shape) if isinstance(out, Tensor) else type(out).__name__,
            remedy="wrap it in a function that returns the nodes' states, before any pooling",
        )
    if not out.requires_grad:
        raise _independent()


def _independent() -> InputError:
    return InputError(
        "the output does not depend on x in a way that can be differentiated",
        where="model",
        remedy="look for detach(), no_grad() or features that are read from elsewhere",
    )


def check_memory(shape: tuple[int, ...], x: Tensor) -> None:
    """Checks that a result of this shape, of the type of ``x``, fits into half the free memory.

    Raises:
        MemoryLimitError: If it does not.
    """
    needed = prod(shape) * x.element_size()
    allowed = available_memory(x.device) // 2
    if needed > allowed:
        raise MemoryLimitError(
            f"the result of shape {list(shape)} needs {human(needed)}, but only {human(allowed)} "
            "may be used (half of the free memory)",
            where="sources, targets",
            remedy="name fewer sources or targets",
        )
