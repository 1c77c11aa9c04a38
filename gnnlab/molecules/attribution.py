"""What fragments, and so atoms, contribute to the prediction of a kernel regression.

Legend: N atoms, M landmarks, D columns of fragments, C those that the molecule has, T properties.
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from gnnlab.molecules.kernel import TanimotoRidge

_RADIUS = 2  # of the fragments that ``morgan_counts`` counts


def attribute_kernel(ridge: TanimotoRidge, counts: np.ndarray) -> np.ndarray:
    r"""What each column of fragments contributes to a kernel regression's prediction, exactly.

    Of the fragments x, s are shared with a landmark of q fragments, and p = \|x\| - s are not. When
    a presence :math:`\alpha` of each is there, the kernel is :math:`\alpha s / (q + \alpha p)`, and
    the integral of its slope has a closed form, for a shared and for another fragment

    .. math::
        \frac{\ln(1 + p / q)}{p} \quad \text{and} \quad
        -s \left( \frac{\ln(1 + p / q)}{p^2} - \frac{1}{p\,(p + q)} \right)

    Args:
        ridge: A fitted regression.
        counts: ``[D]`` of one molecule.

    Returns:
        ``[D, T]``; the sum over D is the prediction without the bias.
    """
    present = np.flatnonzero(counts)  # [C]
    x = counts[present].astype(float)
    shared = np.minimum(x, ridge.landmarks_[:, present])  # [M, C]
    s, q = shared.sum(1), ridge.landmarks_.sum(1, dtype=float)  # [M]
    p = x.sum() - s
    divisor = np.where(p == 0, 1, p)
    by_shared = np.where(p == 0, 1 / q, np.log1p(p / q) / divisor)
    by_other = s / divisor * (by_shared - 1 / (p + q))
    slopes = shared * by_shared[:, None] - (x - shared) * by_other[:, None]  # [M, C]
    contributions = np.zeros((len(counts), ridge.weight_.shape[1]))
    contributions[present] = slopes.T @ ridge.weight_
    return contributions


def share_among_atoms(mol: Chem.Mol, of_fragments: np.ndarray) -> np.ndarray:
    """Shares what each column of fragments contributes out among the atoms, evenly.

    That a fragment speaks for all of its atoms is the idea of RDKit's similarity maps
    (`Riniker and Landrum, 2013 <https://doi.org/10.1186/1758-2946-5-43>`_).

    Args:
        mol: A molecule.
        of_fragments: ``[D]``, the columns as those of
            :func:`~gnnlab.molecules.descriptors.morgan_counts`.

    Returns:
        ``[N]``, with the same sum.
    """
    places = rdFingerprintGenerator.AdditionalOutput()
    places.AllocateBitInfoMap()
    generator = rdFingerprintGenerator.GetMorganGenerator(_RADIUS, fpSize=len(of_fragments))
    generator.GetCountFingerprint(mol, additionalOutput=places)
    step = np.eye(mol.GetNumAtoms()) + Chem.GetAdjacencyMatrix(mol)
    within = [np.linalg.matrix_power(step, radius) > 0 for radius in range(_RADIUS + 1)]
    atoms = np.zeros(mol.GetNumAtoms())
    for column, found in places.GetBitInfoMap().items():
        for centre, radius in found:
            reached = within[radius][centre]  # [N]
            atoms[reached] += of_fragments[column] / (len(found) * reached.sum())
    return atoms
