"""What ChemNet, a network trained to know what molecules do, sees in molecules.

The network comes with the optional package ``fcd_torch``. Only its weights and its way of spelling
are used: its distance needs a function that SciPy 1.18 no longer has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import numpy as np
import torch

from gnnlab.errors import InputError
from gnnlab.molecules.metrics.chunks import Progress
from gnnlab.molecules.metrics.frechet import Gaussian

_BATCH = 256  # Larger batches are no faster on a processor.
# How ChemNet was trained: letters of a SMILES string, the end mark among them.
_LENGTH = 350


def require_chemnet() -> None:
    """Looks for the package, so that its absence is known before the work begins.

    Raises:
        InputError: If it is not installed.
    """
    if find_spec("fcd_torch") is None:
        raise InputError(
            "the distance FCD needs the package fcd_torch, which is not installed",
            where="fcd",
            remedy="pip install gnnlab[fcd], or leave the distance out by fcd=False",
        )


def describe_activations(
    smiles: Sequence[str], step: str = "ChemNet", progress: Progress | None = None
) -> Gaussian:
    """Mean and covariance of ChemNet's 512 activations.

    Their Fréchet distance between two sets of molecules is the FCD
    (`Preuer et al., 2018 <https://doi.org/10.1021/acs.jcim.8b00234>`_).

    Args:
        smiles: Canonical SMILES of at least two molecules.
        step: The name under which progress is reported.
        progress: Called after each batch.

    Raises:
        InputError: If the package is missing, or there are less than two molecules.
    """
    require_chemnet()
    return Gaussian.of(_activations(smiles, step, progress))


def _activations(
    smiles: Sequence[str], step: str, progress: Progress | None
) -> Iterator[np.ndarray]:
    """Batches ``[b, 512]`` float32."""
    from fcd_torch import FCD

    network = FCD(device="cpu").model
    for start in range(0, len(smiles), _BATCH):
        letters = torch.from_numpy(_spell(smiles[start : start + _BATCH]))
        with torch.inference_mode():
            yield network(letters.transpose(1, 2)).numpy()
        if progress is not None:
            progress(step, min(start + _BATCH, len(smiles)), len(smiles))


def _spell(smiles: Sequence[str]) -> np.ndarray:
    """``[b, 350, 35]`` float32: which letter stands where, divided by the number of letters."""
    from fcd_torch.utils import get_one_hot

    letters = np.stack([get_one_hot(text, _LENGTH) for text in smiles])
    return (letters / letters.shape[2]).astype(np.float32)
