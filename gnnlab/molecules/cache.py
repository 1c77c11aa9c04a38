"""Featurised molecules on disk, found again by what they were made from.

The file is named after the SHA-256 of everything that the result depends on, and sealed by a
checksum of its own; one that is damaged is not trusted, and built again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem, rdBase

from gnnlab.data import load_model, save_model
from gnnlab.errors import FileFormatError, InputError, MoleculeError
from gnnlab.molecules.features import ATOM_CATEGORIES, BOND_CATEGORIES, EDGE_RECORD, NODE_RECORD

#: To be raised whenever the same molecules come out as other arrays.
VERSION = 1

_MOLECULE = int(Chem.PropertyPickleOptions.AllProps)


def key_of(rows: Sequence[object]) -> str:
    """The SHA-256 of the rows, the features, and the version of RDKit and its stereo rules.

    Example:
        >>> key_of(["CC", "O"]) == key_of(["C", "CO"])
        False
    """
    categories = [dict(ATOM_CATEGORIES), dict(BOND_CATEGORIES), NODE_RECORD, EDGE_RECORD]
    rules = (VERSION, rdBase.rdkitVersion, Chem.GetUseLegacyStereoPerception(), categories)
    digest = hashlib.sha256(repr(rules).encode())
    for row in rows:
        if isinstance(row, Chem.Mol):
            kind, content = b"m", row.ToBinary(_MOLECULE)
        elif isinstance(row, str):
            kind, content = b"s", row.encode("utf-8", "surrogatepass")
        else:
            kind, content = b"o", repr(row).encode("utf-8", "backslashreplace")
        digest.update(kind + len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()


def store_arrays(
    folder: str | Path,
    key: str,
    arrays: dict[str, np.ndarray],
    errors: dict[int, MoleculeError],
) -> None:
    """Keeps arrays and errors under a key; the folder is made if there is none."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    reasons = {
        str(row): [error.what, error.where, _as_text(error.value), error.remedy]
        for row, error in errors.items()
    }
    save_model(_path(folder, key), tensors, {"key": key, "errors": reasons})


def fetch_arrays(
    folder: str | Path, key: str
) -> tuple[dict[str, np.ndarray], dict[int, MoleculeError]] | None:
    """What is kept under a key; ``None`` if there is nothing, or it is damaged.

    Raises:
        InputError: If the folder is a file.
    """
    if Path(folder).is_file():
        raise InputError("a file stands where the folder should be", where="cache", value=folder)
    path = _path(folder, key)
    if not path.is_file():
        return None
    try:
        tensors, config = load_model(path)
    except FileFormatError:
        return None
    if config.get("key") != key:
        return None
    errors = {
        int(row): MoleculeError(what, where=where, value=value, remedy=remedy)
        for row, (what, where, value, remedy) in config["errors"].items()
    }
    return {name: tensor.numpy() for name, tensor in tensors.items()}, errors


def _path(folder: str | Path, key: str) -> Path:
    return Path(folder) / f"molecules-{key}.safetensors"


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)
