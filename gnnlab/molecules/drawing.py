"""Pictures of molecules, of what their atoms contribute to a prediction, and of many molecules.

RDKit draws with a typeface that it brings along, so pictures look the same on every machine. It has
the letters of ASCII only: of others the accents go, µ becomes u, and what has no likeness is a "?".
Blue is below zero, orange above, white is zero: colours that colour-blind readers tell apart.

Legend: N atoms, E bonds.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from gnnlab.data.write import write_file
from gnnlab.errors import InputError, MoleculeError, NonFiniteError, ShapeError
from gnnlab.molecules.explain import Explanation
from gnnlab.molecules.parse import parse_smiles

_CANVASES = {".svg": rdMolDraw2D.MolDraw2DSVG, ".png": rdMolDraw2D.MolDraw2DCairo}
_BELOW, _ABOVE = np.array([0.34, 0.707, 0.915]), np.array([0.904, 0.625, 0.0])
_BOND_LENGTH, _PER_ANGSTROM = 54, 36  # pixels
_MARGIN, _LEGEND_HEIGHT = 80, 46
_FONT_SIZE, _PER_LETTER = 16, 7  # pixels; a letter on average
_SMALLEST, _LARGEST = (240, 180), (2000, 2000)  # pixels, width and height
_CELL, _CAPTION_SHARE = (260, 230), 0.17
_MOST_CELLS = 400
_LIKENESS = str.maketrans({"μ": "u", "−": "-", "–": "-", "·": "*", "×": "x", "°": " deg "})


def draw_molecule(
    molecule: str | Chem.Mol,
    path: str | os.PathLike,
    atom_values: ArrayLike | None = None,
    bond_values: ArrayLike | None = None,
    *,
    legend: str = "",
) -> Path:
    r"""Draws one molecule, and on its atoms and bonds a colour for the value of each.

    The picture grows with the molecule, so that all of them are read with the same ease. The
    largest value, of either sign, has the full colour.

    Args:
        molecule: A SMILES string or RDKit's molecule.
        path: The file to write, ``.png`` or ``.svg``.
        atom_values: ``[N]``, in RDKit's order.
        bond_values: ``[E]``, likewise.
        legend: What stands below the molecule; lines are split at ``\n``.

    Returns:
        The path.

    Raises:
        MoleculeError: If it is no molecule.
        InputError: If the file has another ending, or its folder does not exist.
        ShapeError: If there are more or fewer values than atoms or bonds.
        NonFiniteError: If a value is NaN or infinite.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> draw_molecule("CCO", folder / "ethanol.svg", [0.1, 0.0, -0.4]).name
        'ethanol.svg'
    """
    path = _check_ending(path)
    mol = _to_mol(molecule, "molecule")
    atoms = _check_values("atom_values", atom_values, mol.GetNumAtoms())
    bonds = _check_values("bond_values", bond_values, mol.GetNumBonds())
    legend = _to_ascii(legend)
    limit = max(np.abs(np.concatenate([atoms, bonds])).max(), np.finfo(float).tiny)
    canvas = _CANVASES[path.suffix.lower()](*_size_for(mol, legend))
    _set_style(canvas)
    canvas.drawOptions().legendFraction = _legend_height(legend) / canvas.Height()
    atom_colours, bond_colours = (
        {place: _colour(value / limit) for place, value in enumerate(values.tolist()) if value}
        for values in (atoms, bonds)
    )
    canvas.DrawMolecule(
        mol,
        highlightAtoms=list(atom_colours),
        highlightBonds=list(bond_colours),
        highlightAtomColors=atom_colours,
        highlightBondColors=bond_colours,
        legend=legend,
    )
    return _finish(canvas, path)


def draw_explanation(
    explanation: Explanation, path: str | os.PathLike, *, quantity: str | None = None
) -> Path:
    """Draws what the atoms and bonds contribute, with the numbers below.

    Args:
        explanation: Of :func:`~gnnlab.molecules.explain.explain`.
        path: The file to write, ``.png`` or ``.svg``.
        quantity: What was predicted, with its unit, such as ``"logS in log mol/L"``.

    Returns:
        The path.

    Raises:
        InputError: If the file has another ending, or its folder does not exist.

    Example:
        >>> from gnnlab.molecules.explain import Explanation
        >>> methanol = Explanation("CO", np.array([0.5, -1]), np.zeros(1), 0, 2, 1.5, "value")
        >>> folder = getfixture("tmp_path")
        >>> draw_explanation(methanol, folder / "methanol.png", quantity="logS in log mol/L").name
        'methanol.png'
    """
    parts = explanation.table().iloc[:-1]
    strongest = parts.loc[parts["contribution"].abs().idxmax()]
    legend = (
        f"{quantity or explanation.quantity}: {explanation.prediction:.3g} = "
        f"{explanation.baseline:.3g} {explanation.atoms.sum():+.2g} (atoms) "
        f"{explanation.bonds.sum():+.2g} (bonds) {explanation.rest:+.2g} (rest)\n"
        f"orange raises it, blue lowers it; full colour: {abs(strongest['contribution']):.2g} "
        f"({strongest['part']} {strongest['atoms']})"
    )
    return draw_molecule(
        explanation.smiles, path, explanation.atoms, explanation.bonds, legend=legend
    )


def draw_grid(
    molecules: Sequence[str | Chem.Mol],
    path: str | os.PathLike,
    captions: Sequence[str] | None = None,
    *,
    num_columns: int = 4,
) -> Path:
    """Draws molecules side by side, each with its caption.

    Args:
        molecules: SMILES strings or RDKit's molecules, at most 400.
        path: The file to write, ``.png`` or ``.svg``.
        captions: One for each.
        num_columns: Molecules in a row.

    Returns:
        The path.

    Raises:
        MoleculeError: If one is no molecule; ``where`` tells which.
        InputError: If there are none or too many, or the file has another ending.
        ShapeError: If there are more or fewer captions than molecules.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> draw_grid(["CCO", "c1ccccc1"], folder / "both.png", ["Elizabeth", "Darcy"]).name
        'both.png'
    """
    path = _check_ending(path)
    if not 1 <= len(molecules) <= _MOST_CELLS:
        what = f"from 1 to {_MOST_CELLS} molecules fit into a picture"
        raise InputError(what, where="molecules", value=len(molecules))
    if num_columns < 1:
        raise InputError("a row needs a molecule", where="num_columns", value=num_columns)
    if captions is not None and len(captions) != len(molecules):
        what = f"there are {len(molecules)} molecules"
        raise ShapeError(what, where="captions", value=f"{len(captions)} of them")
    mols = [_to_mol(molecule, f"molecules[{i}]") for i, molecule in enumerate(molecules)]
    num_columns = min(num_columns, len(mols))
    num_rows = -(-len(mols) // num_columns)
    size = (num_columns * _CELL[0], num_rows * _CELL[1])
    canvas = _CANVASES[path.suffix.lower()](*size, *_CELL)
    _set_style(canvas)
    canvas.drawOptions().drawMolsSameScale = False
    canvas.drawOptions().legendFraction = _CAPTION_SHARE if captions else 0
    captions = [_to_ascii(caption) for caption in captions or [""] * len(mols)]
    canvas.DrawMolecules(mols, legends=captions)
    return _finish(canvas, path)


def _check_ending(path: str | os.PathLike) -> Path:
    path = Path(path)
    if path.suffix.lower() not in _CANVASES:
        raise InputError(
            "pictures are written as .png or .svg",
            where="path",
            value=path.name,
            remedy="give the file one of these endings",
        )
    return path


def _to_mol(molecule: str | Chem.Mol, where: str) -> Chem.Mol:
    """A molecule of our own, with two-dimensional coordinates."""
    try:
        mol = Chem.Mol(molecule) if isinstance(molecule, Chem.Mol) else parse_smiles(molecule)
    except MoleculeError as error:
        raise MoleculeError(error.what, where=where, value=error.value) from None
    if not mol.GetNumAtoms():
        raise MoleculeError("no atoms", where=where)
    with rdBase.BlockLogs():
        rdDepictor.Compute2DCoords(mol)
    return mol


def _check_values(name: str, values: ArrayLike | None, count: int) -> np.ndarray:
    values = np.zeros(count) if values is None else np.asarray(values, dtype=float)
    if values.shape != (count,):
        raise ShapeError(f"one number for each of {count}", where=name, value=values.shape)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise NonFiniteError("a value is not finite", where=f"{name}[{place}]", value=values[place])
    return values


def _colour(share: float) -> tuple[float, ...]:
    """From blue at -1 over white to orange at 1."""
    full = _ABOVE if share > 0 else _BELOW
    return tuple((1 - abs(share) * (1 - full)).tolist())


def _to_ascii(text: str) -> str:
    """What RDKit's typeface can show; it would leave out the rest without a word."""
    plain = unicodedata.normalize("NFKD", text).translate(_LIKENESS)
    letters = (letter for letter in plain if not unicodedata.combining(letter))
    return "".join(letters).encode("ascii", "replace").decode()


def _size_for(mol: Chem.Mol, legend: str) -> tuple[int, int]:
    extent = np.ptp(mol.GetConformer().GetPositions(), axis=0)[:2]
    wanted = (extent * _PER_ANGSTROM).astype(int) + _MARGIN
    wanted[0] = max(wanted[0], max(map(len, legend.split("\n"))) * _PER_LETTER + _MARGIN // 2)
    wanted[1] += _legend_height(legend)
    width, height = np.clip(wanted, _SMALLEST, _LARGEST).tolist()
    return width, height


def _legend_height(legend: str) -> int:
    return _LEGEND_HEIGHT if legend else 0


def _set_style(canvas: rdMolDraw2D.MolDraw2D) -> None:
    options = canvas.drawOptions()
    options.useBWAtomPalette()  # RDKit's coloured letters would mix with our colours
    options.fixedBondLength = _BOND_LENGTH
    options.fillHighlights = True
    options.highlightRadius = 0.38
    options.highlightBondWidthMultiplier = 10
    options.legendFontSize = _FONT_SIZE


def _finish(canvas: rdMolDraw2D.MolDraw2D, path: Path) -> Path:
    canvas.FinishDrawing()
    content = canvas.GetDrawingText()
    write_file(path, content if isinstance(content, bytes) else content.encode())
    return path
