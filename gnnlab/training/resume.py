"""Whether a training that was stopped is the one that is to go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gnnlab.errors import InputError


def check_same_run(
    found: Mapping, run: Mapping, *, free: Collection[str], where: str, other: str
) -> None:
    """Compares what tells one training from another: ``parameters``, and a digest of its data.

    Args:
        found: What the stopped training was.
        run: What is to go on.
        free: Parameters that may have changed.
        where: Name of the argument that holds the data, and of its digest in both.
        other: What the data are if they differ, such as ``"another text"``.

    Raises:
        InputError: If a parameter or the data differ; names the first that does.

    Example:
        >>> run = {"parameters": {"epochs": 3, "accelerator": "cpu"}, "text": "5e11"}
        >>> other = {"parameters": {"epochs": 3, "accelerator": "gpu"}, "text": "5e11"}
        >>> check_same_run(other, run, free=["accelerator"], where="text", other="another text")
    """
    for name, value in run["parameters"].items():
        before = found["parameters"].get(name)
        if name not in free and before != value:
            raise InputError(
                f"the training to resume has {name}={before!r}",
                where=name,
                value=repr(value),
                remedy="use that, or another folder",
            )
    if found[where] != run[where]:
        raise InputError(
            f"the training to resume has learned from {other}",
            where=where,
            remedy="use what it has learned from, or another folder",
        )
