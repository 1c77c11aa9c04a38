"""What came of reading a network: the network, and what was found wrong."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from gnnlab.networks.network import Network


@dataclass(frozen=True, eq=False)
class Reading:
    """A network that was read, and a report on the rows that are not in it.

    Args:
        network: The network of the good rows.
        columns: What was read from which column: ``source``, ``target``, ``weight``, ``time``,
            ``name``, ``features`` (a list) and ``label``, as far as there are such.
        num_rows: How many rows there were, good and bad.
        num_comments: How many lines were left out because they begin as comments do.
        unit: What the numbers in the report count: ``"line"`` from 1, ``"row"`` or ``"edge"``
            from 0.
        entries: The lines of the report.

    Example:
        >>> from gnnlab.networks.reading import read_network
        >>> reading = read_network([("Anna", "Kitty"), ("Kitty", "Kitty"), ("Kitty", "Levin")])
        >>> reading.network
        Network(3 nodes, 2 connections)
        >>> print(reading.summary())
        3 nodes and 2 connections from 3 rows.
        Left out: 1 x connected to itself (row 1).
    """

    network: Network
    columns: dict[str, object]
    num_rows: int
    num_comments: int = 0
    unit: str = "line"
    entries: list[tuple[str, int, str, str, bool]] = field(default_factory=list, repr=False)

    @cached_property
    def report(self) -> pd.DataFrame:
        """One line for each thing that was found wrong, in the order of the source.

        Columns: ``table`` (``"connections"`` or ``"nodes"``), ``line`` (its number there),
        ``reason``, ``value`` (what was found), and ``kept``: whether the row still counts. A
        connection that was there before is kept: weights are added up, the earliest time counts.
        """
        columns = ["table", "line", "reason", "value", "kept"]
        report = pd.DataFrame(self.entries, columns=columns).astype({"line": int, "kept": bool})
        return report.sort_values(["table", "line"], kind="stable", ignore_index=True)

    def summary(self) -> str:
        """What was read and what was not, in words; each reason with the first place it is met."""
        rows = f"{self.num_rows:,} {self.unit}{'s' * (self.num_rows != 1)}"
        nodes, edges = self.network.num_nodes, self.network.num_edges
        lines = [f"{nodes:,} nodes and {edges:,} connections from {rows}."]
        for title, kept in (("Left out", False), ("Noted", True)):
            found = count_reasons([entry for entry in self.entries if entry[4] == kept], self.unit)
            if found:
                lines.append(f"{title}: {', '.join(found)}.")
        if self.num_comments:
            lines.append(f"Comments: {self.num_comments:,}.")
        return "\n".join(lines)


def count_reasons(entries: list[tuple], unit: str) -> list[str]:
    """How often each reason is met, and where first; the commonest first."""
    first: dict[tuple[str, str], int] = {}
    counts: Counter = Counter()
    for table, line, reason, *_ in entries:
        # Duplicates differ in the place of the row that they repeat.
        kind = table, re.sub(r" of (line|row|edge) \d+$", "", reason)
        counts[kind] += 1
        first[kind] = min(line, first.get(kind, line))
    return [
        f"{count:,} x {reason} ({unit} {first[table, reason]}"
        + (" of the nodes)" if table == "nodes" else ")")
        for (table, reason), count in counts.most_common()
    ]
