"""The temperature that suits molecules best that were not learned from."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from gnnlab.molecules.generation.events import Events
from gnnlab.molecules.generation.model import GrowthModel
from gnnlab.molecules.generation.sampling import masked_log_softmax

_TEMPERATURES = torch.linspace(0.7, 1.3, 25)


@torch.no_grad()
def best_temperature(model: GrowthModel, batches: Iterable[Events]) -> float:
    """The temperature under which known molecules are most probable, from 0.7 to 1.3.

    Args:
        model: The network.
        batches: The events of molecules that it has not learned from.
    """
    total = torch.zeros(len(_TEMPERATURES), dtype=torch.float64)
    for events in batches:
        logits = model(events.features, events.schedule)  # [N, A]
        chosen = events.action.unsqueeze(1)
        for place, temperature in enumerate(_TEMPERATURES):
            found = masked_log_softmax(logits / temperature, events.legal).gather(1, chosen)
            total[place] += found.double().sum()
    return round(float(_TEMPERATURES[total.argmax()]), 3)
