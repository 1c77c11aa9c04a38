"""SMILES strings to RDKit molecules: whatever comes in, a molecule or one typed error comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rdkit import Chem, rdBase

from gnnlab.errors import InputError, MoleculeError

#: Strings with more characters than this for each atom allowed are refused unread.
_CHARACTERS_PER_ATOM = 20
# RDKit writes SMILES by recursion: a chain of 20,000 atoms overflows the stack and ends Python.
_MOST_ATOMS = 10_000
_LONGEST_VALUE = 60
_NOISE = re.compile(
    r"^\[\d\d:\d\d:\d\d\] (SMILES Parse Error: |ERROR: )?|( while parsing| for input): .*$"
)
_POSITION = re.compile(r"around position (\d+)")


def parse_smiles(smiles: object, *, max_atoms: int = 1000) -> Chem.Mol:
    """Parses and sanitises one SMILES string.

    Blanks before and after the string are ignored. RDKit reads a string up to the first blank
    and drops the rest without a word (a name, a second molecule, a CXSMILES extension), which is
    why a string with a blank inside is refused. RDKit's messages do not reach the terminal: they
    become the reason.

    Args:
        smiles: The string; anything else is refused.
        max_atoms: The most atoms, hydrogens counted where they are written as atoms. Strings of
            more than 20 characters for each of them are refused unread. Itself at most 10,000.

    Returns:
        The molecule, with at least one atom.

    Raises:
        MoleculeError: If the string is no molecule. ``what`` is the reason: ``not a string``,
            ``empty``, ``whitespace inside``, ``CXSMILES extension``, ``control character``,
            ``not ASCII``, ``too large``, or ``not parsable``; the last four say more after a
            colon. ``value`` is the string, shortened.
        InputError: If ``max_atoms`` is too large.

    Example:
        >>> parse_smiles("CCO").GetNumAtoms()
        3
        >>> parse_smiles("CN(C)(C)C")
        Traceback (most recent call last):
        ...
        gnnlab.errors.MoleculeError: not parsable: Explicit valence for atom # 1 N, 4, is greater \
than permitted (found: 'CN(C)(C)C')
    """
    if max_atoms > _MOST_ATOMS:
        raise InputError(f"at most {_MOST_ATOMS} are safe", where="max_atoms", value=max_atoms)
    if not isinstance(smiles, str):
        raise _error("not a string", smiles)
    text = smiles.strip()
    if not text:
        raise _error("empty", smiles)
    if len(text) > _CHARACTERS_PER_ATOM * max_atoms:
        raise _error(f"too large: {len(text)} characters", text)
    if " " in text or not text.isprintable() or not text.isascii():
        raise _error(_bad_character(text), text)
    if len(text) > max_atoms:
        _refuse_size(text, max_atoms)
    with rdBase.BlockLogs(), rdBase.CaptureErrorLog() as log:
        mol = Chem.MolFromSmiles(text)
    if mol is None:
        raise _error(f"not parsable: {get_reason(log)}", text)
    return mol


def _error(what: str, value: object) -> MoleculeError:
    # Cut before repr, which would be the slowest step on a string of 100 MB.
    shown = repr(value[: _LONGEST_VALUE + 1] if isinstance(value, str | bytes) else value)
    if len(shown) > _LONGEST_VALUE:
        shown = shown[:_LONGEST_VALUE] + "..."
    return MoleculeError(what, value=shown)


def _bad_character(text: str) -> str:
    words = text.split()
    if len(words) > 1:
        return "CXSMILES extension" if words[1].startswith("|") else "whitespace inside"
    place, character = next(
        (place, character)
        for place, character in enumerate(text, start=1)
        if not (character.isprintable() and character.isascii())
    )
    kind = "not ASCII" if character.isprintable() else "control character"
    return f"{kind}: character {place} is {character!a}"


def _refuse_size(text: str, max_atoms: int) -> None:
    """Refuses what RDKit would take long to sanitise: too many atoms, or a tangle of rings."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text, sanitize=False)
    if mol is None:
        return
    atoms, bonds = mol.GetNumAtoms(), mol.GetNumBonds()
    if atoms > max_atoms:
        raise _error(f"too large: {atoms} atoms, at most {max_atoms} allowed", text)
    if bonds > 2 * atoms:
        raise _error(f"too large: {bonds} bonds between {atoms} atoms", text)


def get_reason(log: rdBase.CaptureErrorLog) -> str:
    """The sentence of RDKit's messages that says what is wrong, and where."""
    try:
        messages = log.messages
    except UnicodeDecodeError:  # RDKit may cut a line in the middle of a character.
        return "RDKit's reason is no text"
    lines = [_NOISE.sub("", line).strip() for line in messages.splitlines()]
    violation = next((i for i, line in enumerate(lines) if line.endswith("Violation")), -1)
    reason = next((line for line in lines[violation + 1 :] if line), "RDKit gives no reason")
    position = _POSITION.search(messages)
    return reason[:120] + (f" near character {position[1]}" if position else "")


def parse_all(molecules: Iterable[str | Chem.Mol]) -> Iterator[Chem.Mol]:
    """The molecules of rows that should all be good; those of RDKit are passed on.

    Raises:
        MoleculeError: At the first row that is no molecule; names it.

    Example:
        >>> [mol.GetNumAtoms() for mol in parse_all(["CCO", Chem.MolFromSmiles("C")])]
        [3, 1]
    """
    for row, molecule in enumerate(molecules):
        try:
            yield molecule if isinstance(molecule, Chem.Mol) else parse_smiles(molecule)
        except MoleculeError as error:
            raise MoleculeError(
                error.what,
                where=f"row {row}",
                value=error.value,
                remedy="leave out what read_molecules reports",
            ) from error


def write_smiles(mol: Chem.Mol, *, max_atoms: int = 1000) -> str:
    """The SMILES of a molecule of any origin, which may be too large to be written.

    Raises:
        MoleculeError: If it has more than ``max_atoms`` atoms.

    Example:
        >>> write_smiles(Chem.MolFromSmiles("OCC"))
        'CCO'
    """
    if mol.GetNumAtoms() > max_atoms:
        what = f"too large: {mol.GetNumAtoms()} atoms, at most {max_atoms} allowed"
        raise MoleculeError(what)
    return Chem.MolToSmiles(mol)


def canonical_smiles(mol: Chem.Mol) -> str:
    """The one string of a molecule: equal for two molecules that differ only in how they are drawn.

    Stereo counts, atom-map numbers and the order of the atoms do not.

    Raises:
        MoleculeError: If the molecule has more than 10,000 atoms.

    Example:
        >>> canonical_smiles(parse_smiles("[CH3:7][OH:1]")), canonical_smiles(parse_smiles("OC"))
        ('CO', 'CO')
    """
    text = write_smiles(mol, max_atoms=_MOST_ATOMS)
    if ":" in text:
        mol = Chem.Mol(mol)
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
        # Two branches that only their numbers told apart make no stereo centre.
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
        text = Chem.MolToSmiles(mol)
    return text
