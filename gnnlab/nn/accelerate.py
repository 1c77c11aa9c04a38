"""An existing PyG model made fast, in place."""

from __future__ import annotations

import warnings
from typing import TypeVar

from torch import nn
from torch_geometric.nn import (
    APPNP,
    ChebConv,
    GatedGraphConv,
    GCNConv,
    GINConv,
    GraphConv,
    LGConv,
    MessagePassing,
    SAGEConv,
    SGConv,
    TAGConv,
)

from gnnlab.errors import DtypeError
from gnnlab.nn.accelerated_layers import (
    FastAPPNP,
    FastChebConv,
    FastGatedGraphConv,
    FastGCNConv,
    FastGINConv,
    FastGraphConv,
    FastLayer,
    FastLGConv,
    FastSAGEConv,
    FastSGConv,
    FastTAGConv,
)

FAST_LAYERS: dict[type[MessagePassing], type[FastLayer]] = {
    APPNP: FastAPPNP,
    ChebConv: FastChebConv,
    GatedGraphConv: FastGatedGraphConv,
    GCNConv: FastGCNConv,
    GINConv: FastGINConv,
    GraphConv: FastGraphConv,
    LGConv: FastLGConv,
    SAGEConv: FastSAGEConv,
    SGConv: FastSGConv,
    TAGConv: FastTAGConv,
}

Model = TypeVar("Model", bound=nn.Module)


def accelerate(model: Model) -> Model:
    r"""Makes the message passing of a PyG model fast, in place, with the same numbers.

    Each layer of a class in ``FAST_LAYERS`` is turned into its fast form, which computes the sum
    over the edges as one product (:func:`~gnnlab.nn.aggregate`) instead of writing a message per
    edge. The parameters stay the objects that they are, so an optimiser stays valid; the
    ``state_dict``, hooks, ``isinstance`` and copies work as before. Outputs and gradients differ
    from the untouched model by rounding only, since sums run in another order. There are two
    exceptions, where PyG's numbers are wrong: a maximum of exactly 0 gets its whole gradient, of
    which PyG loses a share, and a normalisation that yields NaN raises
    :class:`~gnnlab.errors.NonFiniteError`.

    The graph is analysed (sorted, transposed, normalised) when an ``edge_index`` is first seen and
    remembered for as long as the tensor lives and is not written to: keep the tensor of a graph
    rather than making it anew in every step. Layers also take an
    :class:`~gnnlab.nn.Adjacency` in its place. Ids, weights and sizes that do not fit raise the
    errors of :mod:`gnnlab.errors`.

    A layer of another class, of a class of your own or with another aggregation than sum, mean or
    maximum is left alone and named in one warning. A fast layer leaves to PyG's own code, without a
    warning, the calls that it does not cover: two sets of nodes, features that are not ``[N, F]``,
    edge features, ``SparseTensor``, autocast, ``torch.compile``, an explainer, hooks on messages.

    Args:
        model: A PyG layer, or any module that contains some.

    Returns:
        The same ``model``.

    Raises:
        DtypeError: If ``model`` is not a ``torch.nn.Module``.

    Warns:
        UserWarning: Names every message-passing layer that is left alone, and why; or says that
            there is nothing to accelerate.

    Example:
        >>> from torch_geometric.nn.models import GCN
        >>> model = GCN(3, 16, num_layers=2, out_channels=4)
        >>> x, edge_index = torch.randn(3, 3), torch.tensor([[0, 1], [1, 2]])
        >>> before = model(x, edge_index)
        >>> model = accelerate(model)
        >>> model.convs[0]
        FastGCNConv(3, 16)
        >>> torch.allclose(model(x, edge_index), before, atol=1e-6)
        True
    """
    if not isinstance(model, nn.Module):
        raise DtypeError(
            "this is not a model",
            where="model",
            value=type(model).__name__,
            remedy="pass a torch.nn.Module that contains layers of torch_geometric.nn",
        )
    layers = {
        name: module for name, module in model.named_modules() if isinstance(module, MessagePassing)
    }
    left_alone = []
    for name, layer in layers.items():
        reason = _reason_against(layer)
        if reason is not None:
            left_alone.append(f"{name or 'model'} ({type(layer).__name__}): {reason}")
        elif not isinstance(layer, FastLayer):
            layer.__class__ = FAST_LAYERS[type(layer)]
    if not layers:
        warnings.warn(
            "there is nothing to accelerate: the model has no message-passing layer of PyG",
            UserWarning,
            stacklevel=2,
        )
    elif left_alone:
        known = "" if len(left_alone) < len(layers) else "there is nothing to accelerate; "
        warnings.warn(
            f"{known}left as they are: {'; '.join(left_alone)}", UserWarning, stacklevel=2
        )
    return model


def _reason_against(layer: MessagePassing) -> str | None:
    """Why a layer is left alone, or ``None``."""
    if isinstance(layer, FastLayer):
        return None
    fast = FAST_LAYERS.get(type(layer))
    if fast is not None:
        return (
            "its forward was replaced" if "forward" in vars(layer) else fast.reason_against(layer)
        )
    for known in FAST_LAYERS:
        if isinstance(layer, known):
            return f"a subclass of {known.__name__} may compute something else"
    return "no fast form of this class is known"
