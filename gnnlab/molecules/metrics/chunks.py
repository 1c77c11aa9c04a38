"""Long lists of molecules, a thousand at a time, in one process or several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from gnnlab.errors import MoleculeError
from gnnlab.molecules.parse import parse_smiles, write_smiles

CHUNK = 1000

#: Called with the name of a step of the work, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]
Result = TypeVar("Result")


def map_chunks(
    function: Callable[[Sequence, int], Result],
    rows: Sequence,
    num_workers: int = 1,
    step: str = "",
    progress: Progress | None = None,
) -> Iterator[Result]:
    """Results of ``function(chunk, number of its first row)``, in the order of the rows.

    Args:
        function: What to do; with several processes one that can be pickled.
        rows: Whatever it takes.
        num_workers: Number of processes.
        step: The name under which progress is reported.
        progress: Called after each chunk.

    Example:
        >>> list(map_chunks(lambda chunk, first_row: first_row + len(chunk), range(2500)))
        [1000, 2000, 2500]
    """
    starts = range(0, len(rows), CHUNK)
    chunks = [rows[start : start + CHUNK] for start in starts]
    if num_workers == 1 or len(chunks) <= 1:
        results = map(function, chunks, starts)
        yield from _counted(results, len(rows), step, progress)
        return
    with ProcessPoolExecutor(min(num_workers, len(chunks))) as pool:
        yield from _counted(pool.map(function, chunks, starts), len(rows), step, progress)


def _counted(
    results: Iterator[Result], num_rows: int, step: str, progress: Progress | None
) -> Iterator[Result]:
    for number, result in enumerate(results, start=1):
        if progress is not None:
            progress(step, min(number * CHUNK, num_rows), num_rows)
        yield result


def canonical_set(
    rows: Sequence, num_workers: int = 1, progress: Progress | None = None, step: str = "train"
) -> set[str]:
    """The canonical SMILES of all rows that are molecules, stereo included.

    Example:
        >>> sorted(canonical_set(["OCC", "CCO", "no molecule", "F/C=C/F"]))
        ['CCO', 'F/C=C/F']
    """
    found: set[str] = set()
    for chunk in map_chunks(_canonical_chunk, rows, num_workers, step, progress):
        found |= chunk
    return found


def _canonical_chunk(rows: Sequence, first_row: int) -> set[str]:
    found = set()
    for row in rows:
        try:
            found.add(write_smiles(parse_smiles(row)))
        except MoleculeError:  # What is no molecule is equal to none.
            continue
    return found
