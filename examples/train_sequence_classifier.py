"""A sequence classifier: fit, score, save, load, predict, on a task without end and on strings.

Run:  python examples/train_sequence_classifier.py [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from gnnlab.sequences import SequenceClassifier, make_task

SAYINGS = {
    "call me ishmael": "whale",
    "thar she blows": "whale",
    "man the boats": "whale",
    "from hell's heart": "whale",
    "off with her head": "rabbit",
    "curiouser and curiouser": "rabbit",
    "we're all mad here": "rabbit",
    "down the rabbit hole": "rabbit",
}


def main() -> None:
    """Learns which number is missing, keeps the model in a file, and learns from strings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    quick = parser.parse_args().quick

    # The numbers 0 to 7 in random order without the last one: which one is missing?
    task = make_task("random-combinations", 8)
    classifier = SequenceClassifier(
        cell="bilstm",
        hidden_size=32 if quick else 128,
        iterations=100 if quick else 500,
        learning_rate=5e-3,
    )
    classifier.fit(task)
    print(f"{classifier.num_parameters_:,} parameters, accuracy {classifier.score(task):.3f}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "missing-number.safetensors"
        classifier.save(path)
        copy = SequenceClassifier.load(path)
    print("3 1 4 0 5 7 2 lacks", copy.predict([[3, 1, 4, 0, 5, 7, 2]])[0])

    # Strings work as well, and labels can be anything: answers come back in the user's own words.
    reader = SequenceClassifier(cell="gru", hidden_size=32, iterations=60, learning_rate=1e-2)
    reader.fit(list(SAYINGS), list(SAYINGS.values()))
    for saying in ("off with the whale", "call me curiouser"):
        label = reader.predict([saying])[0]
        print(f"{saying!r} sounds like the {label} ({reader.predict_proba([saying]).max():.2f})")


if __name__ == "__main__":
    main()
