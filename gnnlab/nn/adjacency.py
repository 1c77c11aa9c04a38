"""One graph in one layout, whichever form its adjacency was given in.

Messages flow from the source of an edge to its target. The forms do not agree on what a row is, so
the constructors say in their names what they read:

- ``from_edge_index``: row 0 the sources, row 1 the targets (PyG's ``edge_index``)
- ``from_dense``: entry [u, v] is the edge from u to v (as PyG's ``to_dense_adj`` writes)
- ``from_sparse``: entry [v, u] is the edge from u to v (PyG's ``adj_t``)

Legend: N nodes, E edges, B graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch_geometric.utils import coalesce

from gnnlab.errors import InputError, ShapeError
from gnnlab.nn.adjacency_forms import looks_dense, read_dense, read_edge_index, read_sparse
from gnnlab.nn.memory import check_dense_memory
from gnnlab.nn.normalize import check_normalization, normalize_dense, normalize_edges

_TENSORS = ("edge_index", "edge_weight", "matrix")


class Adjacency:
    """A directed, weighted graph whose duplicate edges add up.

    Build it with one of the constructors. It keeps the layout that it was given, and what is
    derived from it (such as :meth:`normalized`) is computed once, unless gradients flow to its
    weights. The tensors are not copied: do not change them in place.

    Args:
        layout: ``"edges"``, ``"sparse"`` or ``"dense"``.
        num_nodes: N.
        edge_index: ``[2, E]``, for the first two layouts.
        edge_weight: ``[E]``, or ``None`` for a weight of 1.
        matrix: ``[N, N]`` or ``[B, N, N]`` with row = source, for the dense layout.

    Example:
        >>> adjacency = Adjacency.from_edge_index(torch.tensor([[0, 0, 1], [1, 1, 2]]), num_nodes=3)
        >>> adjacency
        Adjacency(edges, num_nodes=3, num_edges=3)
        >>> adjacency.to_dense()
        tensor([[0., 2., 0.],
                [0., 0., 1.],
                [0., 0., 0.]])
    """

    def __init__(
        self,
        layout: str,
        num_nodes: int,
        *,
        edge_index: Tensor | None = None,
        edge_weight: Tensor | None = None,
        matrix: Tensor | None = None,
    ):
        self.layout, self.num_nodes = layout, num_nodes
        self.edge_index, self.edge_weight, self.matrix = edge_index, edge_weight, matrix
        self._cache: dict[object, Any] = {}

    @classmethod
    def from_edge_index(
        cls, edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None = None
    ) -> Adjacency:
        """Reads a ``[2, E]`` tensor or ``EdgeIndex``; errors as :func:`read_edge_index`."""
        edge_index, edge_weight = read_edge_index(edge_index, num_nodes, edge_weight)
        return cls("edges", num_nodes, edge_index=edge_index, edge_weight=edge_weight)

    @classmethod
    def from_dense(cls, matrix: Tensor) -> Adjacency:
        """Reads ``[N, N]`` or a padded batch ``[B, N, N]``; errors as :func:`read_dense`."""
        matrix = read_dense(matrix)
        return cls("dense", matrix.size(-1), matrix=matrix)

    @classmethod
    def from_sparse(cls, adj_t: Tensor) -> Adjacency:
        """Reads a torch COO, CSR or CSC tensor ``[N, N]``; errors as :func:`read_sparse`."""
        edge_index, edge_weight = read_sparse(adj_t)
        return cls("sparse", adj_t.size(0), edge_index=edge_index, edge_weight=edge_weight)

    @classmethod
    def of(
        cls, edges: Tensor | Adjacency, num_nodes: int, edge_weight: Tensor | None = None
    ) -> Adjacency:
        """Reads any of the forms; an ``Adjacency`` is handed through.

        A tensor of a sparse layout is an ``adj_t``. A strided tensor is dense if it has three
        dimensions or holds floating-point numbers; integers are an edge list.

        Args:
            edges: An edge list, sparse tensor, dense tensor or adjacency.
            num_nodes: N, which the adjacency must have.
            edge_weight: ``[E]``, only beside an edge list.

        Raises:
            ShapeError: If the adjacency does not have N nodes, and as the form's own constructor.
            InputError: If there are edge weights beside a form that holds its own.
        """
        if isinstance(edges, Adjacency):
            adjacency = edges
        elif isinstance(edges, Tensor) and edges.layout != torch.strided:
            adjacency = cls.from_sparse(edges)
        elif isinstance(edges, Tensor) and looks_dense(edges, num_nodes):
            adjacency = cls.from_dense(edges)
        else:
            return cls.from_edge_index(edges, num_nodes, edge_weight)
        if edge_weight is not None:
            raise InputError(
                "this form of adjacency holds its own weights",
                where="edge_weight",
                value=list(edge_weight.shape),
                remedy="put the weights into the adjacency and leave edge_weight out",
            )
        if adjacency.num_nodes != num_nodes:
            raise ShapeError(
                f"the adjacency must have {num_nodes} nodes", where="edge_index", value=adjacency
            )
        return adjacency

    @property
    def node_shape(self) -> tuple[int, ...]:
        """The leading sizes of node features: ``(N,)``, for a padded batch ``(B, N)``."""
        return (self.num_nodes,) if self.matrix is None else tuple(self.matrix.shape[:-1])

    @property
    def device(self) -> torch.device:
        """Where the graph lives."""
        return (self.edge_index if self.matrix is None else self.matrix).device

    def weights(self, dtype: torch.dtype | None = None) -> Tensor:
        """The weights as stored, ``[E]`` or the matrix; ones if the edges have none."""
        stored = self.edge_weight if self.matrix is None else self.matrix
        if stored is None:
            return torch.ones(self.edge_index.size(1), dtype=dtype, device=self.device)
        return stored if dtype is None else stored.to(dtype)

    def normalized(self, mode: str | None = "sym", dtype: torch.dtype | None = None) -> Adjacency:
        """Adds the self-connections and scales by the degrees; see :mod:`gnnlab.nn.normalize`.

        Args:
            mode: ``"sym"``, ``"row"`` or ``None``.
            dtype: What to compute in; if left out, the type of the weights.

        Raises:
            UnknownNameError: If the mode is not known.
            InputError: If a weighted in-degree is not positive.
        """
        check_normalization(mode)

        def normalize() -> Adjacency:
            weights = self.weights(dtype)
            if self.layout == "dense":
                return self._like(matrix=normalize_dense(weights, mode))
            edges = normalize_edges(self.edge_index, weights, self.num_nodes, mode)
            return self._like(edge_index=edges[0], edge_weight=edges[1])

        return self._once(("normalized", mode, dtype), normalize)

    def diagonal(self) -> Tensor:
        """The weights of the self loops, ``[N]`` or ``[B, N]``."""
        if self.layout == "dense":
            return self.matrix.diagonal(dim1=-2, dim2=-1)
        source, target = self.edge_index
        loops, weights = source == target, self.weights()
        return weights.new_zeros(self.num_nodes).index_add(0, target[loops], weights[loops])

    def off_diagonal(self) -> Adjacency:
        """The graph without its self loops."""

        def remove_loops() -> Adjacency:
            if self.layout == "dense":
                eye = torch.eye(self.num_nodes, dtype=torch.bool, device=self.device)
                return self._like(matrix=self.matrix.masked_fill(eye, 0))
            keep = self.edge_index[0] != self.edge_index[1]
            return self._like(edge_index=self.edge_index[:, keep], edge_weight=self.weights()[keep])

        return self._once("off_diagonal", remove_loops)

    def to_edge_index(self) -> tuple[Tensor, Tensor]:
        """Lists the non-zero entries, the same ones for every layout of the same graph.

        Returns:
            The edges ``[2, E]`` sorted by source and target, each pair once, and their summed
            weights ``[E]``. Node n of graph b of a padded batch has the id ``b * N + n``.
        """

        def list_edges() -> tuple[Tensor, Tensor]:
            if self.layout == "dense":
                *graph, source, target = self.matrix.nonzero(as_tuple=True)
                offset = graph[0] * self.num_nodes if graph else 0
                weight = self.matrix[(*graph, source, target)]
                return torch.stack([source + offset, target + offset]), weight
            edge_index, weight = coalesce(self.edge_index, self.weights(), self.num_nodes)
            return edge_index[:, weight != 0], weight[weight != 0]

        return self._once("edge_index", list_edges)

    def to_multigraph(self) -> Tensor:
        """Lists the edges with an edge of weight k standing k times, ``[2, E]``.

        Raises:
            InputError: If a weight is not a whole number from 0; names the edge.
        """

        def repeat_edges() -> Tensor:
            if self.edge_weight is None and self.matrix is None:
                return self.edge_index
            edge_index, weight = self.to_edge_index()
            bad = (weight < 0) | (weight != weight.round())
            if bad.any():
                edge = int(bad.nonzero()[0])
                raise InputError(
                    "states are added up along whole edges, without weights",
                    where="edge {} -> {}".format(*edge_index[:, edge].tolist()),
                    value=float(weight[edge]),
                    remedy="use weights 1, 2, ..., or GatedGraphConv, where messages have weights",
                )
            return edge_index.repeat_interleave(weight.long(), dim=1)

        return self._once("multigraph", repeat_edges)

    def to_dense(self, dtype: torch.dtype | None = None) -> Tensor:
        """Writes the graph as ``[N, N]`` (or its ``[B, N, N]``) with row = source.

        Raises:
            MemoryLimitError: If the matrix would take more than half of the free memory.
        """
        weights = self.weights(dtype)
        if self.layout == "dense":
            return weights
        check_dense_memory(self.num_nodes, weights.dtype, self.device)
        place = self.edge_index[0] * self.num_nodes + self.edge_index[1]  # [E]
        flat = weights.new_zeros(self.num_nodes**2).index_add(0, place, weights)
        return flat.view(self.num_nodes, self.num_nodes)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Adjacency:
        """Moves the graph; if it is there already, hands it back as it is."""
        if torch.device(device) == self.device:
            return self

        def move(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device, non_blocking=non_blocking)

        return self._like(**{name: move(getattr(self, name)) for name in _TENSORS})

    def _like(self, **tensors: Tensor | None) -> Adjacency:
        return Adjacency(self.layout, self.num_nodes, **tensors)

    def _once(self, key: object, build: Callable[[], Any]) -> Any:
        stored = self.edge_weight if self.matrix is None else self.matrix
        if stored is not None and stored.requires_grad:
            return build()  # gradients flow through a result once; a second pass needs a new one
        if key in self._cache:
            return self._cache[key]
        result = build()
        if not torch.is_inference_mode_enabled():  # what is made there cannot be trained on later
            self._cache[key] = result
        return result

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cache": {}}

    def __repr__(self) -> str:
        if self.layout == "dense":
            size = f"num_graphs={self.matrix.size(0) if self.matrix.dim() == 3 else 1}"
        else:
            size = f"num_edges={self.edge_index.size(1)}"
        return f"Adjacency({self.layout}, num_nodes={self.num_nodes}, {size})"
