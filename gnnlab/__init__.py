"""gnnlab: recurrent networks and graph networks as one machine, on PyTorch Geometric.

States live at nodes, messages travel along edges, a node-update function makes the next state.
``gnnlab.nn`` holds the layers, ``gnnlab.sequences`` the models for sequences as path graphs.
The sub-packages load on first use, so that ``import gnnlab`` costs nothing.
"""

import importlib

__version__ = "0.1.0"

_ROOMS = ("data", "errors", "nn", "plots", "sequences", "training")

__all__ = ["__version__", *_ROOMS]


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"gnnlab.{name}")
    raise AttributeError(f"module 'gnnlab' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
