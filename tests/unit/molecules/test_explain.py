from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem, RDConfig, rdBase
from torch_geometric.explain import Explainer, GNNExplainer

from gnnlab.errors import InputError, MoleculeError, NotFittedError
from gnnlab.molecules import kernel
from gnnlab.molecules.attribution import attribute_kernel, share_among_atoms
from gnnlab.molecules.descriptors import morgan_counts
from gnnlab.molecules.encoder import ENCODERS
from gnnlab.molecules.explain import PresenceModel, explain
from gnnlab.molecules.graphs import MoleculeGraphs
from gnnlab.molecules.kernel import TanimotoRidge
from gnnlab.molecules.model import PropertyModel
from gnnlab.molecules.predictor import PropertyPredictor

#: The module; the package has a function of its name.
module = importlib.import_module("gnnlab.molecules.explain")

SMALL = {
    "hidden_channels": 24,
    "epochs": 5,
    "batch_size": 20,
    "descriptors": False,
    "fingerprints": False,
    "accelerator": "cpu",
}
CHAINS = [f"{'C' * n}{end}" for n in range(1, 11) for end in ("O", "N", "F", "c1ccccc1")]
VALUES = np.array([0.3 * s.count("C") - 2 * s.count("O") for s in CHAINS])
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def total(found):
    return found.baseline + found.atoms.sum() + found.bonds.sum() + found.rest


def read_nci():
    rows = (Path(RDConfig.RDDataDir) / "NCI/first_5K.smi").read_text().splitlines()
    with rdBase.BlockLogs():
        mols = [Chem.MolFromSmiles(row.split()[0]) for row in rows[:800] if row.strip()]
    return [m for m in mols if m is not None and 3 <= m.GetNumAtoms() <= 25]


@pytest.fixture(scope="module")
def oxygens():
    """A predictor that has learned to count oxygens, and molecules that it has not seen."""
    mols = read_nci()
    smiles = [Chem.MolToSmiles(mol) for mol in mols]
    count = [float(sum(a.GetAtomicNum() == 8 for a in mol.GetAtoms())) for mol in mols]
    changes = {"epochs": 12, "learning_rate": 1e-2, "dropout": 0.0, "pooling": "sum"}
    predictor = PropertyPredictor(**SMALL | changes)
    return predictor.fit(smiles[:350], count[:350]), smiles[350:]


@pytest.fixture(scope="module")
def joint():
    changes = {"fingerprints": True, "ensemble_size": 2, "learning_rate": 1e-2, "pooling": "sum"}
    predictor = PropertyPredictor(**SMALL | changes)
    predictor.fit(CHAINS, np.stack([VALUES, -VALUES], axis=1))
    # The data may call for one of them alone; here both must have their say.
    wanted = {"networks": (0.8, 0.5), "kernel": (0.2, 0.5), "forest": (0.0, 0.0)}
    for name, shares in wanted.items():
        predictor.blend_.weights[name][:] = shares
    return predictor


def test_what_was_counted_contributes_most(oxygens):
    predictor, unseen = oxygens
    hits = []
    for smiles in unseen[:80]:
        atoms = Chem.MolFromSmiles(smiles).GetAtoms()
        is_oxygen = np.array([atom.GetAtomicNum() == 8 for atom in atoms])
        if 0 < is_oxygen.sum() < len(is_oxygen):
            contributions = explain(predictor, smiles).atoms
            hits.append(contributions[is_oxygen].min() > contributions[~is_oxygen].max())
    assert len(hits) > 30
    assert np.mean(hits) >= 0.9


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_contributions_add_up_to_the_prediction(encoder, task):
    y = VALUES if task == "regression" else (VALUES > 0).astype(float)
    changes = {"encoder": encoder, "epochs": 8, "learning_rate": 1e-2, "pooling": "sum"}
    predictor = PropertyPredictor(task=task, **SMALL | changes).fit(CHAINS, y)
    found = explain(predictor, ASPIRIN)
    assert abs(found.rest) < 0.01 * np.abs(found.atoms).sum()
    assert total(found) == pytest.approx(found.prediction)
    assert found.quantity == {"regression": "value", "classification": "probability"}[task]
    assert (found.atoms != 0).all()
    assert (found.bonds != 0).all() == (encoder != "gated")


@pytest.mark.parametrize("target", [0, 1])
def test_networks_and_kernel_are_joined_as_in_the_prediction(joint, target):
    found = explain(joint, ASPIRIN, target)
    prediction = joint.predict([ASPIRIN])[0, target]
    assert found.prediction == pytest.approx(prediction, rel=1e-6)
    assert total(found) == pytest.approx(prediction, rel=1e-6)
    assert abs(found.rest) < 0.02 * np.abs(found.atoms).sum()


def test_the_baseline_is_the_same_for_all_molecules(joint):
    assert explain(joint, "CO").baseline == pytest.approx(explain(joint, ASPIRIN).baseline)


def test_descriptors_are_the_rest():
    predictor = PropertyPredictor(**SMALL | {"descriptors": True}).fit(CHAINS, VALUES)
    found = explain(predictor, "CCCO")
    assert total(found) == pytest.approx(predictor.predict(["CCCO"])[0], rel=1e-6)
    assert abs(found.rest) > 0.1 * np.abs(found.atoms).sum()
    with torch.no_grad():
        predictor.models_[0].head[1].weight[:, 24:] = 0
    for name, share in {"networks": 1.0, "trees": 0.0}.items():
        predictor.blend_.weights[name][:] = share
    without = explain(predictor, "CCCO")
    assert abs(without.rest) < 0.02 * np.abs(without.atoms).sum()


def test_contributions_follow_the_atoms(joint):
    mol = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)N[C@@H](C)F")
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms())
    other = Chem.RenumberAtoms(mol, order.tolist())
    texts = [Chem.MolToSmiles(m, canonical=False) for m in (mol, other)]
    assert texts[0] != texts[1]
    written = [list(m.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]) for m in (mol, other)]
    first, second = (explain(joint, text) for text in texts)
    by_atom = np.empty((2, len(order)))
    by_atom[0, written[0]] = first.atoms
    by_atom[1, order[written[1]]] = second.atoms
    np.testing.assert_allclose(by_atom[1], by_atom[0], atol=1e-4)
    by_bond = []
    for found, atom in ((first, written[0]), (second, order[written[1]])):
        bonds = Chem.MolFromSmiles(found.smiles).GetBonds()
        ends = [{int(atom[b.GetBeginAtomIdx()]), int(atom[b.GetEndAtomIdx()])} for b in bonds]
        by_bond.append({tuple(sorted(e)): v for e, v in zip(ends, found.bonds, strict=True)})
    assert by_bond[0] == pytest.approx(by_bond[1], abs=1e-4)
    assert np.std(first.bonds) > 1e-3


def test_equal_atoms_contribute_equally(joint):
    atoms = explain(joint, "c1ccccc1").atoms
    np.testing.assert_allclose(atoms, atoms.mean(), rtol=1e-4)


def test_more_points_leave_less_to_rounding(oxygens, monkeypatch):
    predictor, unseen = oxygens
    rest = []
    for points in (64, 500):
        monkeypatch.setattr(module, "_POINTS", points)
        rest.append(max(abs(explain(predictor, smiles).rest) for smiles in unseen[:5]))
    assert rest[0] < 0.03
    assert rest[1] < 0.3 * rest[0]


def test_large_molecules_are_integrated_in_parts(joint, monkeypatch):
    whole = explain(joint, ASPIRIN)
    monkeypatch.setattr(module, "_ATOMS_TOGETHER", 50)
    in_parts = explain(joint, ASPIRIN)
    np.testing.assert_allclose(in_parts.atoms, whole.atoms, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(in_parts.bonds, whole.bonds, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("smiles", ["C", "[Na+].[Cl-]", "[H][H]", "*"])
def test_molecules_of_next_to_nothing(joint, smiles):
    found = explain(joint, smiles)
    mol = Chem.MolFromSmiles(smiles)
    assert found.atoms.shape == (mol.GetNumAtoms(),)
    assert found.bonds.shape == (mol.GetNumBonds(),)
    assert total(found) == pytest.approx(found.prediction)
    assert np.isfinite(found.atoms).all()


def test_kernel_contributions_are_the_integral_and_add_up():
    counts = np.random.default_rng(0).poisson(0.7, size=(30, 12)).astype(np.uint8)
    ridge = TanimotoRidge("regression").fit(counts, counts[:, :2].astype(float))
    for x in (*counts[:5], np.arange(12) % 5):
        found = attribute_kernel(ridge, x)
        expected = ridge.predict(x[None].astype(np.uint8))[0] - ridge.bias_
        np.testing.assert_allclose(found.sum(0), expected, rtol=1e-5, atol=1e-7)
        assert (found[x == 0] == 0).all()
    # One fragment more of column d, at presence alpha of all, by differences.
    x, step = counts[0].astype(float), 1e-6
    shared = np.minimum(x, ridge.landmarks_)  # [M, D]
    either = ridge.landmarks_.sum(1, dtype=float)

    def predict(presence):
        s = shared @ presence
        return (s / (either + x @ presence - s)) @ ridge.weight_

    points = (np.arange(400) + 0.5) / 400
    by_hand = [
        np.mean([predict(a + step * unit) - predict(np.full(12, a)) for a in points], 0) / step
        for unit in np.eye(12)
    ]
    np.testing.assert_allclose(attribute_kernel(ridge, counts[0]), by_hand, atol=1e-4)


def test_a_fragment_is_shared_among_its_atoms_alone():
    mol = Chem.MolFromSmiles("CCCCCCO")
    expected = {6: [6], 5: [6, 5], 4: [6, 5, 4]}  # farthest atom from the oxygen -> all atoms
    shares = np.stack([share_among_atoms(mol, unit) for unit in np.eye(2048)])  # [D, N]
    present = morgan_counts([mol])[0] > 0
    np.testing.assert_allclose(shares.sum(1), present)
    assert (shares >= 0).all()
    for atoms in expected.values():
        even = np.zeros(7)
        even[atoms] = 1 / len(atoms)
        assert (np.abs(shares - even).max(axis=1) < 1e-12).any()


def test_a_molecule_that_is_its_own_landmark():
    counts = morgan_counts([Chem.MolFromSmiles(s) for s in CHAINS])
    ridge = TanimotoRidge("regression").fit(counts, VALUES[:, None])
    assert kernel.tanimoto_kernel(counts[:1], ridge.landmarks_)[0, 0] == 1
    expected = ridge.predict(counts[:1])[0] - ridge.bias_
    np.testing.assert_allclose(attribute_kernel(ridge, counts[0]).sum(0), expected, rtol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_explainers_of_pyg_run_on_our_layers(encoder):
    torch.manual_seed(0)
    batch = MoleculeGraphs.of([ASPIRIN]).batch([0])
    model = PropertyModel(1, encoder, 16, 2)
    presence = PresenceModel(model, batch)
    ones = torch.ones(batch.num_nodes, 1)
    torch.testing.assert_close(presence.eval()(ones, batch.edge_index), model(batch))
    explainer = Explainer(
        presence,
        GNNExplainer(epochs=10),
        explanation_type="model",
        node_mask_type="object",
        model_config={"mode": "regression", "task_level": "graph", "return_type": "raw"},
    )
    mask = explainer(ones, batch.edge_index).node_mask
    assert mask.shape == (13, 1)
    assert ((mask > 0) & (mask < 1)).all()
    torch.testing.assert_close(presence(ones, batch.edge_index), model(batch))


@pytest.mark.parametrize(
    "smiles", ["", "C C", "C1CC", "captain Ahab", None, float("nan"), 3, ["CCO"], "C" * 30_000]
)
def test_what_is_no_molecule(joint, smiles):
    with pytest.raises(MoleculeError):
        explain(joint, smiles)


@pytest.mark.parametrize("target", [2, -1, 0.0, "logS", None])
def test_properties_that_do_not_exist(joint, target):
    with pytest.raises(InputError, match="2 properties"):
        explain(joint, "CCO", target)


def test_before_fit():
    with pytest.raises(NotFittedError):
        explain(PropertyPredictor(), "CCO")


def test_table_names_the_parts(joint):
    found = explain(joint, "CC=O")
    table = found.table()
    assert table["part"].tolist() == ["C", "C", "O", "C-C", "C-O", "rest"]
    assert table["atoms"].tolist() == ["0", "1", "2", "0-1", "1-2", ""]
    assert table["contribution"].sum() + found.baseline == pytest.approx(found.prediction)
