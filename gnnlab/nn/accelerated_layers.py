r"""PyG's convolutions with their sum over the edges as one product; all else in them is PyG's.

Each class computes what its PyG parent computes, from the same attributes, and hands over to the
parent whatever input or setting it does not cover. :func:`~gnnlab.nn.accelerate` turns a layer
into its fast form by changing its class, so no constructor is ever called here.

:math:`\hat{A}` is the adjacency as PyG itself normalises it, computed once per edge list and
remembered. Legend: N nodes, E edges, F in, H out.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.nn import (
    APPNP,
    ChebConv,
    GatedGraphConv,
    GCNConv,
    GINConv,
    GraphConv,
    LGConv,
    Linear,
    MaxAggregation,
    MeanAggregation,
    MessagePassing,
    SAGEConv,
    SGConv,
    SumAggregation,
    TAGConv,
)

from gnnlab.nn.accelerated_edges import averaged, normalized, plain_edges, prepared
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.features import is_narrow, is_sparse
from gnnlab.nn.maximum import maximum

Edges = Tensor | Adjacency
Weights = Tensor | None

_REDUCTIONS = {SumAggregation: "sum", MeanAggregation: "mean", MaxAggregation: "max"}
_STEPS = ("message", "aggregate", "message_and_aggregate", "update")
_HOOKS = tuple(
    f"_{step}_forward{when}hooks"
    for step in ("propagate", "message", "aggregate", "message_and_aggregate")
    for when in ("_pre_", "_")
)
_MODULE_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


class FastLayer:
    """What the fast forms share; stands before the PyG class among the bases.

    Attributes:
        reductions: The ways of aggregating that the fast form knows.
    """

    reductions: tuple[str, ...] = ("sum",)

    @classmethod
    def reason_against(cls, layer: MessagePassing) -> str | None:
        """Why the settings of a PyG layer rule the fast form out, or ``None``."""
        if _REDUCTIONS.get(type(layer.aggr_module)) not in cls.reductions:
            return f"aggr={layer.aggr!r}"
        if layer.flow != "source_to_target":
            return f"flow={layer.flow!r}"
        if layer.node_dim not in (-2, 0):
            return f"node_dim={layer.node_dim}"
        if layer.decomposed_layers > 1:
            return f"decomposed_layers={layer.decomposed_layers}"
        return None

    @property
    def reduce(self) -> str:
        """``"sum"``, ``"mean"`` or ``"max"``."""
        return _REDUCTIONS[type(self.aggr_module)]

    def covers(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> bool:
        """Whether the fast form computes this call; if not, PyG's does."""
        if torch.compiler.is_compiling() or torch.jit.is_tracing() or self._is_watched():
            return False
        if type(self).reason_against(self) is not None:
            return False
        if not isinstance(x, Tensor) or x.layout != torch.strided or x.dim() != 2:
            return False
        if not x.is_floating_point() or torch.is_autocast_enabled(x.device.type):
            return False
        is_weighted = edge_weight is not None or is_sparse(edge_index)
        if is_weighted and self.reduce == "max":
            return False
        return _are_edges(edge_index, edge_weight, x)

    def _is_watched(self) -> bool:
        """Whether somebody wants to see, or has replaced, the messages that we never write."""
        return (
            bool(self.explain)
            or any(getattr(self, hooks) for hooks in _HOOKS)
            or any(step in self.__dict__ for step in _STEPS)
        )

    def adjacency(
        self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None
    ) -> Adjacency:
        """The edges as they are; for a mean, divided by how many arrive."""
        adjacency = Adjacency.of(edge_index, x.size(0), edge_weight)
        if self.reduce == "mean":
            return averaged(adjacency, edge_index, edge_weight, x.dtype)
        return adjacency

    def gather(self, adjacency: Adjacency, x: Tensor) -> Tensor:
        """What arrives at every node, ``[N, F]``."""
        if self.reduce == "max":
            return maximum(adjacency.csr(), x)
        return aggregate(adjacency, x)

    def gather_and_map(
        self, adjacency: Adjacency, x: Tensor, linear: Linear, steps: int = 1
    ) -> Tensor:
        """``linear`` of what arrives after some steps, summed on the narrower side of it."""
        maps_last = self.reduce == "max" or not _is_plain(linear) or is_narrow(x, linear)
        out = x if maps_last else functional.linear(x, linear.weight)
        for _ in range(steps):
            out = self.gather(adjacency, out)
        if maps_last:
            return linear(out)
        return out if linear.bias is None else out + linear.bias

    def _set_jittable_templates(self, raise_on_error: bool = False) -> None:
        """PyG's class has its generated ``propagate`` already; a second one would hide explain."""


class FastGCNConv(FastLayer, GCNConv):
    """The fast form of ``GCNConv``."""

    def forward(self, x: Tensor, edge_index: Edges, edge_weight: Weights = None) -> Tensor:
        r""":math:`\hat{A} X W + b`."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight)
        if self.normalize:
            loops = {"improved": self.improved, "add_self_loops": self.add_self_loops}
            adjacency = normalized(self, x, edge_index, edge_weight, **loops)
        else:
            adjacency = self.adjacency(x, edge_index, edge_weight)
        if _is_plain(self.lin) and is_narrow(x, self.lin):
            return functional.linear(aggregate(adjacency, x), self.lin.weight, self.bias)
        out = aggregate(adjacency, self.lin(x))  # [N, H]
        return out if self.bias is None else out + self.bias


class FastSAGEConv(FastLayer, SAGEConv):
    """The fast form of ``SAGEConv``."""

    reductions = ("sum", "mean", "max")

    def forward(self, x: Tensor, edge_index: Edges, size: tuple | None = None) -> Tensor:
        r""":math:`\text{mean}_{u \to v}(x_u) W_l + x_v W_r + b`, or another reduction."""
        edge_index, _ = plain_edges(x, edge_index, takes_weights=False)
        if size is not None or not self.covers(x, edge_index):
            return super().forward(x, edge_index, size)
        sent = self.lin(x).relu() if self.project and hasattr(self, "lin") else x
        out = self.gather_and_map(self.adjacency(x, edge_index), sent, self.lin_l)  # [N, H]
        if self.root_weight:
            out = out + self.lin_r(x)
        return functional.normalize(out, p=2.0, dim=-1) if self.normalize else out


class FastGINConv(FastLayer, GINConv):
    """The fast form of ``GINConv``."""

    reductions = ("sum", "mean", "max")

    def forward(self, x: Tensor, edge_index: Edges, size: tuple | None = None) -> Tensor:
        r""":math:`\text{nn}((1 + \epsilon) x_v + \sum_{u \to v} x_u)`."""
        edge_index, _ = plain_edges(x, edge_index, takes_weights=False)
        if size is not None or not self.covers(x, edge_index):
            return super().forward(x, edge_index, size)
        out = self.gather(self.adjacency(x, edge_index), x)  # [N, F]
        return self.nn(torch.addcmul(out, 1 + self.eps, x))


class FastGraphConv(FastLayer, GraphConv):
    """The fast form of ``GraphConv``."""

    reductions = ("sum", "mean", "max")

    def forward(
        self, x: Tensor, edge_index: Edges, edge_weight: Weights = None, size: tuple | None = None
    ) -> Tensor:
        r""":math:`\sum_{u \to v} A_{vu} x_u W_{rel} + x_v W_{root} + b`."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if size is not None or not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight, size)
        adjacency = self.adjacency(x, edge_index, edge_weight)
        return self.gather_and_map(adjacency, x, self.lin_rel) + self.lin_root(x)


class FastSGConv(FastLayer, SGConv):
    """The fast form of ``SGConv``."""

    def forward(self, x: Tensor, edge_index: Edges, edge_weight: Weights = None) -> Tensor:
        r""":math:`\hat{A}^K X W + b`."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if self._cached_x is not None or not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight)
        loops = {"add_self_loops": self.add_self_loops}
        adjacency = normalized(self, x, edge_index, edge_weight, **loops)
        if not self.cached:
            return self.gather_and_map(adjacency, x, self.lin, steps=self.K)
        for _ in range(self.K):
            self._cached_x = x = aggregate(adjacency, x)  # [N, F]
        return self.lin(x)


class FastAPPNP(FastLayer, APPNP):
    """The fast form of ``APPNP``."""

    def forward(self, x: Tensor, edge_index: Edges, edge_weight: Weights = None) -> Tensor:
        r""":math:`X^{(k)} = (1 - \alpha) \hat{A} X^{(k-1)} + \alpha X^{(0)}`."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight)
        if self.normalize:
            loops = {"add_self_loops": self.add_self_loops}
            adjacency = normalized(self, x, edge_index, edge_weight, **loops)
        else:
            adjacency = self.adjacency(x, edge_index, edge_weight)
        h, drops_edges = x, self.dropout > 0 and self.training
        if drops_edges:
            adjacency.with_weight(None).csr()  # sorted once, for all the weights to come
        for _ in range(self.K):
            if drops_edges:
                weights = functional.dropout(adjacency.weights(x.dtype), p=self.dropout)
                adjacency = adjacency.with_weight(weights)
            x = torch.lerp(aggregate(adjacency, x), h, self.alpha)  # [N, F]
        return x


class FastLGConv(FastLayer, LGConv):
    """The fast form of ``LGConv``."""

    def forward(self, x: Tensor, edge_index: Edges, edge_weight: Weights = None) -> Tensor:
        r""":math:`\hat{A} X` without self-connections."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight)
        if self.normalize:
            return aggregate(normalized(self, x, edge_index, edge_weight), x)
        return aggregate(self.adjacency(x, edge_index, edge_weight), x)


class FastChebConv(FastLayer, ChebConv):
    """The fast form of ``ChebConv``."""

    def forward(
        self,
        x: Tensor,
        edge_index: Edges,
        edge_weight: Weights = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
    ) -> Tensor:
        r""":math:`\sum_k T_k X W_k + b` with :math:`T_k = 2 \hat{L} T_{k-1} - T_{k-2}`."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if is_sparse(edge_index) or not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight, batch, lambda_max)
        laplacian = self._scaled_laplacian(x, edge_index, edge_weight, batch, lambda_max)
        maps_first = all(map(_is_plain, self.lins)) and not is_narrow(x, self.lins[0])
        polynomial = self._sum_maps if maps_first else self._map_sums
        out = polynomial(laplacian, x)  # [N, H]
        return out if self.bias is None else out + self.bias

    def _map_sums(self, laplacian: Adjacency, x: Tensor) -> Tensor:
        before, last = None, x  # T_{k-2} X and T_{k-1} X
        out = self.lins[0](x)
        for lin in self.lins[1:]:
            sums = aggregate(laplacian, last)  # [N, F]
            before, last = last, sums if before is None else 2 * sums - before
            out = out + lin(last)
        return out

    def _sum_maps(self, laplacian: Adjacency, x: Tensor) -> Tensor:
        """Clenshaw's rule: the same polynomial from its highest term, every sum over H numbers."""
        if len(self.lins) == 1:
            return self.lins[0](x)
        after, last = 0, self.lins[-1](x)
        for lin in reversed(self.lins[1:-1]):
            after, last = last, lin(x) + 2 * aggregate(laplacian, last) - after
        return self.lins[0](x) + aggregate(laplacian, last) - after

    def _scaled_laplacian(self, x, edge_index, edge_weight, batch, lambda_max) -> Adjacency:
        num_nodes = x.size(0)

        def scale() -> tuple[Tensor, Tensor]:
            options = {"lambda_max": lambda_max, "dtype": x.dtype, "batch": batch}
            return self.__norm__(edge_index, num_nodes, edge_weight, self.normalization, **options)

        largest = lambda_max if isinstance(lambda_max, Tensor) else None
        number = repr(lambda_max) if largest is None else None
        key = ("laplacian", num_nodes, x.dtype, self.normalization, number)
        return prepared(scale, num_nodes, edge_index, edge_weight, batch, largest, key=key)


class FastTAGConv(FastLayer, TAGConv):
    """The fast form of ``TAGConv``."""

    def forward(self, x: Tensor, edge_index: Edges, edge_weight: Weights = None) -> Tensor:
        r""":math:`\sum_k \hat{A}^k X W_k + b`."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight)
        if self.normalize:
            adjacency = normalized(self, x, edge_index, edge_weight)
        else:
            adjacency = self.adjacency(x, edge_index, edge_weight)
        if all(map(_is_plain, self.lins)) and not is_narrow(x, self.lins[0]):
            out = self.lins[-1](x)  # Horner's rule: every sum is over H numbers
            for lin in reversed(self.lins[:-1]):
                out = lin(x) + aggregate(adjacency, out)
        else:
            out = self.lins[0](x)
            for lin in self.lins[1:]:
                x = aggregate(adjacency, x)
                out = out + lin(x)
        return out if self.bias is None else out + self.bias


class FastGatedGraphConv(FastLayer, GatedGraphConv):
    """The fast form of ``GatedGraphConv``."""

    reductions = ("sum", "mean", "max")

    def forward(self, x: Tensor, edge_index: Edges, edge_weight: Weights = None) -> Tensor:
        r""":math:`h_v = \text{GRU}(\sum_{u \to v} A_{vu} h_u W_i, h_v)`, step by step."""
        edge_index, edge_weight = plain_edges(x, edge_index, edge_weight)
        if x.size(-1) > self.out_channels or not self.covers(x, edge_index, edge_weight):
            return super().forward(x, edge_index, edge_weight)
        adjacency = self.adjacency(x, edge_index, edge_weight)
        missing = self.out_channels - x.size(1)
        h = functional.pad(x, (0, missing)) if missing else x  # [N, H]
        for weight in self.weight:
            h = self.rnn(self.gather(adjacency, h @ weight), h)
        return h


def _is_plain(linear: torch.nn.Module) -> bool:
    """Whether it is nothing but a product with a known weight and a bias, and unobserved."""
    watched = any(getattr(linear, hooks) for hooks in _MODULE_HOOKS) or "forward" in linear.__dict__
    return type(linear) is Linear and not watched


def _are_edges(edges: Tensor, edge_weight: Tensor | None, x: Tensor) -> bool:
    """Whether these are a list of edges with at most one weight each, or a sparse ``adj_t``."""
    if type(edges) is not Tensor or edges.is_meta or _is_wrapped(edges):
        return False
    if is_sparse(edges):
        is_known = edges.layout in (torch.sparse_coo, torch.sparse_csr) and not edges.requires_grad
        is_square = tuple(edges.shape) == (x.size(0), x.size(0))
        return is_known and is_square and edges.dtype == x.dtype and edge_weight is None
    if edges.dim() != 2 or edges.size(0) != 2 or edges.dtype != torch.int64:
        return False
    return edge_weight is None or (
        edge_weight.shape == edges.shape[1:]
        and edge_weight.dtype == x.dtype
        and not _is_wrapped(edge_weight)
    )


def _is_wrapped(tensor: Tensor) -> bool:
    """Whether ``torch.func`` maps over it or differentiates by it, so that it has no one value."""
    return torch._C._functorch.is_functorch_wrapped_tensor(tensor)
