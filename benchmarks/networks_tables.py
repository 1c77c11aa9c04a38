"""One table of all networks on which link prediction has been run.

    gnnlab networks benchmark NAME --scorers all --seeds 10 --out DIR
    gnnlab networks benchmark NAME --scorers learned --seeds 10 --out DIR --resume
    python benchmarks/networks_tables.py   # with DIR/NAME.csv in results/networks

Mean reciprocal ranks in percent; of graph networks with the number of splits. `other` is the best
of all heuristics and graph networks, the one that turned out best on these test connections; `lead`
is the mean difference to it, over the splits that both have, with its standard error.
"""

from __future__ import annotations

import pandas as pd
from measure import RESULTS, write

from gnnlab.networks.benchmark import LEARNED, OFFICIAL, PREDICTOR

FOLDER = RESULTS / "networks"
OURS = (PREDICTOR, "default-and-graph")
GRAPH_NETWORKS = ("gcn", "common-neighbor-network")


def compare(table: pd.DataFrame) -> dict[str, object]:
    """A row: one network in one setting."""
    values = 100 * table.pivot_table(index="seed", columns="scorer", values="mrr")
    # Heuristics on official splits are run once, for nothing about them is drawn.
    if table["benchmark"].iloc[0] in OFFICIAL:
        once = [name for name in values if name not in LEARNED]
        values[once] = values[once].ffill()
    mine, others = values[PREDICTOR], values.drop(columns=[n for n in OURS if n in values])
    best = others.rsub(mine, axis=0).mean().idxmin()
    lead = (mine - others[best]).dropna()
    error = lead.std() / len(lead) ** 0.5 if len(lead) > 1 else 0.0
    row = {
        "network": table["benchmark"].iloc[0],
        "setting": table["setting"].iloc[0],
        "seeds": mine.count(),
        "default": f"{mine.mean():.2f} ± {mine.std():.2f}",
        "other": best,
        "its MRR": f"{others[best].mean():.2f} ± {others[best].std():.2f}",
    }
    for name in GRAPH_NETWORKS:
        found = values.get(name, pd.Series(dtype=float)).dropna()
        row[name] = f"{found.mean():.2f} ({len(found)})" if len(found) else ""
    seconds = table[table["scorer"] == PREDICTOR]["fit_seconds"].mean()
    return row | {
        "lead": f"{lead.mean():.2f}",
        "standard error": f"{error:.2f}" if len(lead) > 1 else "",
        "best or within one": bool(lead.mean() >= -error),
        "fit, s": f"{seconds:.1f}",
    }


def main() -> None:
    """Writes a row per network and setting."""
    tables = [pd.read_csv(path) for path in sorted(FOLDER.glob("*.csv"))]
    parts = [part for table in tables for _, part in table.groupby("setting", sort=False)]
    result = pd.DataFrame([compare(part) for part in parts if PREDICTOR in set(part["scorer"])])
    random = result[result["setting"] == "random"]
    note = (
        f"The default is best or within one standard error of the best on "
        f"{random['best or within one'].sum()} of {len(random)} networks that are split at random."
    )
    write("networks_default", result, note)


if __name__ == "__main__":
    main()
