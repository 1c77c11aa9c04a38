"""Who should be introduced to whom: from a list of acquaintances to suggestions with reasons.

Emma Woodhouse keeps a list of who calls on whom in Highbury, not without slips of the pen, and
likes to make matches. The list is read with a report on the slips, a predictor learns which pairs
are missing, says why, and is put to the test on a larger network. It takes some ten seconds on
one core, and less with --quick.

Run:  python examples/suggest_connections.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from gnnlab.networks import (
    SCORERS,
    LinkPredictor,
    audit,
    draw_neighborhood,
    load_les_miserables,
    random_split,
    rank_metrics,
    read_network,
)

CALLS = """caller,host,visits
Emma,Mr Woodhouse,365
Emma,Mr Knightley,50
Emma,Harriet Smith,40
Emma,Mrs Weston,60
Emma,Mr Weston,30
Emma,Frank Churchill,9
Emma,Miss Bates,12
Emma,Mr Elton,8
Emma,Emma,1
Mr Knightley,Mr Woodhouse,50
Mr Knightley,Miss Bates,20
Mr Knightley,Robert Martin,25
Mr Knightley,Mr Weston,15
Mr Knightley,Mr Elton,6
Mr Knightley,John Knightley,10
Mr Woodhouse,Mrs Weston,30
Mr Woodhouse,Mr Perry,100
Mr Woodhouse,Miss Bates,20
Isabella,John Knightley,365
Isabella,Emma,10
Isabella,Mr Woodhouse,10
Mrs Weston,Mr Weston,365
Mrs Weston,Frank Churchill,12
Mrs Weston,Miss Bates,14
Mr Weston,Frank Churchill,12
Jane Fairfax,Miss Bates,365
Jane Fairfax,Mrs Bates,365
Jane Fairfax,Mrs Elton,20
Jane Fairfax,Mrs Weston,5
Miss Bates,Mrs Bates,365
Miss Bates,Mr Perry,10
Miss Bates,Frank Churchill,many
Mr Elton,Mrs Elton,365
Mr Elton,Harriet Smith,7
Mr Elton,Mr Weston,4
Harriet Smith,Robert Martin,6
Harriet Smith,Mrs Goddard,300
Mrs Goddard,Miss Bates,30
Mrs Goddard,Mr Woodhouse
"""


def main() -> None:
    """Reads, suggests, explains, keeps, and checks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer scorers")
    parser.add_argument("--out", type=Path, default=Path("highbury"), help="folder")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    torch.set_num_threads(1)  # so small a network gains nothing by sharing
    scorers = ["adamic-adar", "katz"] if options.quick else None  # None: all that suit the network

    calls = options.out / "calls.csv"
    calls.write_text(CALLS)
    reading = read_network(calls, weight="visits")
    print(reading.summary())

    predictor = LinkPredictor(scorers).fit(reading.network)
    suggestions = predictor.suggest("Jane Fairfax", k=3)
    print("\nJane Fairfax might be introduced to")
    for name, probability in zip(
        suggestions["suggestion"], suggestions["probability"], strict=True
    ):
        print(f"  {name} ({probability:.2f})")
    best = suggestions["suggestion"][0]
    print(f"\n{predictor.explain('Jane Fairfax', best)}")
    picture = draw_neighborhood(reading.network, "Jane Fairfax", best, options.out / "jane.png")

    predictor.save(options.out / "highbury.safetensors")
    kept = LinkPredictor.load(options.out / "highbury.safetensors")
    pair = [("Jane Fairfax", "Frank Churchill")]  # engaged in secret
    print(f"\nJane Fairfax and Frank Churchill: {kept.predict(pair)[0]:.2f}; drawn: {picture}")

    # Is such a predictor any good? Hide a tenth of the connections of a network, and look for them.
    network = load_les_miserables()
    split = random_split(network, valid=0, test=0.1, negatives="hard")
    print(f"\nLes Misérables, {split.test.positive.size(1)} meetings hidden; audit: ", end="")
    print(audit(split, network))
    judged = {"predictor": LinkPredictor(scorers).fit(split.message)}
    judged |= {name: SCORERS[name]().fit(split.message) for name in ("adamic-adar", "katz")}
    positive, negative = split.test.positive, split.test.negative  # [2, P], [2, P, M]
    for name, scorer in judged.items():
        scores = scorer.score(negative.flatten(1)).reshape(negative.shape[1:])
        mrr = rank_metrics(scorer.score(positive), scores)["mrr"]
        print(f"  {name}: mean reciprocal rank {mrr:.3f}")


if __name__ == "__main__":
    main()
