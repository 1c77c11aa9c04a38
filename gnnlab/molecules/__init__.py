"""Molecules as graphs: reading, features, splits, property prediction, generation."""

from gnnlab.molecules.baselines import BASELINES, Baseline
from gnnlab.molecules.drawing import draw_explanation, draw_grid, draw_molecule
from gnnlab.molecules.embedded import crippen_logp, load_nci, load_nci_properties
from gnnlab.molecules.encoder import ENCODERS
from gnnlab.molecules.explain import Explanation, explain
from gnnlab.molecules.features import ATOM_COLUMNS, BOND_COLUMNS
from gnnlab.molecules.generation.generator import MoleculeGenerator
from gnnlab.molecules.graph import from_mol, from_smiles, to_mol, to_smiles
from gnnlab.molecules.graphs import MoleculeGraphs
from gnnlab.molecules.parse import canonical_smiles, parse_smiles
from gnnlab.molecules.predictor import PropertyPredictor
from gnnlab.molecules.reading import Molecules, read_molecules
from gnnlab.molecules.scaffolds import murcko_scaffold
from gnnlab.molecules.scores import SCORES, evaluate
from gnnlab.molecules.splits import Split, column_split, random_split, scaffold_split
from gnnlab.molecules.standardize import Standardization
from gnnlab.molecules.tasks import BENCHMARKS, load_benchmark
from gnnlab.molecules.writing import write_molecules

__all__ = [
    "ATOM_COLUMNS",
    "BASELINES",
    "BENCHMARKS",
    "BOND_COLUMNS",
    "ENCODERS",
    "SCORES",
    "Baseline",
    "Explanation",
    "MoleculeGenerator",
    "MoleculeGraphs",
    "Molecules",
    "PropertyPredictor",
    "Split",
    "Standardization",
    "canonical_smiles",
    "column_split",
    "crippen_logp",
    "draw_explanation",
    "draw_grid",
    "draw_molecule",
    "evaluate",
    "explain",
    "from_mol",
    "from_smiles",
    "load_benchmark",
    "load_nci",
    "load_nci_properties",
    "murcko_scaffold",
    "parse_smiles",
    "random_split",
    "read_molecules",
    "scaffold_split",
    "to_mol",
    "to_smiles",
    "write_molecules",
]
