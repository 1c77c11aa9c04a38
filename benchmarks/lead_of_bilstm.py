"""How much of the BiLSTM's lead over the LSTM is its size: from the runs with ten seeds.

    python benchmarks/lead_of_bilstm.py

Reads what ``gnnlab sequences compare`` left in results/random_combinations_ten_seeds and compares
the iterations to 100 % by Welch's t.
"""

from __future__ import annotations

import pandas as pd
from measure import RESULTS, write


def welch(one: pd.Series, other: pd.Series) -> float:
    """Welch's t of the difference of two means."""
    error = one.var() / len(one) + other.var() / len(other)
    return (one.mean() - other.mean()) / error**0.5


def main() -> None:
    """Writes one row per length."""
    results = pd.read_csv(RESULTS / "random_combinations_ten_seeds" / "results.csv")
    rows = []
    for length, runs in results.groupby("length"):
        iterations = dict(iter(runs.groupby("model")["iterations_to_100"]))
        plain, both, matched = (iterations[m] for m in ("lstm", "bilstm", "lstm-matched"))
        lead = plain.mean() - both.mean()
        rows.append(
            {
                "T": length,
                "seeds": len(both),
                "LSTM": round(plain.mean(), 1),
                "BiLSTM": round(both.mean(), 1),
                "matched LSTM": round(matched.mean(), 1),
                "share of the lead that is size": round((plain.mean() - matched.mean()) / lead, 2),
                "t, LSTM - BiLSTM": round(welch(plain, both), 1),
                "t, matched - BiLSTM": round(welch(matched, both), 1),
            }
        )
    write("lead_of_bilstm", pd.DataFrame(rows), "Mean iterations until validation accuracy 1.00.")


if __name__ == "__main__":
    main()
