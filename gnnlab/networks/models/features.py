"""What is known of nodes: sparse features, and the first linear map of them.

Legend: N nodes, F features, K entries of the features that are not zero, H hidden.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from gnnlab.nn import CSR
from gnnlab.nn.product import multiply

_STD = 0.02  # of the first weights: the smaller, the more a step of Adam turns them


class Features:
    """Features ``[N, F]`` of which only the entries that are not zero are stored.

    Args:
        rows: Where the entries stand: N x F.
        values: ``[K]`` what they are.
    """

    def __init__(self, rows: CSR, values: Tensor):
        self.rows, self.values = rows, values
        self._moved: Features | None = None

    @classmethod
    def of(cls, x: sparse.csr_array) -> Features:
        """Reads the features of a network.

        Example:
            >>> Features.of(sparse.csr_array([[0.0, 2.0], [1.0, 0.0]])).values.tolist()
            [2.0, 1.0]
        """
        pointer, index = (torch.from_numpy(part.astype(np.int64)) for part in (x.indptr, x.indices))
        return cls(CSR(pointer, index, x.shape[1]), torch.from_numpy(x.data))

    def take(self, nodes: Tensor) -> Features:
        """Those of some of the nodes."""
        pointer = self.rows.pointer
        count = pointer.diff()[nodes]
        first = count.cumsum(0) - count
        entry = torch.arange(int(count.sum())) + (pointer[nodes] - first).repeat_interleave(count)
        taken = torch.cat([first, first[-1:] + count[-1:]])
        return Features(
            CSR(taken, self.rows.index[entry], self.rows.num_senders), self.values[entry]
        )

    def to(self, device: torch.device | str) -> Features:
        """The same on another device, moved there once; itself, if it is there already."""
        if self.values.device == torch.device(device):
            return self
        if self._moved is None:
            pointer, index = self.rows.pointer.to(device), self.rows.index.to(device)
            rows = CSR(pointer, index, self.rows.num_senders)
            self._moved = Features(rows, self.values.to(device))
        return self._moved


def inverse_document_frequency(x: sparse.csr_array) -> np.ndarray:
    r"""How rare each feature is (`Sparck Jones, 1972 <https://doi.org/10.1108/eb026526>`_).

    .. math::
        \text{idf}_f = 1 + \log \frac{1 + N}{1 + n_f}

    where :math:`n_f` nodes have the feature f. It is never zero, so that features which all nodes
    have, such as measurements, are kept.

    Returns:
        ``[F]`` float32.

    Example:
        >>> inverse_document_frequency(sparse.csr_array([[1.0, 1.0], [1.0, 0.0]])).round(2).tolist()
        [1.0, 1.409999966621399]
    """
    count = np.bincount(x.indices[x.data != 0], minlength=x.shape[1])  # [F]
    return (1 + np.log((1 + x.shape[0]) / (1 + count))).astype(np.float32)


def scaled(x: sparse.csr_array, idf: bool = True) -> sparse.csr_array:
    """Features with rows of length 1; a row of zeros stays.

    Args:
        x: ``[N, F]``.
        idf: Whether to multiply them by their rarity before.
    """
    weighted = sparse.csr_array(x * inverse_document_frequency(x) if idf else x, dtype=np.float32)
    length = np.sqrt(np.asarray((weighted * weighted).sum(axis=1)).ravel())  # [N]
    row = np.repeat(np.where(length > 0, length, 1), np.diff(weighted.indptr))
    return sparse.csr_array((weighted.data / row, weighted.indices, weighted.indptr), x.shape)


class FeatureMap(nn.Module):
    r"""A linear map of sparse features, :math:`X W`, of which single entries are dropped.

    It costs one pass over the K entries, forward and backward, however wide the features are.

    Args:
        num_features: F.
        out_channels: H.
        dropout: Share of the entries that is dropped in training.

    Shape:
        - features: :math:`(N, F)`; output: :math:`(N, H)`

    Example:
        >>> features = Features.of(sparse.csr_array([[0.0, 2.0], [1.0, 0.0]]))
        >>> FeatureMap(2, 5)(features).shape
        torch.Size([2, 5])
    """

    def __init__(self, num_features: int, out_channels: int, dropout: float = 0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_features, out_channels))
        self.dropout = dropout
        nn.init.normal_(self.weight, std=_STD)

    def forward(self, features: Features) -> Tensor:
        """``[N, H]``."""
        values = functional.dropout(features.values, self.dropout, self.training)
        return multiply(features.rows, self.weight, values)
