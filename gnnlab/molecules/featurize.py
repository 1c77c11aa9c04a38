"""SMILES strings or RDKit molecules to compact arrays, in one process or several.

The arrays are those of :class:`~gnnlab.molecules.graphs.MoleculeGraphs`, which says what they hold.

Legend: B molecules, N atoms, E bonds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from rdkit import Chem, rdBase

from gnnlab.errors import MoleculeError
from gnnlab.molecules import binary
from gnnlab.molecules.features import encode_atoms, encode_bonds
from gnnlab.molecules.packing import pack
from gnnlab.molecules.parse import parse_smiles
from gnnlab.molecules.records import MOST_ATOMS, Records, prepare, read_molecule

CHUNK = 1000  # molecules decoded together: more is no faster, fewer is slower

Arrays = dict[str, np.ndarray]
Errors = dict[int, MoleculeError]


def featurize(
    rows: list, num_workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> tuple[Arrays, Errors]:
    """Reads all rows that are molecules.

    Args:
        rows: SMILES strings and RDKit molecules; anything else is a bad row.
        num_workers: Number of processes.
        progress: Called with the number of rows done and the number of all rows.

    Returns:
        The arrays by name, and for each bad row why it is not among them.
    """
    parts, errors = [], {}
    for arrays, bad in _read_chunks(rows, num_workers):
        parts.append(arrays)
        errors |= bad
        if progress is not None:
            progress(min(len(parts) * CHUNK, len(rows)), len(rows))
    return _join(parts), errors


def pointer(counts: np.ndarray) -> np.ndarray:
    """Where each of several runs begins, and where the last one ends."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])


def _read_chunks(rows: list, num_workers: int) -> Iterator[tuple[Arrays, Errors]]:
    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)] or [[]]
    places = range(0, max(len(rows), 1), CHUNK)
    if num_workers == 1 or len(chunks) == 1:
        yield from map(_read_chunk, chunks, places)
        return
    with ProcessPoolExecutor(min(num_workers, len(chunks))) as pool:
        yield from pool.map(_read_chunk, chunks, places)


def _read_chunk(rows: list, first_row: int) -> tuple[Arrays, Errors]:
    written, texts, places, errors = [], [], [], {}
    with rdBase.BlockLogs():
        for place, row in enumerate(rows, start=first_row):
            try:
                mol, text = _read_row(row)
            except MoleculeError as error:
                errors[place] = error
                continue
            written.append(binary.write(mol, text))
            texts.append(text.encode())
            places.append(place)
    fast, is_read = binary.read(written)
    order, parts = np.flatnonzero(is_read).tolist(), [fast]
    for index in np.flatnonzero(~is_read).tolist():
        place = places[index]
        try:
            parts.append(read_molecule(prepare(_read_row(rows[place - first_row])[0])))
        except MoleculeError as error:
            errors[place] = error
            continue
        order.append(index)
    records = Records.join(parts).take(np.argsort(order)) if len(parts) > 1 else fast
    order = sorted(order)
    rows_read = np.array(places, dtype=np.int64)[order]
    arrays = _compact(records, rows_read, [texts[index] for index in order])
    return arrays, dict(sorted(errors.items()))


def _read_row(row: object) -> tuple[Chem.Mol, str]:
    if isinstance(row, Chem.Mol):
        mol = prepare(row)
        return mol, Chem.MolToSmiles(mol)
    # What is plainly fit for RDKit goes there at once: catching RDKit's message, which only a
    # string that it refuses needs, takes a fifth of the time of reading.
    is_plain = (
        isinstance(row, str)
        and 0 < len(row) <= MOST_ATOMS
        and " " not in row
        and row.isascii()
        and row.isprintable()
    )
    if is_plain and (mol := Chem.MolFromSmiles(row)) is not None:
        return mol, row
    return parse_smiles(row, max_atoms=MOST_ATOMS), row


def _compact(records: Records, rows: np.ndarray, texts: list[bytes]) -> Arrays:
    x = encode_atoms(records.atoms)
    node_record, rare_atom, rare_record = pack(records.atoms, x)
    ends = np.stack([records.bonds["source"], records.bonds["target"]])
    return {
        "x": x,
        "edge_index": ends.astype(np.int16),
        "edge_attr": encode_bonds(records.bonds),
        "node_record": node_record,
        "edge_record": records.bonds["edge_record"].astype(np.uint8),
        "rare_atom": rare_atom,
        "rare_record": rare_record,
        "atom_pointer": pointer(records.num_atoms),
        "bond_pointer": pointer(records.num_bonds),
        "rows": rows,
        "text": np.frombuffer(b"".join(texts), dtype=np.uint8),
        "text_pointer": pointer(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))),
    }


def _join(parts: list[Arrays]) -> Arrays:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    joined = {}
    for name in parts[0]:
        pieces = [part[name] for part in parts]
        if name.endswith("_pointer"):
            joined[name] = pointer(np.concatenate([np.diff(piece) for piece in pieces]))
        else:
            joined[name] = np.concatenate(pieces, axis=1 if name == "edge_index" else 0)
    num_atoms = np.array([len(part["x"]) for part in parts])
    joined["rare_atom"] += np.repeat(
        pointer(num_atoms)[:-1], [len(part["rare_atom"]) for part in parts]
    )
    return joined
