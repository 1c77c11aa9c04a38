from __future__ import annotations

import numpy as np
import pytest
import torch
from rdkit import Chem

from gnnlab.data import load_model, save_model
from gnnlab.errors import FileFormatError, InputError, NotFittedError, UnknownNameError
from gnnlab.molecules import load_nci
from gnnlab.molecules.generation.generator import MoleculeGenerator
from gnnlab.molecules.generation.sampling import Draw

SMILES = load_nci(300).smiles
SMALL = {
    "hidden_channels": 24,
    "embedding_channels": 16,
    "epochs": 3,
    "batch_size": 64,
    "learning_rate": 1e-2,
    "accelerator": "cpu",
}


@pytest.fixture(scope="module")
def fitted():
    return MoleculeGenerator(**SMALL).fit(SMILES)


def test_it_learns_and_every_molecule_is_valid(fitted):
    found = fitted.history_.column("validation_nats_per_molecule")
    assert found[-1] < found[0] - 1
    molecules = fitted.sample(300, seed=0)
    assert len(molecules) == 300
    for smiles in molecules:
        mol = Chem.MolFromSmiles(smiles)
        assert Chem.MolToSmiles(mol) == smiles
        assert mol.GetNumAtoms() <= fitted.max_atoms_
        assert "." not in smiles
    assert len(set(molecules)) > 150


def test_the_same_seed_makes_the_same_molecules(fitted):
    assert fitted.sample(20, seed=5) == fitted.sample(20, seed=5) != fitted.sample(20, seed=6)


def test_temperature(fitted):
    daring, careful = (fitted.sample(200, temperature=t, seed=0) for t in (2.0, 0.2))
    assert len(set(careful)) < 0.6 * len(set(daring))
    assert 0.7 <= fitted.temperature_ <= 1.3


def test_probabilities_of_molecules(fitted):
    rows = ["CCO", None, "OCC", "C1CC", "[Xe]", "c1ccccc1"]
    found = fitted.log_prob(rows)
    assert np.isnan(found).tolist() == [False, True, False, True, True, False]
    assert found[0] == pytest.approx(found[2], abs=1e-5)  # the same molecule
    assert (found[[0, 2, 5]] < 0).all()
    few, many = (fitted.log_prob(["CC(C)CO"], num_orders=n, seed=1)[0] for n in (2, 60))
    assert fitted.log_prob(["CC(C)CO"])[0] <= many
    assert few <= many < 0


def test_probabilities_are_those_with_which_molecules_are_made():
    """Ethane has one order, so its share in a large sample is its probability."""
    generator = MoleculeGenerator(**SMALL).fit(["CC", "CCC", "CO", "C"] * 10)
    made = generator.sample(4000, temperature=1.0, seed=0)
    expected = np.exp(generator.log_prob(["CC"])[0])
    assert made.count("CC") / 4000 == pytest.approx(expected, abs=4 * np.sqrt(expected / 4000))


@pytest.mark.parametrize("canonical", [0.0, 1.0])
def test_molecules_grow_in_the_only_way_that_was_learned(canonical):
    """Freely, around a scaffold, and when they are judged."""
    rows = ["CCO", "CCN", "OCCO", "CCC"]
    settings = SMALL | {"canonical": canonical, "epochs": 40, "batch_size": 16}
    generator = MoleculeGenerator(**settings).fit(rows * 20)
    made = generator.sample(100, temperature=0.7, seed=0)
    assert sum(smiles in rows for smiles in made) > 90
    around = generator.sample(50, temperature=0.7, scaffold="CC", seed=0)
    assert sum(smiles in rows for smiles in around) > 25  # one root of the scaffold may be new
    assert (generator.log_prob(rows) > np.log(0.05)).all()


def test_bad_molecules_are_reported_and_do_not_disturb():
    rows = ["Queequeg", *SMILES[:60], None, "[13CH4]", "C.O"]
    generator = MoleculeGenerator(**SMALL | {"epochs": 1}).fit(rows)
    assert {0, 61, 62, 63} <= set(generator.errors_)
    assert generator.sample(3, seed=0)


def test_saved_and_loaded(fitted, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    loaded = MoleculeGenerator.load(tmp_path / "model.safetensors")
    assert loaded.sample(10, seed=1) == fitted.sample(10, seed=1)
    assert loaded.get_params() == fitted.get_params()
    assert (loaded.temperature_, loaded.max_atoms_) == (fitted.temperature_, fitted.max_atoms_)
    np.testing.assert_array_equal(loaded.log_prob(SMILES[:9]), fitted.log_prob(SMILES[:9]))


def test_files_that_are_something_else(fitted, tmp_path):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    tensors, config = load_model(path)
    for changed, match in [
        (config | {"kind": "whale"}, "no molecule generator"),
        (config | {"types": ["C"]}, "does not describe"),
        (config | {"parameters": {"hidden_channels": "wide"}}, "does not describe"),
    ]:
        save_model(path, tensors, changed)
        with pytest.raises(FileFormatError, match=match):
            MoleculeGenerator.load(path)


class StopError(Exception):
    """Ends a training where it stands."""


def test_a_resumed_training_ends_like_one_that_was_never_stopped(tmp_path):
    settings = SMALL | {"epochs": 10, "hidden_channels": 8}
    whole = MoleculeGenerator(**settings).fit(SMILES[:150], evaluate_every=1)

    def stop(generator, iteration):
        if iteration == 25:  # the training has 30; its state is written after 20
            raise StopError

    with pytest.raises(StopError):
        MoleculeGenerator(**settings).fit(
            SMILES[:150], evaluate_every=1, log_directory=tmp_path, watch=stop
        )
    assert load_model(tmp_path / "training.safetensors")[1]["iteration"] == 20
    resumed = MoleculeGenerator(**settings).fit(
        SMILES[:150], evaluate_every=1, log_directory=tmp_path, resume=True
    )
    for one, other in zip(
        whole.model_.state_dict().values(), resumed.model_.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
    with pytest.raises(InputError, match="other molecules"):
        MoleculeGenerator(**settings).fit(SMILES[:100], log_directory=tmp_path, resume=True)
    with pytest.raises(InputError, match="epochs=10"):
        MoleculeGenerator(**settings | {"epochs": 11}).fit(
            SMILES[:150], log_directory=tmp_path, resume=True
        )


@pytest.mark.parametrize(("changes", "smiles", "error", "match"), [
    ({"epochs": 0}, SMILES, InputError, "epochs"),
    ({"cell": "harpoon"}, SMILES[:30], UnknownNameError, "childsum"),
    ({"max_distance": 1}, SMILES[:30], InputError, "max_distance"),
    ({"canonical": 1.5}, SMILES[:30], InputError, "canonical"),
    ({"canonical": None}, SMILES[:30], InputError, "canonical"),
    ({}, ["Moby Dick", None], InputError, "type"),
    ({}, ["CCO"], InputError, "too few"),
])  # fmt: skip
def test_mistakes(changes, smiles, error, match):
    with pytest.raises(error, match=match):
        MoleculeGenerator(**SMALL | changes).fit(smiles)


@pytest.mark.parametrize(("count", "settings", "match"), [
    (0, {}, "count"),
    (-3, {}, "count"),
    (2, {"temperature": 0.0}, "temperature"),
    (2, {"temperature": float("nan")}, "temperature"),
])  # fmt: skip
def test_mistakes_in_sampling(fitted, count, settings, match):
    with pytest.raises(InputError, match=match):
        fitted.sample(count, **settings)


def test_before_fit():
    for call in (lambda g: g.sample(1), lambda g: g.log_prob(["C"]), lambda g: g.save("x")):
        with pytest.raises(NotFittedError):
            call(MoleculeGenerator())


def test_draws_follow_the_probabilities():
    log_probabilities = torch.tensor([[0.5, 0.5, 0.0], [0.9, 0.0, 0.1]]).log().repeat(2000, 1)
    drawn = Draw(1.0, seed=0)(log_probabilities).reshape(2000, 2)
    assert (drawn[:, 0] == 0).float().mean().item() == pytest.approx(0.5, abs=0.04)
    assert (drawn[:, 1] == 0).float().mean().item() == pytest.approx(0.9, abs=0.03)
    assert not (drawn[:, 0] == 2).any()
