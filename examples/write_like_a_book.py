"""A network learns to write from a book: how well it foresees it, and how it goes on from a prompt.

Without a file it learns from Python's own help, so nothing is downloaded. Any text in UTF-8 will
do instead; from about 20,000 characters on, a part of it is held out to judge the network by.
It takes a minute or two on one core, and seconds with --quick.

Run:  python examples/write_like_a_book.py [--quick] [alice.txt]
"""

from __future__ import annotations

import argparse

from gnnlab.sequences import TextGenerator, load_text, read_text, split_text


def find_circle(text: str) -> str:
    """The shortest piece that fills the last 200 characters or more, over and over; or nothing."""
    for size in range(1, len(text) // 2):
        piece = text[-size:]
        if text.endswith(piece * (200 // size + 2)):
            return piece
    return ""


def main() -> None:
    """Trains, scores on blocks that were not learned from, and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", help="a text in UTF-8; Python's help without one")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    options = parser.parse_args()

    text = read_text(options.file) if options.file else load_text("python")
    split = split_text(text)  # blocks from all over the text are held out: the end may be a licence
    generator = TextGenerator(
        num_layers=1,
        hidden_size=128 if options.quick else 256,
        window=50,
        batch_size=16,
        learning_rate=5e-3,
        decay=0.5,
        decay_every=1_000,
        iterations=300 if options.quick else 4_000,
    )
    generator.fit(split.segments)
    print(f"{generator.num_parameters_:,} parameters, {len(generator.characters_)} characters")
    if split.blocks:
        score = generator.evaluate(split.blocks)
        print(
            f"held-out blocks: {score.bits_per_character:.2f} bits per character, "
            f"{score.accuracy:.0%} of {score.num_characters:,} characters foreseen"
        )

    longest = max(split.segments, key=len)
    prompt = longest[len(longest) // 2 :][:40]
    print(f"\nHow it goes on from {prompt!r}:")
    for temperature in (0.5, 1.0, 2.0):
        written = generator.generate(prompt, 200, temperature=temperature, seed=0)
        print(f"\n-- temperature {temperature:g}\n{written}")

    # The most likely character every time: sooner or later the same words lead to the same words.
    circle = find_circle(generator.generate(prompt, 2_000))
    print(f"\n-- greedy, it repeats {circle!r}" if circle else "\n-- greedy, no circle found")


if __name__ == "__main__":
    main()
