"""gnnlab: recurrent networks and graph networks as one machine, on PyTorch Geometric.

States live at nodes, messages travel along edges, a node-update function makes the next state.
``gnnlab.nn`` holds the layers, ``gnnlab.sequences`` the models for sequences as path graphs;
``gnnlab.accelerate`` makes models of PyTorch Geometric faster as they are.
The sub-packages load on first use, so that ``import gnnlab`` costs nothing.
"""

import importlib

__version__ = "0.1.0"

_ROOMS = ("bench", "data", "errors", "networks", "nn", "plots", "sequences", "training")
_SHORTCUTS = {"accelerate": "nn"}  # what is used on day one, and where it lives

__all__ = ["__version__", *_ROOMS, *_SHORTCUTS]


def __getattr__(name: str):
    if name in _SHORTCUTS:
        return getattr(importlib.import_module(f"gnnlab.{_SHORTCUTS[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"gnnlab.{name}")
    raise AttributeError(f"module 'gnnlab' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
