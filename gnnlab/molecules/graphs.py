"""Many molecules as graphs in a few compact arrays.

Legend: B molecules, N atoms, E bonds, R atoms with something rare, F columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem
from torch_geometric.data import Batch, Data

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.cache import fetch_arrays, key_of, store_arrays
from gnnlab.molecules.featurize import featurize, pointer
from gnnlab.molecules.graph import both_directions
from gnnlab.molecules.packing import unpack
from gnnlab.molecules.records import spans


@dataclass(eq=False, repr=False)
class MoleculeGraphs:
    """Graphs of many molecules, about half a kilobyte each.

    Use it like a list of PyG graphs: ``graphs[i]`` is what
    :func:`~gnnlab.molecules.graph.from_smiles` gives, ``graphs.batch(indices)`` what
    ``Batch.from_data_list`` makes of several. Build it with :meth:`of`.

    Args:
        x: ``[N, 9]`` uint8.
        edge_index: ``[2, E]`` int16, each bond once; atoms are numbered from 0 in each
            molecule, which has at most 1000.
        edge_attr: ``[E, 4]`` uint8.
        node_record: ``[N]`` uint8, packed; see :mod:`gnnlab.molecules.packing`.
        edge_record: ``[E]`` uint8.
        rare_atom: ``[R]`` int64, sorted: the atoms whose record does not fit into a byte.
        rare_record: ``[R, 8]`` int32, their records.
        atom_pointer: ``[B + 1]`` int64: molecule i has the atoms from ``[i]`` to ``[i + 1]``.
        bond_pointer: ``[B + 1]`` int64, the same for bonds.
        rows: ``[B]`` int64: which row of the input each molecule is.
        text: uint8, the SMILES strings as given, one after the other.
        text_pointer: ``[B + 1]`` int64.
        errors: Row of the input -> why it is not among the molecules.

    Example:
        >>> graphs = MoleculeGraphs.of(["CCO", "no molecule", "[Na+].[Cl-]"])
        >>> graphs
        MoleculeGraphs(2, num_atoms=5, num_bonds=2, num_errors=1)
        >>> graphs.rows.tolist(), graphs.errors[1].what
        ([0, 2], 'whitespace inside')
        >>> graphs.batch([1, 0]).x.shape
        torch.Size([5, 9])
    """

    x: np.ndarray
    edge_index: np.ndarray
    edge_attr: np.ndarray
    node_record: np.ndarray
    edge_record: np.ndarray
    rare_atom: np.ndarray
    rare_record: np.ndarray
    atom_pointer: np.ndarray
    bond_pointer: np.ndarray
    rows: np.ndarray
    text: np.ndarray
    text_pointer: np.ndarray
    errors: dict[int, MoleculeError] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        smiles: Sequence[str | Chem.Mol],
        num_workers: int = 1,
        cache: str | Path | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> MoleculeGraphs:
        """Reads SMILES strings or RDKit molecules; rows that are none become ``errors``.

        Args:
            smiles: One molecule per row.
            num_workers: Number of processes. A script that starts more than one needs the usual
                ``if __name__ == "__main__":`` where processes are spawned.
            cache: A folder to keep the result in, and to take it from when the same rows come
                again. It is keyed by their content and the versions of RDKit and of the features.
            progress: Called with the number of rows done and the number of all rows.

        Raises:
            InputError: If there is less than one process, or ``smiles`` is a single string.
        """
        if isinstance(smiles, str | bytes):
            raise InputError("a list of strings is needed", where="smiles", value=repr(smiles[:60]))
        if num_workers < 1:
            raise InputError("there must be a process", where="num_workers", value=num_workers)
        rows = list(smiles)
        key = key_of(rows) if cache is not None else None
        if key is not None and (found := fetch_arrays(cache, key)):
            return cls(**found[0], errors=found[1])
        arrays, errors = featurize(rows, num_workers, progress)
        if key is not None:
            store_arrays(cache, key, arrays, errors)
        return cls(**arrays, errors=errors)

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "errors"}

    @property
    def nbytes(self) -> int:
        """What the arrays take, in bytes."""
        return sum(array.nbytes for array in self.arrays().values())

    @property
    def bytes_per_molecule(self) -> float:
        """``nbytes`` shared out evenly; NaN without molecules."""
        return self.nbytes / len(self) if len(self) else float("nan")

    @property
    def smiles(self) -> list[str]:
        """The strings of all molecules, as given; canonical for rows that were RDKit molecules."""
        return self._texts(np.arange(len(self)))

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return (
            f"MoleculeGraphs({len(self)}, num_atoms={len(self.x)}, "
            f"num_bonds={len(self.edge_attr)}, num_errors={len(self.errors)})"
        )

    def __iter__(self) -> Iterator[Data]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> Data:
        if not -len(self) <= index < len(self):
            raise IndexError(f"molecule {index} of {len(self)}")
        columns, _, _ = self._columns(np.array([index % len(self)]))
        columns["smiles"] = columns["smiles"][0]
        return Data(**columns)

    def batch(self, indices: Sequence[int] | np.ndarray | torch.Tensor) -> Batch:
        """The graphs of some molecules, in the order asked for, as one PyG batch.

        Args:
            indices: Places among the good molecules (not rows), or a mask ``[B]``.

        Raises:
            InputError: If there are none, or one of them does not exist.
        """
        chosen = self._choose(indices)
        if not len(chosen):
            raise InputError("a batch needs a molecule", where="indices", value=[])
        columns, num_atoms, num_bonds = self._columns(chosen)
        ptr = pointer(num_atoms)
        start = torch.from_numpy(ptr[:-1])
        columns["edge_index"] += start.repeat_interleave(torch.from_numpy(2 * num_bonds))
        batch = Batch(
            _base_cls=Data,
            **columns,
            batch=torch.repeat_interleave(torch.from_numpy(num_atoms)),
            ptr=torch.from_numpy(ptr),
        )
        atom, edge = torch.from_numpy(ptr), torch.from_numpy(2 * pointer(num_bonds))
        none = torch.zeros(len(chosen), dtype=torch.long)
        batch._num_graphs = len(chosen)
        batch._slice_dict = {
            **{"x": atom, "edge_index": edge, "edge_attr": edge, "node_record": atom},
            **{"edge_record": edge, "smiles": torch.arange(len(chosen) + 1)},
        }
        batch._inc_dict = dict.fromkeys(columns, none) | {"edge_index": start, "smiles": None}
        return batch

    def subset(self, indices: Sequence[int] | np.ndarray | torch.Tensor) -> MoleculeGraphs:
        """Some of the molecules, in the order asked for; arguments and errors as :meth:`batch`."""
        chosen = self._choose(indices)
        num_atoms, num_bonds, num_letters = (
            np.diff(pointers)[chosen]
            for pointers in (self.atom_pointer, self.bond_pointer, self.text_pointer)
        )
        atom = spans(self.atom_pointer[chosen], num_atoms)
        bond = spans(self.bond_pointer[chosen], num_bonds)
        place = np.searchsorted(self.rare_atom, atom)
        is_rare = np.append(self.rare_atom, -1)[place] == atom
        return MoleculeGraphs(
            x=self.x[atom],
            edge_index=self.edge_index[:, bond],
            edge_attr=self.edge_attr[bond],
            node_record=self.node_record[atom],
            edge_record=self.edge_record[bond],
            rare_atom=np.flatnonzero(is_rare),
            rare_record=self.rare_record[place[is_rare]],
            atom_pointer=pointer(num_atoms),
            bond_pointer=pointer(num_bonds),
            rows=self.rows[chosen],
            text=self.text[spans(self.text_pointer[chosen], num_letters)],
            text_pointer=pointer(num_letters),
        )

    def _choose(self, indices: Sequence[int] | np.ndarray | torch.Tensor) -> np.ndarray:
        chosen = np.asarray(indices)
        if chosen.dtype == bool and chosen.shape == (len(self),):
            return np.flatnonzero(chosen)
        if not chosen.size:
            return np.empty(0, dtype=np.int64)
        if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
            raise InputError("whole numbers or a mask", where="indices", value=chosen.dtype)
        wrong = (chosen < -len(self)) | (chosen >= len(self))
        if wrong.any():
            raise InputError(
                f"there are {len(self)} molecules", where="indices", value=int(chosen[wrong][0])
            )
        return chosen % len(self)

    def _columns(self, chosen: np.ndarray) -> tuple[dict, np.ndarray, np.ndarray]:
        """The attributes of the graphs one after the other, and their numbers of atoms, bonds."""
        num_atoms = self.atom_pointer[chosen + 1] - self.atom_pointer[chosen]
        num_bonds = self.bond_pointer[chosen + 1] - self.bond_pointer[chosen]
        atom = spans(self.atom_pointer[chosen], num_atoms)
        bond = spans(self.bond_pointer[chosen], num_bonds)
        x = self.x[atom]
        record = unpack(x, self.node_record[atom], atom, self.rare_atom, self.rare_record)
        edge_attr = torch.from_numpy(self.edge_attr[bond]).long()
        columns = {
            "x": torch.from_numpy(x).long(),
            "edge_index": both_directions(torch.from_numpy(self.edge_index[:, bond]).long()),
            "edge_attr": edge_attr.repeat_interleave(2, 0),
            "node_record": torch.from_numpy(record),
            "edge_record": torch.from_numpy(self.edge_record[bond]).repeat_interleave(2),
            "smiles": self._texts(chosen),
        }
        return columns, num_atoms, num_bonds

    def _texts(self, chosen: np.ndarray) -> list[str]:
        ends = zip(
            self.text_pointer[chosen].tolist(), self.text_pointer[chosen + 1].tolist(), strict=True
        )
        return [self.text[begin:end].tobytes().decode() for begin, end in ends]
