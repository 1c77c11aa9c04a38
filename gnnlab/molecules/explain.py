r"""Which atoms and bonds drove a prediction.

A molecule is taken as something that can be there by halves: every atom and bond has a presence
between 0 and 1. What an atom contributes is what the prediction gains by its presence while all of
the molecule comes into being evenly (integrated gradients,
`Sundararajan et al., 2017 <https://arxiv.org/abs/1703.01365>`_; Aumann-Shapley values):

.. math::
    \phi_v = \int_0^1 \frac{\partial \hat y}{\partial a_v}(\alpha, \dots, \alpha)\, d\alpha,
    \qquad \sum_v \phi_v = \hat y(1, \dots, 1) - \hat y(0, \dots, 0)

Legend: N atoms, E bonds, S points of the integral, B molecules.
"""

from __future__ import annotations

import copy
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnlab.errors import InputError
from gnnlab.molecules.attribution import attribute_kernel, share_among_atoms
from gnnlab.molecules.inputs import prepare
from gnnlab.molecules.members import Examples
from gnnlab.molecules.model import PropertyModel
from gnnlab.molecules.parse import parse_smiles
from gnnlab.molecules.predictor import PropertyPredictor

_POINTS = 64
_ATOMS_TOGETHER = 4096


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the parts of a molecule contribute: all of them and ``baseline`` add up to the whole.

    Attributes:
        smiles: The molecule.
        atoms: ``[N]`` contribution of each atom, in RDKit's order (that of the SMILES string).
        bonds: ``[E]`` contribution of each bond, in RDKit's order; zeros for an encoder that has
            no vectors of bonds (``"gated"``).
        rest: What belongs to no atom: descriptors of the whole molecule, what is cut off a
            probability above 1 or below 0, and the rounding of the integral.
        baseline: The prediction of nothing at all, the same for all molecules.
        prediction: What the predictor says.
        quantity: ``"value"`` if all of these are in the units of the property, or
            ``"probability"`` (of class 1).
    """

    smiles: str
    atoms: np.ndarray
    bonds: np.ndarray
    rest: float
    baseline: float
    prediction: float
    quantity: str

    def table(self) -> pd.DataFrame:
        """Rows of parts with columns ``part``, ``atoms`` (their numbers from 0), ``contribution``.

        Example:
            >>> methanol = Explanation("CO", np.array([0.5, -1]), np.zeros(1), 0, 2, 1.5, "value")
            >>> print(methanol.table().to_string(index=False))
            part atoms  contribution
               C     0           0.5
               O     1          -1.0
             C-O   0-1           0.0
            rest                 0.0
        """
        mol = parse_smiles(self.smiles)
        symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
        ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
        parts = [*symbols, *(f"{symbols[v]}-{symbols[w]}" for v, w in ends), "rest"]
        numbers = [*map(str, range(len(symbols))), *(f"{v}-{w}" for v, w in ends), ""]
        contributions = np.concatenate([self.atoms, self.bonds, [self.rest]])
        return pd.DataFrame({"part": parts, "atoms": numbers, "contribution": contributions})


def explain(predictor: PropertyPredictor, smiles: str, target: int = 0) -> Explanation:
    """Shares a prediction out among the atoms and bonds of a molecule.

    Networks and companions are explained apart and joined with the shares that they have in the
    prediction. An atom's presence scales its features, and its vector on the way into the readout;
    a bond's scales its features. A fragment of the kernel is shared out evenly among its atoms. The
    descriptors come into being along with the atoms, and they are the ``rest``, with all that trees
    and forest say: a predictor with ``descriptors=False, fingerprints=False`` leaves more to the
    atoms.

    Args:
        predictor: A fitted predictor.
        smiles: The molecule.
        target: Which property, if there are several.

    Raises:
        MoleculeError: If it is no molecule.
        NotFittedError: If the predictor has learned nothing yet.
        InputError: If there is no such property.

    Example:
        >>> from gnnlab.molecules import PropertyPredictor
        >>> smiles = ["C" * n + end for n in range(1, 9) for end in ("", "O")]
        >>> predictor = PropertyPredictor(hidden_channels=16, epochs=30, descriptors=False)
        >>> predictor = predictor.fit(smiles, [0.0, 1.0] * 8)
        >>> found = explain(predictor, "CCCO")
        >>> int(found.atoms.argmax()), found.quantity
        (3, 'value')
        >>> total = found.baseline + found.atoms.sum() + found.bonds.sum() + found.rest
        >>> bool(np.isclose(total, predictor.predict(["CCCO"])[0]))
        True
    """
    mol = parse_smiles(smiles)
    predictor._require_fitted("models_")
    count = len(predictor.scale_.mean)
    if not isinstance(target, int | np.integer) or target not in range(count):
        raise InputError(f"there are {count} properties", where="target", value=target)
    inputs = prepare([smiles], predictor.descriptors, predictor.fingerprints)
    descriptors = None
    if predictor.descriptors:
        scaled = predictor.scaler_.transform(inputs.descriptors)
        descriptors = torch.from_numpy(scaled).float()
    examples = Examples(inputs.graphs, descriptors)
    prediction = predictor.estimate(inputs).mean.reshape(-1)[target]
    parts = [_integrate(predictor, model, examples, target) for model in predictor.models_]
    atoms, bonds, baseline = (np.mean(part, axis=0) for part in zip(*parts, strict=True))
    share = {name: weight[target] for name, weight in predictor.blend_.weights.items()}
    atoms, bonds = share["networks"] * atoms, share["networks"] * bonds
    baseline = share["networks"] * baseline
    for name, companion in predictor.companions_.items():
        baseline += share[name] * companion.bias(target)
    if predictor.fingerprints:
        ridge = predictor.companions_["kernel"]
        of_fragments = attribute_kernel(ridge, inputs.counts[0])[:, target]
        atoms = atoms + share["kernel"] * share_among_atoms(mol, of_fragments)
    rest = prediction - baseline - atoms.sum() - bonds.sum()
    quantity = "value" if predictor.task == "regression" else "probability"
    whole = (float(number) for number in (rest, baseline, prediction))
    return Explanation(smiles.strip(), atoms, bonds, *whole, quantity)


class PresenceModel(nn.Module):
    """A property model as a function of how far each atom and bond is there.

    With all presences 1 it is the model itself. It has the signature that PyG's explainers call, so
    that ``torch_geometric.explain`` works on our layers; they mask nodes only, as these layers
    are not PyG's own.

    Args:
        model: What to explain.
        batch: B molecules.
        descriptors: ``[B, D]`` scaled, if the model reads any.

    Shape:
        - x: :math:`(N, 1)` presence of the atoms; edge_index: :math:`(2, 2E)`; edge_attr:
          :math:`(2E, 1)` presence of the directed bonds, or ``None`` if all are there
        - output: :math:`(B, T)`.

    Example:
        >>> from torch_geometric.explain import Explainer, GNNExplainer
        >>> from gnnlab.molecules import MoleculeGraphs
        >>> batch = MoleculeGraphs.of(["CCO"]).batch([0])
        >>> model = PresenceModel(PropertyModel(hidden_channels=8), batch)
        >>> settings = {"mode": "regression", "task_level": "graph", "return_type": "raw"}
        >>> explainer = Explainer(model, GNNExplainer(epochs=5), explanation_type="model",
        ...                       node_mask_type="object", model_config=settings)
        >>> explainer(torch.ones(3, 1), batch.edge_index).node_mask.shape
        torch.Size([3, 1])
    """

    def __init__(self, model: PropertyModel, batch: Batch, descriptors: Tensor | None = None):
        super().__init__()
        self.model, self.batch, self.descriptors = model, batch, descriptors

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor | None = None) -> Tensor:
        """The properties, scaled as in training."""
        encoder = self.model.encoder
        presence = [(encoder.atoms, x), (encoder, x)]
        if edge_attr is not None and hasattr(encoder, "bonds"):
            presence.append((encoder.bonds, edge_attr))
        batch = copy.copy(self.batch)
        batch.edge_index = edge_index
        with ExitStack() as hooks:
            for module, factor in presence:
                hooks.enter_context(
                    module.register_forward_hook(lambda _, __, out, factor=factor: out * factor)
                )
            return self.model(batch, self.descriptors)


def _integrate(
    predictor: PropertyPredictor, model: PropertyModel, examples: Examples, target: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Contributions ``[N]`` and ``[E]`` to one network's prediction, and its prediction of nothing.

    The points of the integral are copies of the molecule in one batch, each with its presence.
    """
    scale = predictor.scale_
    num_atoms, num_bonds = len(examples.graphs.x), len(examples.graphs.edge_attr)

    def predict(presence: Tensor, atoms: Tensor, bonds: Tensor) -> Tensor:
        copies = np.zeros(len(presence), dtype=int)
        batch, descriptors, _ = examples.batch(copies)
        if descriptors is not None:
            descriptors = descriptors * presence.unsqueeze(1)  # [S, D]
        both_ways = bonds.repeat_interleave(2, 1).reshape(-1, 1)  # [S 2E, 1]
        whole = PresenceModel(model, batch, descriptors)
        out = whole(atoms.reshape(-1, 1), batch.edge_index, both_ways)[:, target]  # [S]
        if scale.task == "classification":
            return out.sigmoid()
        return out * scale.std[target] + scale.mean[target]

    model.eval()
    points, weights = np.polynomial.legendre.leggauss(_POINTS)  # between -1 and 1
    of_atoms, of_bonds = np.zeros(num_atoms), np.zeros(num_bonds)
    for chosen in np.array_split(np.arange(_POINTS), -(-_POINTS * num_atoms // _ATOMS_TOGETHER)):
        presence = torch.from_numpy((points[chosen] + 1) / 2).float()  # [S]
        atoms = presence.repeat(num_atoms, 1).t().requires_grad_()  # [S, N]
        bonds = presence.repeat(num_bonds, 1).t().requires_grad_()  # [S, E]
        total = predict(presence, atoms, bonds) @ torch.from_numpy(weights[chosen] / 2).float()
        slopes = torch.autograd.grad(total, [atoms, bonds], materialize_grads=True)
        of_atoms += slopes[0].sum(0).double().numpy()
        of_bonds += slopes[1].sum(0).double().numpy()
    with torch.no_grad():
        nothing = predict(*(torch.zeros(shape) for shape in ((1,), (1, num_atoms), (1, num_bonds))))
    return of_atoms, of_bonds, nothing.item()
