"""The errors that a user of gnnlab can meet: each says what, where, which value, and what to do."""

from __future__ import annotations


class GnnlabError(Exception):
    """Root of all errors that gnnlab raises on purpose.

    Args:
        what: What is wrong, in one short sentence without a full stop.
        where: The argument, row, field or file that is meant.
        value: The offending value, as found.
        remedy: What the user can do about it.

    Example:
        >>> raise InputError("too short", where="length", value=1, remedy="use length >= 2")
        Traceback (most recent call last):
        ...
        gnnlab.errors.InputError: too short (at: length; found: 1); use length >= 2
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        value: object = None,
        remedy: str | None = None,
    ):
        self.what, self.where, self.value, self.remedy = what, where, value, remedy
        details = [f"at: {where}"] if where is not None else []
        details += [f"found: {value}"] if value is not None else []
        message = what + (f" ({'; '.join(details)})" if details else "")
        super().__init__(message + (f"; {remedy}" if remedy else ""))

    def __reduce__(self):
        # Errors cross process borders (data loaders, trainers), so they must survive pickling.
        return _rebuild, (type(self), self.what, self.where, self.value, self.remedy)


def _rebuild(kind, what, where, value, remedy):
    return kind(what, where=where, value=value, remedy=remedy)


class InputError(GnnlabError, ValueError):
    """A value that the called function cannot take."""


class ShapeError(InputError):
    """A tensor of the wrong shape or size."""


class DtypeError(InputError, TypeError):
    """A tensor or array of the wrong type of number."""


class NonFiniteError(InputError):
    """NaN or infinity where a number is needed."""


class UnknownNameError(InputError):
    """A name that no registry knows; the message lists the known ones."""

    @classmethod
    def of(cls, kind: str, name: object, known) -> UnknownNameError:
        """Builds the error for a ``kind`` of thing (cell, task, ...) called ``name``."""
        remedy = f"use one of: {', '.join(known)}"
        return cls(f"unknown {kind}", where=kind, value=repr(name), remedy=remedy)


class MoleculeError(InputError):
    """A molecule that cannot be read, or not be used; ``what`` is the reason in a few words."""


class CycleError(InputError):
    """A graph with a cycle where the computation needs an order of the nodes."""


class MemoryLimitError(GnnlabError, MemoryError):
    """An allocation that would not fit, refused before it is tried."""


class NotFittedError(GnnlabError, RuntimeError):
    """A model that is asked for predictions before it was fitted or loaded."""


class FileFormatError(InputError):
    """A file that is damaged or is not what it claims to be."""


class DownloadError(GnnlabError, OSError):
    """Data that cannot be fetched from its origin."""


class TrainingError(GnnlabError, RuntimeError):
    """Training that cannot go on, for example because the loss is not finite."""
