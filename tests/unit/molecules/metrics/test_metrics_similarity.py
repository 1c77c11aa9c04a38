"""Blocks of Tanimoto similarities against sets of bits in Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.molecules.metrics import similarity
from gnnlab.molecules.metrics.similarity import internal_diversity, nearest_similarity


def draw_fingerprints(num, seed, share=0.05):
    bits = np.random.default_rng(seed).random((num, 1024)) < share
    bits[:, seed % 1024] = True  # No molecule is without a bit.
    return np.packbits(bits, axis=1)


def to_sets(fingerprints):
    return [set(np.flatnonzero(row).tolist()) for row in np.unpackbits(fingerprints, axis=1)]


def tanimoto(one, other):
    return len(one & other) / len(one | other)


def slow_nearest(fingerprints, reference):
    theirs = to_sets(reference)
    return [max(tanimoto(one, other) for other in theirs) for one in to_sets(fingerprints)]


def slow_diversity(fingerprints, power):
    sets = to_sets(fingerprints)
    means = [np.mean([tanimoto(one, two) ** power for two in sets]) for one in sets]
    return 1 - np.mean([mean ** (1 / power) for mean in means])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 5), st.integers(0, 99))
def test_blocks_of_any_size_give_what_sets_give(num, num_reference, block, seed):
    ours, theirs = draw_fingerprints(num, seed), draw_fingerprints(num_reference, seed + 1, 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "_BLOCK", block)
        nearest, diversity = nearest_similarity(ours, theirs), internal_diversity(ours)
    np.testing.assert_allclose(nearest, slow_nearest(ours, theirs), rtol=1e-6)
    expected = [slow_diversity(ours, 1), slow_diversity(ours, 2)]
    np.testing.assert_allclose(diversity, expected, rtol=1e-5, atol=1e-6)


def test_a_molecule_of_the_reference_is_its_own_neighbour():
    fingerprints = draw_fingerprints(50, 3)
    assert (nearest_similarity(fingerprints, fingerprints[::-1].copy()) == 1).all()


def test_equal_molecules_have_no_diversity():
    assert internal_diversity(np.repeat(draw_fingerprints(1, 5), 7, axis=0)) == (0, 0)


def test_progress_ends_where_the_molecules_end(monkeypatch):
    monkeypatch.setattr(similarity, "_BLOCK", 4)
    seen = []
    fingerprints = draw_fingerprints(6, 1)
    nearest_similarity(fingerprints, fingerprints, "near", lambda *step: seen.append(step))
    internal_diversity(fingerprints, "far", lambda *step: seen.append(step))
    assert seen == [("near", 4, 6), ("near", 6, 6), ("far", 4, 6), ("far", 6, 6)]
