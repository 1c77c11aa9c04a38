"""The molecules of MOSES, a benchmark of generators."""

from __future__ import annotations

import gzip

from gnnlab.data import decode_utf8, fetch
from gnnlab.errors import UnknownNameError

#: What there is, by the name of its file. ``train_90k`` is a part of MOSES' 1,584,663 training
#: molecules, as good as a random one, of 90,000; no molecule is in two of these parts.
MOSES_PARTS = {
    "train_90k": "moses-train-90k",
    "test": "moses-test",
    "test_scaffolds": "moses-test-scaffolds",
}
_GZIP = b"\x1f\x8b"


def load_moses(part: str) -> list[str]:
    """SMILES strings of drug-like molecules, of at most 27 heavy atoms and without charges.

    They were chosen from ZINC by
    `Polykovskiy et al., 2020 <https://doi.org/10.3389/fphar.2020.565644>`_. The test set
    (176,074) is like the training set; the scaffolds of the second one (176,225) occur in neither.

    Args:
        part: One of :data:`MOSES_PARTS`.

    Raises:
        UnknownNameError: If there is no such part.
        DownloadError: If the file is neither in a mirror nor can be downloaded.
        FileFormatError: If the file of a mirror is not the one that is known.
    """
    if part not in MOSES_PARTS:
        raise UnknownNameError.of("part of MOSES", part, MOSES_PARTS)
    content = fetch(MOSES_PARTS[part]).read_bytes()
    # The origin itself is packed, so the name of a downloaded file does not tell.
    if content.startswith(_GZIP):
        content = gzip.decompress(content)
    lines = decode_utf8(content, f"MOSES {part}").split()
    return lines[1:] if lines[:1] == ["SMILES"] else lines
