"""Slow, obviously right twins of the fast paths in :mod:`gnnlab.nn`: the oracle of the tests.

Everything here loops over single nodes and edges and is written to be read next to the equation,
never to be fast.
"""

from __future__ import annotations

import torch
from torch import Tensor
