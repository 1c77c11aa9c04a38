"""Molecules as graphs: reading, features, splits, property prediction."""
