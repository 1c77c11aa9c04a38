"""Molecules that others are compared with: what has to be known of them, found once and kept.

Legend: R molecules.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.cache import fetch_arrays, key_of, store_arrays
from gnnlab.molecules.metrics.chemnet import describe_activations, require_chemnet
from gnnlab.molecules.metrics.chunks import Progress
from gnnlab.molecules.metrics.frechet import Gaussian
from gnnlab.molecules.metrics.profile import Profile

#: To be raised whenever the same molecules come out with other facts.
VERSION = 1

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Reference:
    """A set of molecules to compare others with.

    Build it with :meth:`of`, and use it as often as you like.

    Attributes:
        profile: Fingerprints, fragments, scaffolds and properties of the R molecules.
        activations: Mean and covariance of ChemNet's activations; None if they were left out.

    Example:
        >>> reference = Reference.of(["CCO", "CCN", "c1ccccc1C"], fcd=False)
        >>> reference, reference.profile.fingerprints.shape
        (Reference(3 molecules), (3, 128))
    """

    profile: Profile
    activations: Gaussian | None = None

    @classmethod
    def of(
        cls,
        smiles: Sequence[str],
        *,
        fcd: bool = True,
        properties: bool = True,
        num_workers: int = 1,
        cache: str | Path | None = None,
        progress: Progress | None = None,
        name: str = "reference",
    ) -> Reference:
        """Looks at all molecules; for 176,000 that takes some minutes.

        Args:
            smiles: One molecule per row; all must be good.
            fcd: Whether to run ChemNet, which the distance FCD needs.
            properties: Whether to find out logP, SA, QED and weight, which the first of several
                references needs only.
            num_workers: Number of processes. A script that starts more than one needs the usual
                ``if __name__ == "__main__":`` where processes are spawned.
            cache: A folder to keep the result in, and to take it from when the same rows come
                again. It is keyed by their content and the version of RDKit.
            progress: Called with the step, how many molecules are done and how many there are.
            name: What progress and errors call these molecules.

        Raises:
            InputError: If there are no molecules, less than two for the FCD, less than one
                process, ``smiles`` is a single string, or ``fcd_torch`` is missing.
            MoleculeError: If a row is no molecule; names it.
        """
        if fcd:
            require_chemnet()
        rows = check_rows(smiles, name, num_workers)

        def look() -> Arrays:
            return _to_arrays(_read(rows, name, num_workers, progress, properties))

        def run() -> Arrays:
            return vars(describe_activations(profile.smiles, f"{name}: ChemNet", progress))

        stamp = ["profile"] if properties else ["profile without properties"]
        profile = _from_arrays(_keep(cache, stamp, rows, look))
        if not fcd:
            return cls(profile)
        stamp = ["activations", version("fcd_torch")]
        return cls(profile, Gaussian(**_keep(cache, stamp, rows, run)))

    def __repr__(self) -> str:
        return f"Reference({len(self.profile.smiles)} molecules)"


def check_rows(smiles: Sequence[str], where: str, num_workers: int) -> list:
    """The rows as a list.

    Raises:
        InputError: If there are none, they are a single string or no sequence at all, or there is
            less than one process.
    """
    if num_workers < 1:
        raise InputError("there must be a process", where="num_workers", value=num_workers)
    try:
        rows = [] if isinstance(smiles, str | bytes) else list(smiles)
    except TypeError:
        rows = []
    if not rows:
        raise InputError("a list of SMILES is needed", where=where, value=repr(smiles)[:60])
    return rows


def _read(
    rows: list, name: str, num_workers: int, progress: Progress | None, properties: bool
) -> Profile:
    step = f"{name}: molecules"
    profile = Profile.of(rows, None, num_workers, step, progress, properties)
    if profile.errors:
        row, error = next(iter(profile.errors.items()))
        raise MoleculeError(
            error.what,
            where=f"{name}, row {row}, and {len(profile.errors) - 1} more rows",
            value=error.value,
            remedy="leave out what read_molecules reports",
        )
    return profile


def _keep(
    cache: str | Path | None, stamp: Sequence[str], rows: list, make: Callable[[], Arrays]
) -> Arrays:
    """What ``make`` gives, from the cache if it is there."""
    if cache is None:
        return make()
    text = repr((VERSION, *stamp, key_of(rows)))
    key = hashlib.sha256(text.encode()).hexdigest()
    if found := fetch_arrays(cache, key):
        return found[0]
    arrays = make()
    store_arrays(cache, key, arrays, {})
    return arrays


def _to_arrays(profile: Profile) -> Arrays:
    arrays = {
        "smiles": _to_bytes(profile.smiles),
        "fingerprints": profile.fingerprints,
    }
    if profile.properties is not None:
        arrays["properties"] = profile.properties
    for name in ("fragments", "scaffolds"):
        counts = getattr(profile, name)
        arrays[name] = _to_bytes(counts)
        arrays[f"num_{name}"] = np.fromiter(counts.values(), np.int64, len(counts))
    return arrays


def _from_arrays(arrays: Arrays) -> Profile:
    smiles = _to_texts(arrays["smiles"])
    fragments, scaffolds = (
        Counter(dict(zip(_to_texts(arrays[name]), arrays[f"num_{name}"].tolist(), strict=True)))
        for name in ("fragments", "scaffolds")
    )
    return Profile(
        smiles=smiles,
        fingerprints=arrays["fingerprints"],
        fragments=fragments,
        scaffolds=scaffolds,
        properties=arrays.get("properties"),
        passes=None,
        num_rows=len(smiles),
    )


def _to_bytes(texts: Sequence[str]) -> np.ndarray:
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)


def _to_texts(content: np.ndarray) -> list[str]:
    return content.tobytes().decode().splitlines()
