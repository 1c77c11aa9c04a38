"""Neighbour sampling for PyG's loaders, in plain torch: no compiled extra is needed.

Legend: N nodes, E edges of the graph, R nodes whose neighbours are sampled, M sampled edges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    NegativeSampling,
    NodeSamplerInput,
    SamplerOutput,
)
from torch_geometric.sampler.neighbor_sampler import edge_sample

from gnnlab.errors import InputError
from gnnlab.nn.csr import CSR
from gnnlab.nn.draws import UNSEEN, compress_keys, draw_below, draw_distinct, number_keys
from gnnlab.nn.sampling_checks import (
    check_data,
    check_hop,
    check_num_neighbors,
    check_seed,
    check_seeds,
    refuse_kinds,
    refuse_options,
)


class NeighborSampler(BaseSampler):
    r"""Samples the neighbourhoods that a K-layer network reads, for PyG's node and link loaders.

    Hop :math:`k` looks at the nodes that hop :math:`k - 1` has found, the seeds first, and draws
    for each such node :math:`v` of in-degree :math:`d_v`, without replacement, a subset of

    .. math::
        \min(d_v, \text{num\_neighbors}_k)

    of its incoming edges, every subset of that size being equally likely (`Hamilton et al., 2017
    <https://arxiv.org/abs/1706.02216>`_; numbers are drawn by `Floyd's algorithm
    <https://doi.org/10.1145/30401.315746>`_, whose work does not grow with the degree). Edges keep
    their direction: the messages of a sampled graph flow towards the seeds, which come first among
    its nodes. Its edges are grouped by hop, and by target within a hop.

    What is drawn for a batch depends on ``seed``, the epoch and the batch itself, and on nothing
    else: neither on the global random state, nor on the number of workers, nor on the batches
    before. Shuffled batches are new in every epoch; for batches in a fixed order, call
    :meth:`set_epoch`.

    Args:
        data: A homogeneous graph with ``edge_index``; later changes to it are not seen.
        num_neighbors: How many edges to draw per node, one number per hop; -1 takes all of them.
        replace: Whether an edge can be drawn more than once; every node with an incoming edge then
            gets exactly as many as asked for.
        disjoint: Whether every seed gets a tree of its own that shares no node with the others.
        seed: Start of the random numbers; drawn from torch's global state if left out.
        **options: Names that PyG's own sampler knows are refused by name.

    Raises:
        InputError: If the graph is not homogeneous or has no ``edge_index``, if an edge leaves it,
            if a number of neighbours is neither positive nor -1, or for an unsupported option.
        UnknownNameError: For any other option.

    Example:
        >>> from torch_geometric.loader import NodeLoader
        >>> edge_index = torch.tensor([[1, 2, 3, 4, 4], [0, 0, 0, 1, 4]])
        >>> data = Data(x=torch.eye(5), edge_index=edge_index)
        >>> sampler = NeighborSampler(data, num_neighbors=[2, -1], seed=0)
        >>> loader = NodeLoader(data, sampler, input_nodes=torch.tensor([0, 4]), batch_size=2)
        >>> batch = next(iter(loader))
        >>> batch.n_id[: batch.batch_size]
        tensor([0, 4])
        >>> batch.num_sampled_edges[0]  # two of the three edges into node 0, the one into node 4
        3
        >>> torch.equal(batch.n_id[batch.edge_index], edge_index[:, batch.e_id])
        True
    """

    def __init__(
        self,
        data: Data,
        num_neighbors: Sequence[int],
        *,
        replace: bool = False,
        disjoint: bool = False,
        seed: int | None = None,
        **options: object,
    ):
        refuse_options(options)
        self.num_neighbors = check_num_neighbors(num_neighbors)
        self.replace, self.disjoint = replace, disjoint
        self.seed = int(torch.randint(2**62, ())) if seed is None else check_seed(seed)
        edge_index, self.num_nodes = check_data(data)
        self._csr = CSR.from_edge_index(edge_index, self.num_nodes, self.num_nodes)
        # Shared, so that workers that outlive an epoch hear of the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._spare: list[Tensor] = []

    def set_epoch(self, epoch: int) -> None:
        """Makes the same batches draw other neighbours than in the epochs before.

        Example:
            >>> edge_index = torch.stack([torch.arange(1, 100), torch.zeros(99, dtype=torch.long)])
            >>> sampler = NeighborSampler(Data(edge_index=edge_index, num_nodes=100), [5], seed=0)
            >>> batch = NodeSamplerInput(None, torch.tensor([0]))
            >>> first = sampler.sample_from_nodes(batch).edge
            >>> torch.equal(sampler.sample_from_nodes(batch).edge, first)
            True
            >>> sampler.set_epoch(1)
            >>> torch.equal(sampler.sample_from_nodes(batch).edge, first)
            False
        """
        self._epoch.fill_(epoch)

    def sample_from_nodes(self, index: NodeSamplerInput) -> SamplerOutput:
        """Samples around nodes; what a ``NodeLoader`` calls for every batch.

        Args:
            index: The seeds, which stand first in the sample's ``node``, in order and as often as
                they are given. In ``num_sampled_nodes`` and ``num_sampled_edges`` the sample says
                how much each hop has added, as ``trim_to_layer`` reads it.

        Raises:
            InputError: If a seed is no node of the graph, or for seeds with a time or a node type.
            MemoryLimitError: If a hop takes more than half of the free memory.
        """
        refuse_kinds(index)
        seeds = check_seeds(index.node, self.num_nodes, "input_nodes")
        sample = self._sample(seeds, self._generator(seeds))
        sample.metadata = (index.input_id, None)
        return sample

    def sample_from_edges(
        self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None
    ) -> SamplerOutput:
        """Samples around the ends of links; what a ``LinkLoader`` calls for every batch.

        Args:
            index: The links and their labels.
            neg_sampling: How many random links, or targets per link, to add; as in PyG, some of
                them may exist.

        Raises:
            InputError: If a link leaves the graph or there is none, for links with a time or an
                edge type, for labels beside triplets, and for bad weights of the negatives.
            MemoryLimitError: If a hop takes more than half of the free memory.
        """
        refuse_kinds(index)
        ends = torch.cat([index.row, index.col])
        generator = self._generator(check_seeds(ends, self.num_nodes, "edge_label_index"))
        if ends.numel() == 0:
            raise InputError("there is no link to sample around", where="edge_label_index")
        if neg_sampling is not None:
            neg_sampling = _SeededNegatives(neg_sampling, generator)
            if neg_sampling.is_triplet() and index.label is not None:
                raise InputError(
                    "triplets have no labels",
                    where="edge_label",
                    remedy="leave the labels out, or use binary negatives",
                )
        return edge_sample(
            index,
            lambda seeds, _: self._sample(seeds.long(), generator),
            self.num_nodes,
            self.disjoint,
            neg_sampling=neg_sampling,
        )

    def _generator(self, seeds: Tensor) -> torch.Generator:
        """Random numbers that depend on the seed, the epoch and the batch only."""
        name = f"{self.seed} {int(self._epoch)} ".encode() + seeds.numpy().tobytes()
        digest = hashlib.blake2b(name, digest_size=8).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest))

    def _sample(self, seeds: Tensor, generator: torch.Generator) -> SamplerOutput:
        """Draws hop by hop; nodes are numbered in the order in which they are met."""
        num_nodes, size = self.num_nodes, seeds.numel()
        # A key names a node, and in a disjoint sample also its tree: tree * N + node.
        keys = [seeds + torch.arange(size) * num_nodes if self.disjoint else seeds]
        place = None if self.disjoint else self._borrow_place(seeds)
        hops = []
        for num_neighbors in self.num_neighbors:
            frontier = keys[-1] % num_nodes if self.disjoint else keys[-1]  # [R]
            target, entry = self._draw(frontier, num_neighbors, generator)  # [M] each
            key = self._csr.index.index_select(0, entry).long()
            if self.disjoint:
                key += (keys[-1] - frontier).index_select(0, target)
                row, is_new = number_keys(*compress_keys(torch.cat(keys), key), size)
            else:
                row, is_new = number_keys(place, key, size)
            col = target + (size - frontier.numel())
            hops.append(torch.stack([row, col, self._csr.order.index_select(0, entry)]))  # [3, M]
            keys.append(key[is_new])
            size += keys[-1].numel()
        node = torch.cat(keys)
        if not self.disjoint:
            self._return_place(place, node)
        row, col, edge = torch.cat(hops, dim=1)
        return SamplerOutput(
            node=node % num_nodes if self.disjoint else node,
            row=row,
            col=col,
            edge=edge,
            batch=node // num_nodes if self.disjoint else None,
            num_sampled_nodes=[key.numel() for key in keys],
            num_sampled_edges=[hop.size(1) for hop in hops],
        )

    def _draw(
        self, node: Tensor, num_neighbors: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draws edges into the nodes ``[R]``.

        Returns:
            For each edge the position of its target in ``node``, ascending, and its entry in the
            matrix, both ``[M]``.
        """
        begin = self._csr.pointer.index_select(0, node)
        degree = self._csr.pointer.index_select(0, node + 1) - begin  # [R]
        if num_neighbors == -1:
            count, is_drawn = degree, torch.zeros_like(degree, dtype=torch.bool)
        elif self.replace:
            is_drawn = degree > 0
            count = is_drawn.long() * num_neighbors
        else:
            count, is_drawn = degree.clamp(max=num_neighbors), degree > num_neighbors
        total = int(count.sum())
        check_hop(total)
        begin_slot = count.cumsum(0) - count  # [R]
        target = torch.arange(node.numel()).repeat_interleave(count, output_size=total)  # [M]
        entry = torch.arange(total) + (begin - begin_slot).index_select(0, target)
        (drawn,) = is_drawn.nonzero(as_tuple=True)  # [D]
        if drawn.numel():
            degree = degree[drawn, None].expand(-1, num_neighbors)
            draw = draw_below if self.replace else draw_distinct
            choice = begin[drawn, None] + draw(degree, generator).long()  # [D, num_neighbors]
            slot = begin_slot[drawn, None] + torch.arange(num_neighbors)
            entry.scatter_(0, slot.flatten(), choice.flatten())
        return target, entry

    def _borrow_place(self, seeds: Tensor) -> Tensor:
        """A table of where each node stands in the sample, in which only the seeds stand so far."""
        # Taken off the list: another thread makes its own, and a batch that fails leaves none.
        place = self._spare.pop() if self._spare else torch.full((self.num_nodes,), UNSEEN)
        return place.scatter_reduce_(0, seeds, torch.arange(seeds.numel()), "amin")

    def _return_place(self, place: Tensor, node: Tensor) -> None:
        # Clearing what a batch has touched costs less than a table as long as the graph.
        self._spare.append(place.index_fill_(0, node, UNSEEN))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_spare": []}

    def __repr__(self) -> str:
        return (
            f"NeighborSampler({self.num_neighbors}, replace={self.replace}, "
            f"disjoint={self.disjoint}, seed={self.seed})"
        )


class _SeededNegatives(NegativeSampling):
    """PyG's negatives, drawn from a generator of their own instead of torch's global state."""

    def __init__(self, given: NegativeSampling, generator: torch.Generator):
        super().__init__(given.mode, given.amount, given.src_weight, given.dst_weight)
        self.generator = generator

    def sample(self, num_samples: int, endpoint: str, num_nodes: int) -> Tensor:
        """Nodes ``[num_samples]`` for one end of the negatives."""
        weight = self.src_weight if endpoint == "src" else self.dst_weight
        if weight is None:
            return torch.randint(num_nodes, (num_samples,), generator=self.generator)
        if weight.shape != (num_nodes,) or weight.min() < 0 or not 0 < weight.sum() < torch.inf:
            raise InputError(
                f"negatives need one weight per node, {num_nodes} in all and none below 0",
                where=f"{endpoint}_weight",
                value=f"shape {list(weight.shape)}, sum {float(weight.sum())}",
            )
        return weight.double().multinomial(num_samples, replacement=True, generator=self.generator)
