"""How hard a molecule is to make, by RDKit's contributed score."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from rdkit import Chem, RDConfig, rdBase

from gnnlab.errors import InputError


def sa_score(mol: Chem.Mol) -> float:
    """The synthetic accessibility of a molecule, from 1 (easy) to 10 (hard).

    Fragments that are rare among known molecules, and size, rings that share atoms, large rings
    and stereo centres make a molecule hard
    (`Ertl and Schuffenhauer, 2009 <https://doi.org/10.1186/1758-2946-1-8>`_).

    Args:
        mol: A molecule with at least one atom.

    Raises:
        InputError: If RDKit was installed without its contributed modules.

    Example:
        >>> aspirin = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
        >>> round(sa_score(aspirin), 2)
        1.58
    """
    with rdBase.BlockLogs():
        return _load().calculateScore(mol)


@cache
def _load() -> ModuleType:
    # RDKit brings the module as a file beside its packages. It is loaded by its path, because a
    # folder on sys.path would change what later imports find.
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    if not path.is_file():
        raise InputError(
            "RDKit's contributed SA_Score is missing",
            where="SA",
            value=str(path),
            remedy="install rdkit from PyPI",
        )
    spec = importlib.util.spec_from_file_location("gnnlab_sascorer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
