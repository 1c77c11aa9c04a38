"""The yardstick of the generators: a character LSTM that learns the SMILES of the same molecules.

    python benchmarks/molecules_lstm.py runs/lstm
    python benchmarks/molecules_generator.py lstm=runs/lstm --cache FOLDER

Two layers of the graph generator's width read 90,000 molecules of MOSES, one per line, about as
many characters at a time as the generator's batches hold, for about the time that its five passes
took. The step size falls to a fiftieth, as the generator's does. 2,000 lines are held out:
`metrics.csv` in the folder has the bits per character of these, and `model.safetensors` the last
weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gnnlab.molecules.moses import load_moses
from gnnlab.sequences import TextGenerator

HELD_OUT = 2_000
EVALUATE_EVERY = 500


def main() -> None:
    """Trains, and leaves the model in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--iterations", type=int, default=6_000)
    options = parser.parse_args()
    smiles = load_moses("train_90k")
    held_out, learned = ("\n".join(part) + "\n" for part in (smiles[:HELD_OUT], smiles[HELD_OUT:]))
    writer = TextGenerator(
        hidden_size=512,
        dropout=0.1,
        window=50,
        batch_size=48,
        carry_state=True,
        decay=0.02 ** (1 / options.iterations),
        decay_every=1,
        iterations=options.iterations,
    )
    writer.fit(
        learned, validation=held_out, evaluate_every=EVALUATE_EVERY, log_directory=options.out
    )
    print(f"{writer.num_parameters_:,} parameters, {writer.history_.seconds:.0f} s")


if __name__ == "__main__":
    main()
