"""Where a training stands: enough to go on as if it had never been stopped.

A state holds the weights, the averages of Adam and the state of torch's random numbers, so that the
iterations after it are the same numbers, to the last bit, as without the stop.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gnnlab.errors import InputError

_MODEL, _ADAM, _RANDOM = "model.", "adam.", "random"


@dataclass
class TrainingState:
    """A point of a training run.

    Attributes:
        iteration: How many iterations were made.
        tensors: All that the next ones depend on, by name; can be stored as they are.
    """

    iteration: int
    tensors: dict[str, Tensor]

    @classmethod
    def capture(
        cls, iteration: int, model: nn.Module, optimizer: torch.optim.Optimizer
    ) -> TrainingState:
        """Copies the state of a model and its Adam."""
        tensors = {f"{_MODEL}{name}": value for name, value in model.state_dict().items()}
        for name, parameter in model.named_parameters():
            for kind, value in optimizer.state.get(parameter, {}).items():
                tensors[f"{_ADAM}{kind}.{name}"] = value
        tensors = {name: value.detach().cpu().clone() for name, value in tensors.items()}
        return cls(iteration, tensors | {_RANDOM: torch.get_rng_state()})

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Puts a model, its Adam and torch's random numbers where they were.

        Raises:
            InputError: If the state is one of another model.
        """
        weights = {
            name.removeprefix(_MODEL): value
            for name, value in self.tensors.items()
            if name.startswith(_MODEL)
        }
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise InputError("the training was one of another model", where="start") from error
        for name, parameter in model.named_parameters():
            for kind in ("step", "exp_avg", "exp_avg_sq"):
                value = self.tensors.get(f"{_ADAM}{kind}.{name}")
                if value is not None:
                    optimizer.state[parameter][kind] = value.to(parameter.device, copy=True)
        torch.set_rng_state(self.tensors[_RANDOM])
