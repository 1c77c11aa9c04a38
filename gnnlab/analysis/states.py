"""What the layers of any model compute, one after the other, caught by forward hooks.

Legend: N nodes, E edges, H channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
import torch_geometric.nn as pyg
from torch import Tensor, nn

from gnnlab.analysis.jacobian import evaluation
from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.nn import GATConv, GatedGraphConv, GCNConv, RecurrentConv
from gnnlab.nn.check import check_width

#: What counts as a layer of a graph network, wherever it stands in a model.
CONVOLUTIONS = (pyg.MessagePassing, GCNConv, GATConv, GatedGraphConv, RecurrentConv)
#: Layers that update the states several times in one call, by a part that is called each time.
_UPDATES = {GatedGraphConv: "cell", pyg.GatedGraphConv: "rnn"}


class LayerState(NamedTuple):
    """What one call of one layer returned."""

    layer: str  # its name in model.named_modules()
    h: Tensor  # [N, H]


def layer_states(
    model: nn.Module,
    x: Tensor,
    edge_index: Any,
    *,
    layers: Sequence[str] | None = None,
    **arguments: Any,
) -> list[LayerState]:
    r"""The states of all nodes after every layer, in the order in which the layers finish.

    A layer that is called T times, because it is shared, has T states. So has a gated graph
    network of T steps, ours or PyG's. A :class:`~gnnlab.nn.RecurrentConv` has one state, its
    last.

    The model is evaluated in eval mode, as in prediction, and handed back as it was.

    Args:
        model: Any model of torch.
        x: ``[N, F]``, the first argument of the model.
        edge_index: Whatever the model takes as its second argument.
        layers: Names in ``model.named_modules()``, for example of activations. If not given: all
            graph convolutions of gnnlab and PyG that return a row per node and are not part of
            another one.
        arguments: Goes to the model.

    Returns:
        The layers' states, channels of several heads side by side.

    Raises:
        UnknownNameError: If the model has no layer of such a name.
        InputError: If the model is no module, has no convolution, or a named layer is not called.
        ShapeError: If ``x`` is not ``[N, F]``, or a named layer does not return a row per node.

    Example:
        >>> from torch_geometric.nn import GCN
        >>> model = GCN(3, hidden_channels=5, num_layers=2, out_channels=2)
        >>> states = layer_states(model, torch.randn(4, 3), torch.tensor([[0, 1], [1, 2]]))
        >>> [(layer, tuple(h.shape)) for layer, h in states]
        [('convs.0', (4, 5)), ('convs.1', (4, 2))]
    """
    check_width(x, None)
    states: list[LayerState] = []

    def catch(name: str, output: Any) -> None:
        h = _rows(output, x.size(0))
        if h is not None:
            # What follows may work in place, as an activation does.
            states.append(LayerState(name, h.detach().clone()))
        elif layers is not None:
            raise ShapeError(
                f"the layer must return a row for each of the {x.size(0)} nodes, [N, H]",
                where=f"layers: {name}",
                value=list(output.shape) if isinstance(output, Tensor) else type(output).__name__,
                remedy="name layers that stand before any pooling",
            )

    with ExitStack() as stack:
        for name, module in _choose(model, layers).items():
            hook = module.register_forward_hook(
                lambda module, given, output, name=name: catch(name, output)
            )
            stack.callback(hook.remove)
        stack.enter_context(torch.no_grad())
        stack.enter_context(evaluation(model))
        model(x, edge_index, **arguments)
    _check_calls(states, layers)
    return states


def _choose(model: nn.Module, layers: Sequence[str] | None) -> dict[str, nn.Module]:
    if not isinstance(model, nn.Module):
        raise InputError(
            "layers are found in a torch.nn.Module only", where="model", value=type(model).__name__
        )
    modules = {name or type(model).__name__: module for name, module in model.named_modules()}
    if layers is None:
        found = _convolutions(modules)
        if not found:
            raise _no_convolution()
        return found
    for name in layers:
        if name not in modules:
            raise UnknownNameError.of("layer", name, modules)
    return {name: modules[name] for name in layers}


def _convolutions(modules: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The outermost convolutions; of those that update several times the part that does."""
    found: dict[str, nn.Module] = {}
    inside: set[nn.Module] = set()
    for name, module in modules.items():
        if module in inside or not isinstance(module, CONVOLUTIONS):
            continue
        inside.update(module.modules())
        part = next((part for kind, part in _UPDATES.items() if isinstance(module, kind)), None)
        found[f"{name}.{part}" if part else name] = getattr(module, part) if part else module
    return found


def _rows(output: Any, num_nodes: int) -> Tensor | None:
    """The state in what a layer returned, ``[N, H]``; of a tuple the first, as h before c."""
    while isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor) or output.dim() < 2 or output.size(0) != num_nodes:
        return None
    return output.flatten(1) if output.is_floating_point() else None


def _check_calls(states: list[LayerState], layers: Sequence[str] | None) -> None:
    called = {state.layer for state in states}
    if layers is None and not called:
        raise _no_convolution()
    for name in layers or ():
        if name not in called:
            raise InputError("the model does not call this layer", where="layers", value=name)


def _no_convolution() -> InputError:
    return InputError(
        "no graph convolution with a row per node was found in the model",
        where="model",
        remedy="name the layers: layers=[...], from model.named_modules()",
    )
