"""Standardisation: which differences between two drawings of a substance are to count."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from gnnlab.errors import MoleculeError, UnknownNameError

#: What each option may be; the first choice leaves the molecule as it is.
CHOICES = {
    "salts": ("keep", "largest"),
    "charges": ("keep", "neutralise"),
    "tautomers": ("keep", "canonical"),
    "stereo": ("keep", "drop"),
}


@dataclass(frozen=True)
class Standardization:
    """Options for the standard form of molecules; by default nothing is changed.

    The steps run in the order of the options. Each is RDKit's (``rdMolStandardize``).

    Args:
        salts: ``"largest"`` keeps the largest fragment, organic before inorganic.
        charges: ``"neutralise"`` adds and removes hydrogens until the charges that can go are
            gone; nitro groups and quaternary nitrogens keep theirs.
        tautomers: ``"canonical"`` picks one tautomer. Takes milliseconds per molecule.
        stereo: ``"drop"`` forgets stereo centres and double-bond geometry.

    Raises:
        UnknownNameError: If an option is given an unknown choice.

    Example:
        >>> from gnnlab.molecules.parse import parse_smiles
        >>> standardization = Standardization(salts="largest", charges="neutralise")
        >>> mol, changes = standardization(parse_smiles("CC(=O)[O-].[Na+]"))
        >>> Chem.MolToSmiles(mol), changes
        ('CC(=O)O', ['salts', 'charges'])
    """

    salts: str = "keep"
    charges: str = "keep"
    tautomers: str = "keep"
    stereo: str = "keep"

    def __post_init__(self):
        for option, choices in CHOICES.items():
            if getattr(self, option) not in choices:
                raise UnknownNameError.of(f"choice for {option}", getattr(self, option), choices)

    def __call__(self, mol: Chem.Mol) -> tuple[Chem.Mol, list[str]]:
        """The standard form of a molecule, and the names of the options that changed it.

        Raises:
            MoleculeError: If RDKit cannot take a step; names the option.
        """
        changes = []
        for option in (field.name for field in fields(self)):
            if getattr(self, option) == "keep":
                continue
            changed = _take_step(option, mol)
            if Chem.MolToSmiles(changed) != Chem.MolToSmiles(mol):
                mol = changed
                changes.append(option)
        return mol, changes

    def to_dict(self) -> dict[str, str]:
        """The options as strings, to be saved with a model.

        Example:
            >>> Standardization(**Standardization(stereo="drop").to_dict()).stereo
            'drop'
        """
        return asdict(self)


def _largest_fragment(mol: Chem.Mol) -> Chem.Mol:
    return rdMolStandardize.LargestFragmentChooser(preferOrganic=True).choose(mol)


def _neutralise(mol: Chem.Mol) -> Chem.Mol:
    return rdMolStandardize.Uncharger().uncharge(mol)


def _canonical_tautomer(mol: Chem.Mol) -> Chem.Mol:
    parameters = rdMolStandardize.CleanupParameters()
    # By default RDKit forgets stereo wherever a hydrogen may move; only ``stereo`` may do that.
    parameters.tautomerRemoveSp3Stereo = False
    parameters.tautomerRemoveBondStereo = False
    return rdMolStandardize.TautomerEnumerator(parameters).Canonicalize(mol)


def _without_stereo(mol: Chem.Mol) -> Chem.Mol:
    mol = Chem.Mol(mol)
    Chem.RemoveStereochemistry(mol)
    return mol


_STEPS = {
    "salts": _largest_fragment,
    "charges": _neutralise,
    "tautomers": _canonical_tautomer,
    "stereo": _without_stereo,
}


def _take_step(option: str, mol: Chem.Mol) -> Chem.Mol:
    try:
        with rdBase.BlockLogs():
            return _STEPS[option](mol)
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise MoleculeError(
            f"cannot be standardised: {reason}", where=option, value=Chem.MolToSmiles(mol)
        ) from error
