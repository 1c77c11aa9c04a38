"""How much generated molecules are like real ones: the metrics of MOSES."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gnnlab.errors import InputError
from gnnlab.molecules.metrics.chemnet import describe_activations, require_chemnet
from gnnlab.molecules.metrics.chunks import Progress, canonical_set
from gnnlab.molecules.metrics.filters import read_patterns
from gnnlab.molecules.metrics.frechet import frechet_distance
from gnnlab.molecules.metrics.profile import PROPERTIES, Profile
from gnnlab.molecules.metrics.reference import Reference, check_rows
from gnnlab.molecules.metrics.similarity import internal_diversity, nearest_similarity

#: Of how many molecules, counted from the first, uniqueness is told.
UNIQUE_AMONG = (1000, 10000)


def evaluate(
    generated: Sequence[str],
    reference: Reference | Sequence[str] | Mapping[str, Reference | Sequence[str]],
    train: Sequence[str] | None = None,
    *,
    fcd: bool = True,
    filters: bool = True,
    num_workers: int = 1,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> dict[str, float]:
    r"""Compares generated molecules with real ones, by the names and definitions of MOSES.

    After `Polykovskiy et al., 2020 <https://doi.org/10.3389/fphar.2020.565644>`_, as its published
    code computes it. What :func:`~gnnlab.molecules.parse.parse_smiles` refuses is invalid, and goes
    first; the others are taken from their canonical SMILES with stereo, and molecules that come
    twice count twice.

    ========== =====================================================================================
    valid      Share of the rows that are molecules.
    unique@k   Share of different molecules among the first k valid ones; of all if there are fewer.
    FCD        Fréchet distance between the activations of ChemNet; 0 is best.
    SNN        Tanimoto similarity to the nearest molecule of the reference, Morgan fingerprints of
               radius 2 and 1024 bits, mean over the generated molecules.
    Frag       Cosine of how often each BRICS fragment occurs; NaN if one side has none.
    Scaf       The same for Murcko scaffolds of two or more rings.
    IntDiv     One minus the mean Tanimoto similarity within the generated molecules; IntDiv2 with
               the root of the mean square.
    Filters    Share of the molecules that no filter of medicinal chemists holds back.
    logP, ...  Wasserstein distance between the values of a property (Crippen's logP, SA, QED,
               molecular weight) and those of the first reference.
    Novelty    Share of the different generated molecules that are not in ``train``.
    ========== =====================================================================================

    MOSES compares training rows as they are written; here they are made canonical first, so that
    another way of writing makes nothing new.

    Args:
        generated: One SMILES string per row; what is no string is an invalid row.
        reference: Real molecules, all of them good, that were not trained on; or several such sets
            by name, as ``{"Test": ..., "TestSF": ...}`` for MOSES' two. A single set is called
            ``Test``. What will be used again is best made a :class:`Reference` once.
        train: What the generator was trained on; without it there is no ``Novelty``.
        fcd: Whether to compute the FCD, which needs the optional package ``fcd_torch``.
        filters: Whether to apply the filters, whose tables may have to be downloaded.
        num_workers: Number of processes. A script that starts more than one needs the usual
            ``if __name__ == "__main__":`` where processes are spawned.
        cache: A folder for what is found out about references.
        progress: Called with the name of a step, how much of it is done and how much there is.

    Returns:
        ``valid``, ``unique@1000``, ``unique@10000``; ``FCD/Test``, ``SNN/Test``, ``Frag/Test`` and
        ``Scaf/Test``, the same for each further reference; ``IntDiv``, ``IntDiv2``, ``Filters``,
        ``logP``, ``SA``, ``QED``, ``weight`` and ``Novelty``; in this order.

    Raises:
        InputError: If there are no rows, none is a molecule, there are less than two for the FCD,
            a list is a single string, there is less than one process, a reference was made without
            what is needed, or ``fcd_torch`` is missing.
        MoleculeError: If a row of a reference is no molecule; names it.
        DownloadError: If the filters are neither in a mirror nor can be downloaded.

    Example:
        >>> generated = ["CCO", "OCC", "CC(=O)Nc1ccccc1", "C(C"]
        >>> scores = evaluate(
        ...     generated, ["CCN", "CC(=O)Nc1ccccc1"], train=["C(O)C"], fcd=False, filters=False
        ... )
        >>> {name: round(scores[name], 3) for name in ("valid", "unique@1000", "Novelty")}
        {'valid': 0.75, 'unique@1000': 0.667, 'Novelty': 0.5}
        >>> [name for name in scores if name.endswith("/Test")]
        ['SNN/Test', 'Frag/Test', 'Scaf/Test']
    """
    if fcd:
        require_chemnet()
    rows = check_rows(generated, "generated", num_workers)
    train = None if train is None else check_rows(train, "train", num_workers)
    named = reference if isinstance(reference, Mapping) else {"Test": reference}
    _check_references(named, fcd)
    patterns = read_patterns() if filters else None
    sample = _read(rows, patterns, num_workers, progress)
    activations = describe_activations(sample.smiles, "ChemNet", progress) if fcd else None
    references = {
        name: one
        if isinstance(one, Reference)
        else Reference.of(
            one,
            fcd=fcd,
            properties=place == 0,
            num_workers=num_workers,
            cache=cache,
            progress=progress,
            name=name,
        )
        for place, (name, one) in enumerate(named.items())
    }
    scores = {"valid": len(sample.smiles) / sample.num_rows, **_uniqueness(sample.smiles)}
    for name, one in references.items():
        if activations is not None:
            scores[f"FCD/{name}"] = frechet_distance(activations, one.activations)
        scores |= _closeness(sample, one.profile, name, progress)
    pairs = internal_diversity(sample.fingerprints, progress=progress)
    scores |= dict(zip(("IntDiv", "IntDiv2"), pairs, strict=True))
    if sample.passes is not None:
        scores["Filters"] = sample.passes.mean()
    scores |= _property_distances(sample, next(iter(references.values())).profile)
    if train is not None:
        known = canonical_set(train, num_workers, progress)
        found = set(sample.smiles)
        scores["Novelty"] = len(found - known) / len(found)
    return {name: float(score) for name, score in scores.items()}


def cosine(one: Counter[str], other: Counter[str]) -> float:
    """Cosine of the angle between two vectors of counts; NaN if one is empty.

    Example:
        >>> cosine(Counter("aab"), Counter("aabb"))
        0.9486832980505138
    """
    if not one or not other:
        return float("nan")
    common = sum(count * other[key] for key, count in one.items() if key in other)
    squares = (sum(count**2 for count in counter.values()) for counter in (one, other))
    return common / float(np.prod([float(square) for square in squares]) ** 0.5)


def _check_references(named: Mapping[str, Reference | Sequence[str]], fcd: bool) -> None:
    if not named:
        raise InputError("there is nothing to compare with", where="reference", value="no entry")
    first = next(iter(named.values()))
    if isinstance(first, Reference) and first.profile.properties is None:
        raise InputError(
            "the first reference was made without the properties",
            where="reference",
            remedy="make it by Reference.of(..., properties=True)",
        )
    for name, one in named.items():
        if fcd and isinstance(one, Reference) and one.activations is None:
            raise InputError(
                "the reference was made without what the FCD needs",
                where=f"reference {name}",
                remedy="make it by Reference.of(..., fcd=True), or pass fcd=False",
            )


def _read(
    rows: list, patterns: tuple[str, ...] | None, num_workers: int, progress: Progress | None
) -> Profile:
    sample = Profile.of(rows, patterns, num_workers, "generated: molecules", progress)
    if not sample.smiles:
        row, error = next(iter(sample.errors.items()))
        raise InputError(
            f"no row of {len(rows)} is a molecule",
            where="generated",
            value=f"row {row}: {error.what}",
        )
    return sample


def _uniqueness(smiles: list[str]) -> dict[str, float]:
    first = {count: smiles[:count] for count in UNIQUE_AMONG}
    return {f"unique@{count}": len(set(part)) / len(part) for count, part in first.items()}


def _closeness(
    sample: Profile, reference: Profile, name: str, progress: Progress | None
) -> dict[str, float]:
    nearest = nearest_similarity(
        sample.fingerprints, reference.fingerprints, f"{name}: similarity", progress
    )
    return {
        f"SNN/{name}": nearest.mean(),
        f"Frag/{name}": cosine(sample.fragments, reference.fragments),
        f"Scaf/{name}": cosine(sample.scaffolds, reference.scaffolds),
    }


def _property_distances(sample: Profile, reference: Profile) -> dict[str, float]:
    from scipy.stats import wasserstein_distance

    columns = zip(sample.properties.T, reference.properties.T, strict=True)
    distances = [wasserstein_distance(ours, theirs) for ours, theirs in columns]
    return dict(zip(PROPERTIES, distances, strict=True))
