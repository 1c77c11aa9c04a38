"""One graph in one layout, whichever form its adjacency was given in.

Messages flow from the source of an edge to its target. The forms do not agree on what a row is, so
the constructors say in their names what they read:

- ``from_edge_index``: row 0 the sources, row 1 the targets (PyG's ``edge_index``)
- ``from_dense``: entry [u, v] is the edge from u to v (as PyG's ``to_dense_adj`` writes)
- ``from_scipy``: entry [u, v] is the edge from u to v (as networkx and PyG write)
- ``from_sparse``: entry [v, u] is the edge from u to v (PyG's ``adj_t``)

Legend: N nodes, E edges, B graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.utils import coalesce

from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.nn.adjacency_forms import (
    is_scipy,
    looks_dense,
    read_dense,
    read_edge_index,
    read_scipy,
    read_sparse,
    whole_weights,
)
from gnnlab.nn.csr import CSR
from gnnlab.nn.memory import check_dense_memory
from gnnlab.nn.normalize import (
    add_self_connections,
    average_dense,
    average_edges,
    check_normalization,
    normalize_dense,
    normalize_edges,
)
from gnnlab.nn.remember import TensorMemory, carries_gradients, keep
from gnnlab.nn.rows import take_rows

LAYOUTS = ("coo", "csr", "dense")

_TENSORS = ("edge_index", "edge_weight", "matrix")


class Adjacency:
    """A directed, weighted graph whose duplicate edges add up.

    Build it once per graph with one of the constructors, and hand it to the layers in the place of
    ``edge_index``. What is derived from it (compressed rows, their transpose, normalisations) is
    computed when it is first needed and kept, unless gradients flow to its weights: then only what
    depends on the edges alone is kept. The tensors are not copied: do not change them in place.

    The layout says how sums over the edges are computed (see :func:`~gnnlab.nn.aggregate`), never
    what they are:

    - ``"csr"``: edges grouped by target; the fastest for a sparse graph that is used repeatedly
    - ``"coo"``: the edge list itself; nothing to prepare, slower to use
    - ``"dense"``: a matrix ``[N, N]``, or ``[B, N, N]`` for a padded batch; for small, dense graphs

    Args:
        layout: One of ``LAYOUTS``.
        num_nodes: N.
        edge_index: ``[2, E]``, for the first two layouts.
        edge_weight: ``[E]``, or ``None`` for a weight of 1.
        matrix: ``[N, N]`` or ``[B, N, N]`` with row = source, for the dense layout.

    Example:
        >>> adjacency = Adjacency.from_edge_index(torch.tensor([[0, 0, 1], [1, 1, 2]]), num_nodes=3)
        >>> adjacency
        Adjacency(csr, num_nodes=3, num_edges=3)
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
        self._by_weight: dict[object, Any] = {}  # derived from edges and weights
        self._by_edges: dict[object, Any] = {}  # from the edges alone, shared by with_weight

    @classmethod
    def from_edge_index(
        cls,
        edge_index: Tensor,
        num_nodes: int,
        edge_weight: Tensor | None = None,
        layout: str = "csr",
    ) -> Adjacency:
        """Reads a ``[2, E]`` tensor or ``EdgeIndex``; errors as :func:`read_edge_index`."""
        edge_index, edge_weight = read_edge_index(edge_index, num_nodes, edge_weight)
        if layout not in ("coo", "csr"):
            raise UnknownNameError.of("layout", layout, ("coo", "csr"))
        return cls(layout, num_nodes, edge_index=edge_index, edge_weight=edge_weight)

    @classmethod
    def from_dense(cls, matrix: Tensor) -> Adjacency:
        """Reads ``[N, N]`` or a padded batch ``[B, N, N]``; errors as :func:`read_dense`."""
        matrix = read_dense(matrix)
        return cls("dense", matrix.size(-1), matrix=matrix)

    @classmethod
    def from_sparse(cls, adj_t: Tensor) -> Adjacency:
        """Reads a torch COO, CSR or CSC tensor ``[N, N]``; errors as :func:`read_sparse`."""
        edge_index, edge_weight = read_sparse(adj_t)
        return cls("csr", adj_t.size(0), edge_index=edge_index, edge_weight=edge_weight)

    @classmethod
    def from_scipy(cls, matrix: Any) -> Adjacency:
        """Reads a SciPy sparse matrix or array ``[N, N]``; errors as :func:`read_scipy`."""
        edge_index, edge_weight = read_scipy(matrix)
        return cls("csr", matrix.shape[0], edge_index=edge_index, edge_weight=edge_weight)

    @classmethod
    def of(
        cls,
        edges: Tensor | Adjacency | Sequence[Adjacency],
        num_nodes: int,
        edge_weight: Tensor | None = None,
    ) -> Adjacency:
        """Reads any of the forms; an ``Adjacency`` is handed through.

        A tensor of a sparse layout is an ``adj_t``. A strided tensor is dense if it has three
        dimensions or holds floating-point numbers; integers are an edge list. A list of
        adjacencies, which a loader makes of those of its graphs, is merged. The adjacency of a
        plain tensor is remembered for as long as the tensor lives and is not written to.

        Args:
            edges: An edge list, sparse tensor, dense tensor or adjacency.
            num_nodes: N, which the adjacency must have.
            edge_weight: ``[E]``, only beside an edge list.

        Raises:
            ShapeError: If the adjacency does not have N nodes, and as the form's own constructor.
            InputError: If there are edge weights beside a form that holds its own.
        """
        is_tensor = isinstance(edges, Tensor)
        if is_tensor and edges.layout == torch.strided and not looks_dense(edges, num_nodes):
            return _remembered_edges(edges, num_nodes, edge_weight)
        if edge_weight is not None:
            raise InputError(
                "this form of adjacency holds its own weights",
                where="edge_weight",
                value=list(edge_weight.shape),
                remedy="put the weights into the adjacency and leave edge_weight out",
            )
        if isinstance(edges, Adjacency):
            adjacency = edges
        elif is_scipy(edges):
            adjacency = cls.from_scipy(edges)
        elif isinstance(edges, list | tuple) and all(isinstance(e, Adjacency) for e in edges):
            adjacency = cls.merge(edges)
        elif not is_tensor:
            return cls.from_edge_index(edges, num_nodes)  # raises what is wrong with it
        else:
            build = cls.from_dense if edges.layout == torch.strided else cls.from_sparse
            adjacency = _MEMORY.recall(lambda: build(_alias(edges)), edges, key="matrix")
        if adjacency.num_nodes != num_nodes:
            raise ShapeError(
                f"the adjacency must have {num_nodes} nodes", where="edge_index", value=adjacency
            )
        return adjacency

    @classmethod
    def merge(cls, adjacencies: Sequence[Adjacency]) -> Adjacency:
        """The graphs of a batch side by side as one graph, like PyG's ``Batch``.

        Example:
            >>> pair = Adjacency.from_edge_index(torch.tensor([[0], [1]]), num_nodes=2)
            >>> Adjacency.merge([pair, pair]).edge_index.tolist()
            [[0, 2], [1, 3]]
        """
        if not adjacencies:
            raise InputError("there is nothing to merge", where="adjacencies", value=[])
        graphs = [adjacency.to_layout("csr") for adjacency in adjacencies]
        sizes = torch.tensor([graph.num_nodes for graph in graphs])
        offsets = (sizes.cumsum(0) - sizes).tolist()
        edge_index = torch.cat(
            [graph.edge_index + offset for graph, offset in zip(graphs, offsets, strict=True)], 1
        )
        edge_weight = None
        if any(graph.edge_weight is not None for graph in graphs):
            edge_weight = torch.cat([graph.weights() for graph in graphs])
        return cls("csr", int(sizes.sum()), edge_index=edge_index, edge_weight=edge_weight)

    @property
    def node_shape(self) -> tuple[int, ...]:
        """The leading sizes of node features: ``(N,)``, for a padded batch ``(B, N)``."""
        return (self.num_nodes,) if self.matrix is None else tuple(self.matrix.shape[:-1])

    @property
    def num_edges(self) -> int:
        """E as stored: the length of the edge list, or the non-zero entries of the matrix."""
        if self.matrix is None:
            return self.edge_index.size(1)
        return self._once("num_edges", lambda: int(self.matrix.count_nonzero()))

    @property
    def device(self) -> torch.device:
        """Where the graph lives."""
        return (self.edge_index if self.matrix is None else self.matrix).device

    @property
    def has_learned_weights(self) -> bool:
        """Whether gradients flow to the weights."""
        stored = self.edge_weight if self.matrix is None else self.matrix
        return stored is not None and carries_gradients(stored)

    def weights(self, dtype: torch.dtype | None = None) -> Tensor:
        """The weights as stored, ``[E]`` or the matrix; ones if the edges have none."""
        stored = self.edge_weight if self.matrix is None else self.matrix
        if stored is None:
            return torch.ones(self.edge_index.size(1), dtype=dtype, device=self.device)
        return stored if dtype is None else stored.to(dtype)

    def with_weight(self, edge_weight: Tensor | None) -> Adjacency:
        """The same edges with other weights ``[E]``; what depends on the edges alone is shared."""
        other = self._like(edge_index=self.edge_index, edge_weight=edge_weight)
        other._by_edges = self._by_edges
        return other

    @property
    def has_csr(self) -> bool:
        """Whether :meth:`csr` is at hand already."""
        if self.has_learned_weights or self.edge_weight is None:
            return "pattern" in self._by_edges
        return "csr" in self._by_weight

    def csr(self) -> CSR:
        """The edges grouped by target. Learned weights are left out, see :meth:`entry_weight`."""
        if self.has_learned_weights or self.edge_weight is None:
            return self._pattern()

        def weigh() -> CSR:
            pattern = self._by_edges.get("pattern")
            if pattern is None:  # needed once: no reason to keep a copy without weights
                return self._build_csr(self.edge_weight)
            return pattern.with_weight(self.edge_weight[pattern.order])

        return self._once("csr", weigh)

    def entry_weight(self) -> Tensor:
        """The weights ``[E]`` in the order of the entries of :meth:`csr`, with their gradients."""
        pattern = self._pattern()
        return take_rows(self.edge_weight, pattern.order, pattern.rank)

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
            looped = self._looped()
            return looped.with_weight(
                normalize_edges(looped.edge_index, weights, self.num_nodes, mode)
            )

        return self._once(("normalized", mode, dtype), normalize)

    def averaged(self, dtype: torch.dtype | None = None) -> Adjacency:
        """Scales the weights into a node to a sum of 1, so that a sum becomes a weighted mean.

        Raises:
            InputError: If edges arrive at a node and their weights do not have a positive sum.
        """

        def average() -> Adjacency:
            weights = self.weights(dtype)
            if self.layout == "dense":
                return self._like(matrix=average_dense(weights))
            return self.with_weight(average_edges(self.edge_index, weights, self.num_nodes))

        return self._once(("averaged", dtype), average)

    def neighbours(self, self_loops: bool | None = None) -> CSR:
        """Who is whose neighbour, each pair once, zero entries left out; no weights.

        Args:
            self_loops: Whether every node is its own neighbour; if ``None``, as the graph has it;
                if ``True``, the loops of the graph are not counted twice.

        Returns:
            Receivers as rows; node n of graph b of a padded batch is ``b * N + n``.
        """

        def connect() -> CSR:
            edges, _ = self.to_edge_index()
            num_nodes = self.node_shape[0] * (self.num_nodes if len(self.node_shape) > 1 else 1)
            if self_loops:
                edges = add_self_connections(edges[:, edges[0] != edges[1]], num_nodes)
            return CSR.from_edge_index(edges, num_nodes, num_nodes)

        return self._once(("neighbours", bool(self_loops)), connect)

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
        if self.edge_weight is None and self.matrix is None:
            return self.edge_index

        def repeat_edges() -> Tensor:
            edge_index, weight = self.to_edge_index()
            return edge_index.repeat_interleave(whole_weights(edge_index, weight), dim=1)

        return self._once("multigraph", repeat_edges)

    def to_layout(self, layout: str) -> Adjacency:
        """The same graph in another layout; a padded batch stays as it is.

        Raises:
            UnknownNameError: If the layout is not known.
            MemoryLimitError: If a dense matrix would take more than half of the free memory.
            InputError: If a padded batch is asked for another layout.
        """
        if layout not in LAYOUTS:
            raise UnknownNameError.of("layout", layout, LAYOUTS)
        if layout == self.layout:
            return self
        if layout == "dense":
            return Adjacency("dense", self.num_nodes, matrix=self.to_dense())
        if self.layout == "dense":
            if self.matrix.dim() == 3:
                raise InputError(
                    "a padded batch of graphs is dense",
                    where="layout",
                    value=layout,
                    remedy="list its edges with to_edge_index()",
                )
            edge_index, edge_weight = self.to_edge_index()
            return Adjacency(layout, self.num_nodes, edge_index=edge_index, edge_weight=edge_weight)
        other = self.with_weight(self.edge_weight)
        other.layout = layout
        return other

    def to_dense(self, dtype: torch.dtype | None = None) -> Tensor:
        """Writes the graph as ``[N, N]`` (or its ``[B, N, N]``) with row = source.

        Raises:
            MemoryLimitError: If the matrix would take more than half of the free memory.
        """
        if self.layout == "dense":
            return self.weights(dtype)
        weight_dtype = dtype or (
            torch.get_default_dtype() if self.edge_weight is None else self.edge_weight.dtype
        )
        check_dense_memory(self.num_nodes, weight_dtype, self.device)
        weights = self.weights(dtype)
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

    def _pattern(self) -> CSR:
        return keep(self._by_edges, "pattern", lambda: self._build_csr(None))

    def _build_csr(self, weight: Tensor | None) -> CSR:
        return CSR.from_edge_index(self.edge_index, self.num_nodes, self.num_nodes, weight)

    def _looped(self) -> Adjacency:
        """The edges and N self-connections, without weights."""
        return keep(
            self._by_edges,
            ("looped", self.layout),
            lambda: self._like(edge_index=add_self_connections(self.edge_index, self.num_nodes)),
        )

    def _once(self, key: object, build: Callable[[], Any]) -> Any:
        if self.has_learned_weights:
            return build()  # gradients flow through a result once; a second pass needs a new one
        return keep(self._by_weight, key, build)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_by_weight": {}, "_by_edges": {}}

    def __repr__(self) -> str:
        if self.layout == "dense":
            size = f"num_graphs={self.matrix.size(0) if self.matrix.dim() == 3 else 1}"
        else:
            size = f"num_edges={self.edge_index.size(1)}"
        return f"Adjacency({self.layout}, num_nodes={self.num_nodes}, {size})"


_MEMORY = TensorMemory()


def _remembered_edges(edges: Tensor, num_nodes: int, edge_weight: Tensor | None) -> Adjacency:
    """The adjacency of an edge list: known from an earlier call, or read and remembered."""
    if torch.compiler.is_compiling():  # compressed rows would be sorted in every call
        return Adjacency.from_edge_index(edges, num_nodes, edge_weight, layout="coo")
    if isinstance(edge_weight, Tensor) and carries_gradients(edge_weight):
        _, edge_weight = read_edge_index(edges, num_nodes, edge_weight)
        return _remembered_edges(edges, num_nodes, None).with_weight(edge_weight)
    if edge_weight is not None and not isinstance(edge_weight, Tensor):
        return Adjacency.from_edge_index(edges, num_nodes, edge_weight)  # raises

    def read() -> Adjacency:
        weight = None if edge_weight is None else _alias(edge_weight)
        return Adjacency.from_edge_index(_alias(edges), num_nodes, weight)

    return _MEMORY.recall(read, edges, edge_weight, key=num_nodes)


def _alias(tensor: Tensor) -> Tensor:
    """The same numbers under another tensor, so that what is remembered does not keep its key."""
    return tensor if carries_gradients(tensor) else tensor.detach()
