r"""Over-smoothing: how alike the states of the nodes become, layer by layer.

All measures look at the graph without its directions: a pair of nodes with an edge is a pair,
whether there is one edge or several, and self loops do not count. They compute in float64, so that
states which differ in their last digits only are still told apart.

Legend: N nodes, E edges, P connected pairs, H channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from gnnlab.analysis.states import LayerState, layer_states
from gnnlab.analysis.undirected import connected_pairs, num_neighbours
from gnnlab.errors import NonFiniteError
from gnnlab.nn.check import check_edge_index, check_width

# Numbers that the differences of pairs may take at once: a graph has more edges than nodes.
_NUMBERS_AT_ONCE = 2**22


def smoothing(
    model: nn.Module,
    x: Tensor,
    edge_index: Tensor,
    *,
    layers: Sequence[str] | None = None,
    **arguments: Any,
) -> pd.DataFrame:
    r"""Measures over-smoothing after every layer of a model.

    A network that over-smooths makes the states of all nodes alike, exponentially fast in its
    depth: energy and distance fall along a straight line on a logarithmic axis, and the effective
    rank goes to 1. A convolution is looked at before the activation that the model applies to it.

    Args:
        model: Any model of torch, called as ``model(x, edge_index, **arguments)``.
        x: ``[N, F]``.
        edge_index: ``[2, E]``.
        layers: Names in ``model.named_modules()``; all graph convolutions if not given. See
            :func:`~gnnlab.analysis.states.layer_states` for what counts as one.
        arguments: Goes to the model.

    Returns:
        A row per call of a layer, row 0 the input, with the columns ``depth``, ``layer`` (its
        name), ``dirichlet_energy``, ``normalized_dirichlet_energy``, ``mean_average_distance``
        (of neighbours), ``mean_average_distance_all`` (of all pairs) and ``effective_rank``.

    Raises:
        UnknownNameError: If the model has no layer of such a name.
        InputError: If the model is no module, or has no layer to look at.
        ShapeError, DtypeError: If ``x`` or ``edge_index`` is no graph with features.
        NonFiniteError: If a state is NaN or infinite; names the layer.

    Example:
        >>> from torch_geometric.nn import GCN
        >>> from torch_geometric.utils import to_undirected
        >>> ring = to_undirected(torch.stack([torch.arange(9), torch.arange(1, 10) % 9]))
        >>> table = smoothing(GCN(3, 16, num_layers=8), torch.randn(9, 3), ring)
        >>> table["layer"].tolist()[:3]
        ['x', 'convs.0', 'convs.1']
        >>> energy = table["dirichlet_energy"]
        >>> bool(energy.iloc[8] < energy.iloc[0] / 1000)
        True
    """
    check_width(x, None)
    edge_index = check_edge_index(edge_index, x.size(0))
    states = layer_states(model, x, edge_index, layers=layers, **arguments)
    rows = []
    for depth, (layer, h) in enumerate([LayerState("x", x), *states]):
        h = _check_state(h, f"layer {layer}")
        rows.append(
            {
                "depth": depth,
                "layer": layer,
                "dirichlet_energy": dirichlet_energy(h, edge_index),
                "normalized_dirichlet_energy": dirichlet_energy(h, edge_index, normalized=True),
                "mean_average_distance": mean_average_distance(h, edge_index),
                "mean_average_distance_all": mean_average_distance(h),
                "effective_rank": effective_rank(h),
            }
        )
    return pd.DataFrame(rows)


def dirichlet_energy(h: Tensor, edge_index: Tensor, *, normalized: bool = False) -> float:
    r"""How much the states of neighbours differ.

    .. math::
        E(H) = \sum_{\{u, v\}} \lVert h_u - h_v \rVert^2 = \text{tr}(H^\top (D - A) H)

    over all connected pairs, :math:`N / 2` times the measure of `Rusch et al., 2023
    <https://arxiv.org/abs/2303.10993>`_. It is zero if all states of a component are equal.
    Normalised by the degrees :math:`d` (`Cai & Wang, 2020 <https://arxiv.org/abs/2006.13318>`_):

    .. math::
        \tilde{E}(H) = \sum_{\{u, v\}} \Big\lVert \frac{h_u}{\sqrt{1 + d_u}}
            - \frac{h_v}{\sqrt{1 + d_v}} \Big\rVert^2 = \text{tr}(H^\top (I - \hat{A}) H)

    with the :math:`\hat{A}` of :class:`~gnnlab.nn.GCNConv`. A layer :math:`\hat{A} H` never lets
    this energy grow, and a deep stack of them takes it to zero, where each state is proportional
    to :math:`\sqrt{1 + d}`. So it shows the smoothing of a GCN, but not whether states are equal
    (`Bison & Sperduti, 2025 <https://arxiv.org/abs/2512.09890>`_).

    Both fall with the square of the states' size, also where only that shrinks; the mean average
    distance and the effective rank do not.

    Args:
        h: ``[N, H]``.
        edge_index: ``[2, E]``; directions, parallel edges and self loops do not count.
        normalized: Whether to divide by the degrees.

    Raises:
        ShapeError, DtypeError, InputError: If these are no graph with states.
        NonFiniteError: If a state is NaN or infinite.

    Example:
        >>> h, edge_index = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[0, 1], [1, 2]])
        >>> dirichlet_energy(h, edge_index)
        5.0
        >>> smooth = torch.tensor([[2.0], [3.0], [2.0]]).sqrt()  # 1 + d is 2, 3 and 2
        >>> dirichlet_energy(smooth, edge_index, normalized=True) < 1e-15
        True
    """
    h = _check_state(h, "h")
    pairs = connected_pairs(edge_index, h.size(0)).to(h.device)
    if normalized:
        h = h / (1 + num_neighbours(pairs, h.size(0))).to(h.dtype).sqrt().unsqueeze(1)
    return float(_squared_distances(h, pairs).sum())


def mean_average_distance(h: Tensor, edge_index: Tensor | None = None) -> float:
    r"""MAD: the mean angle, as a cosine distance, between the states of neighbours or of all nodes.

    .. math::
        \text{MAD}(H) = \frac{1}{N} \sum_v \frac{1}{|\mathcal{N}(v)|} \sum_{u \in \mathcal{N}(v)}
            \Big( 1 - \frac{h_u^\top h_v}{\lVert h_u \rVert \lVert h_v \rVert} \Big)

    (`Chen et al., 2020 <https://arxiv.org/abs/1909.03211>`_). It is 0 if all states point the same
    way, 1 for random directions, 2 at most. A distance of zero counts as any other, where the
    paper leaves it out. A state that is zero has no direction: its pairs are left out.

    Over all pairs this is the variance of the directions, which takes time and memory of order
    :math:`N H` only.

    Args:
        h: ``[N, H]``.
        edge_index: ``[2, E]``: over connected pairs, and nodes that have a neighbour. Without it
            over all pairs.

    Returns:
        The mean, NaN if there is no pair.

    Raises:
        ShapeError, DtypeError, InputError: If these are no graph with states.
        NonFiniteError: If a state is NaN or infinite.

    Example:
        >>> h = torch.tensor([[2.0, 0.0], [0.5, 0.0], [0.0, 1.0]])
        >>> mean_average_distance(h, torch.tensor([[0, 1], [1, 2]]))  # means 0, 1/2 and 1
        0.5
        >>> round(mean_average_distance(h), 4)  # means 1/2, 1/2 and 1
        0.6667
    """
    h = _check_state(h, "h")
    length = torch.linalg.vector_norm(h, dim=1, keepdim=True)  # [N, 1]
    has_direction = length.squeeze(1) > 0
    directions = h / length.where(length > 0, 1)
    # For unit vectors 1 - cos is half the squared distance, which keeps the digits of small angles.
    if edge_index is None:
        directions = directions[has_direction]
        if len(directions) < 2:
            return float("nan")
        return float(directions.var(dim=0).sum())
    pairs = connected_pairs(edge_index, h.size(0)).to(h.device)
    pairs = pairs[:, has_direction[pairs].all(0)]
    distance = _squared_distances(directions, pairs) / 2  # [P]
    total = h.new_zeros(len(h)).index_add(0, pairs.flatten(), distance.repeat(2))  # [N]
    count = num_neighbours(pairs, len(h))
    return float((total / count)[count > 0].mean())


def effective_rank(h: Tensor) -> float:
    r"""In how many directions the states spread, as a number that need not be whole.

    .. math::
        \text{erank}(H) = \exp\Big( -\sum_i p_i \log p_i \Big), \qquad
        p_i = \frac{\sigma_i}{\sum_j \sigma_j}

    with the singular values :math:`\sigma` (`Roy & Vetterli, 2007
    <https://ieeexplore.ieee.org/document/7098875>`_): between 1, if all states are multiples of
    one, and the rank.

    Args:
        h: ``[N, H]``.

    Returns:
        The effective rank; 0 if all states are zero.

    Raises:
        ShapeError, DtypeError: If h is no matrix of floating-point numbers.
        NonFiniteError: If a state is NaN or infinite.

    Example:
        >>> round(effective_rank(torch.eye(3)), 6), round(effective_rank(torch.ones(5, 2)), 6)
        (3.0, 1.0)
    """
    h = _check_state(h, "h")
    values = torch.linalg.svdvals(h) if h.numel() else h.new_zeros(0)
    if not values.any():
        return 0.0
    return float(torch.special.entr(values / values.sum()).sum().exp())


def _squared_distances(h: Tensor, pairs: Tensor) -> Tensor:
    """``[P]``, some pairs at a time."""
    size = max(1, _NUMBERS_AT_ONCE // max(h.size(1), 1))
    parts = pairs.split(size, dim=1)
    return torch.cat([(h[part[0]] - h[part[1]]).square().sum(1) for part in parts])


def _check_state(h: Tensor, where: str) -> Tensor:
    """``h`` in float64, without gradients, after a look at all its numbers."""
    check_width(h, None, where)
    if not h.isfinite().all():
        raise NonFiniteError(
            "the states are not finite numbers",
            where=where,
            remedy="look at the layers before it, or make the weights smaller",
        )
    return h.detach().double()
