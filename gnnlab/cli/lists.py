"""Options that take several words: ``--lengths 5 10 15`` instead of one option per word."""

from __future__ import annotations

import re

from typer.core import TyperCommand

_NUMBER = re.compile(r"-\d")


class ListCommand(TyperCommand):
    """A command whose list options take all words up to the next option.

    ``--models lstm bilstm --seeds 3`` is read as ``--models lstm --models bilstm --seeds 3``, which
    works as well. The command must not have positional arguments: nobody could tell where the list
    ends.
    """

    def parse_args(self, ctx, args):
        """Puts the name of its list option before each word of a list, then parses as usual."""
        names = {name for option in self.params if option.multiple for name in option.opts}
        return super().parse_args(ctx, repeat_names(args, names))


def repeat_names(words: list[str], names: set[str]) -> list[str]:
    """Expands each list in ``words`` that follows one of the option ``names``.

    Example:
        >>> repeat_names(["--lengths", "5", "10", "--out", "runs"], {"--lengths"})
        ['--lengths', '5', '--lengths', '10', '--out', 'runs']
    """
    expanded: list[str] = []
    current = None
    for word in words:
        if word.startswith("-") and not _NUMBER.match(word):
            name = word.partition("=")[0]
            current = name if name in names else None
        elif current is not None and expanded[-1] != current:
            expanded.append(current)
        expanded.append(word)
    return expanded
