"""One table of all benchmarks of property prediction that have been run.

    gnnlab molecules benchmark NAME --out DIR   # and DIR/NAME.csv goes to results/molecules
    python benchmarks/molecules_tables.py

`lead` is the mean difference to the best of the four baselines (the one that turned out best on
these test molecules), positive if better; `verdict` compares it with its standard error.
"""

from __future__ import annotations

import pandas as pd
from measure import RESULTS, write

from gnnlab.molecules.benchmark import PREDICTORS, summarise
from gnnlab.molecules.tasks import BENCHMARKS

FOLDER = RESULTS / "molecules"


def judge(row: pd.Series) -> str:
    """Ahead or behind if the lead is larger than its standard error, else level."""
    if row["model"] not in PREDICTORS or pd.isna(row["lead"]):
        return ""
    if abs(row["lead"]) <= row["standard_error"]:
        return "level"
    return "ahead" if row["lead"] > 0 else "behind"


def main() -> None:
    """Writes the table, in the order of the registry."""
    paths = [FOLDER / f"{name}.csv" for name in BENCHMARKS]
    tables = [pd.read_csv(path) for path in paths if path.exists()]
    summary = summarise(pd.concat(tables, ignore_index=True))
    summary["verdict"] = summary.apply(judge, axis=1)
    for column in summary.select_dtypes("number"):
        summary[column] = summary[column].map(lambda x: "" if pd.isna(x) else f"{x:.3g}")
    joint = summary[summary["model"] == "joint"]["verdict"].value_counts().to_dict()
    note = ", ".join(f"{verdict} on {count}" for verdict, count in joint.items())
    write(
        "molecules/summary",
        summary,
        f"{len(tables)} of {len(BENCHMARKS)} benchmarks; the joint predictor against the best of "
        f"four baselines: {note}.",
    )


if __name__ == "__main__":
    main()
