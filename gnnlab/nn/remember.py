"""What was derived from a tensor is kept for as long as the tensor lives and is not written to."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils.weak import TensorWeakRef, WeakTensorKeyDictionary

_MOST_PER_TENSOR = 8


class TensorMemory:
    """Remembers results by the identity of tensors, so that a graph is analysed once.

    Nothing is kept alive: an entry goes when its first tensor goes, and what is stored must not
    hold the tensors themselves (store ``tensor.detach()``, which shares the numbers). A tensor that
    was changed in place counts as a new one. Changes that torch does not see, through ``.data`` or
    a NumPy view, are not noticed.

    Example:
        >>> memory, edge_index = TensorMemory(), torch.tensor([[0], [1]])
        >>> memory.recall(lambda: print("analysed"), edge_index)
        analysed
        >>> memory.recall(lambda: print("analysed"), edge_index)
        >>> _ = edge_index.add_(1)
        >>> memory.recall(lambda: print("analysed"), edge_index)
        analysed
    """

    def __init__(self):
        self._entries = WeakTensorKeyDictionary()

    def recall(
        self, build: Callable[[], Any], first: Tensor, *others: Tensor | None, key: Hashable = None
    ) -> Any:
        """Returns what ``build`` gave for these very tensors and ``key``, calling it if needed.

        Nothing is remembered for tensors that gradients flow to, for tensors made in inference
        mode, which do not tell when they are written to, and while torch.compile traces.
        """
        tensors = (first, *(other for other in others if other is not None))
        if torch.compiler.is_compiling() or any(map(_is_unfit, tensors)):
            return build()
        entries = self._entries.setdefault(first, {})
        name = (key, *(id(tensor) for tensor in others))
        versions = [tensor._version for tensor in tensors]
        if name in entries:
            old_versions, references, value = entries[name]
            if versions == old_versions and all(
                reference() is tensor for reference, tensor in zip(references, tensors, strict=True)
            ):
                return value
        value = build()
        if torch.is_inference_mode_enabled():  # what is made there cannot be trained on later
            return value
        if len(entries) >= _MOST_PER_TENSOR:
            entries.pop(next(iter(entries)))
        entries[name] = (versions, [TensorWeakRef(tensor) for tensor in tensors], value)
        return value


def carries_gradients(tensor: Tensor) -> bool:
    """Whether derivatives flow through a tensor: backward, forward, or in a torch.func transform.

    What is computed from it belongs to one pass and must not be kept for the next.
    """
    if tensor.requires_grad or torch.compiler.is_compiling():
        return tensor.requires_grad
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return True
    return forward_ad._current_level >= 0 and forward_ad.unpack_dual(tensor).tangent is not None


def _is_unfit(tensor: Tensor) -> bool:
    return carries_gradients(tensor) or tensor.is_inference()


def keep(store: dict[object, Any], key: object, build: Callable[[], Any]) -> Any:
    """Returns ``store[key]``, building it if it is missing.

    What is made in inference mode cannot be trained on later, and what is made while torch.compile
    traces belongs to the trace: neither is stored.
    """
    if key in store:
        return store[key]
    result = build()
    if torch.compiler.is_compiling() or torch.is_inference_mode_enabled():
        return result
    store[key] = result
    return result
