"""What a link predictor's file holds: names, connections, features, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from gnnlab.errors import FileFormatError, GnnlabError, InputError
from gnnlab.networks.models import GraphScorer
from gnnlab.networks.network import Network
from gnnlab.networks.stack import Stack

if TYPE_CHECKING:
    from gnnlab.networks.predictor import LinkPredictor

_KIND = "link-predictor"


def describe(predictor: LinkPredictor) -> tuple[dict[str, Tensor], dict]:
    """Tensors and configuration of a fitted predictor.

    Raises:
        InputError: If names are neither text nor whole numbers.
    """
    network = predictor.network_
    tensors, stack = predictor.stack_.state()
    tensors = {f"stack.{name}": value for name, value in tensors.items()}
    tensors["edge_index"] = network.edge_index
    if network.x is not None:
        parts = {"data": network.x.data, "indices": network.x.indices, "indptr": network.x.indptr}
        tensors |= {f"x.{name}": torch.from_numpy(array) for name, array in parts.items()}
    config = {
        "kind": _KIND,
        "parameters": predictor.get_params(),
        "names": [_plain(name) for name in network.names],
        "num_features": None if network.x is None else network.x.shape[1],
        "negatives": predictor.negatives_,
        "missing": predictor.missing_,
        "stack": stack,
    }
    graph = predictor.evidence_.scorers.get("graph")
    if graph is not None:
        learned, config["graph"] = graph.state()
        tensors |= {f"graph.{name}": value for name, value in learned.items()}
    return tensors, config


def restore(
    kind: type[LinkPredictor], tensors: Mapping[str, Tensor], config: Mapping, where: str
) -> LinkPredictor:
    """The predictor that :func:`describe` has described.

    Raises:
        FileFormatError: If this describes none.
    """
    try:
        if config["kind"] != _KIND:
            raise FileFormatError("another kind of model", where=where, value=config["kind"])
        network = _read_network(tensors, config)
        predictor = kind(**config["parameters"])
        predictor.negatives_ = str(config["negatives"])
        predictor.missing_ = float(config["missing"])
        predictor.stack_ = Stack.restored(_part(tensors, "stack."), config["stack"])
        evidence = predictor._make_evidence(network)
        if "graph" in evidence.scorers:
            learned = _part(tensors, "graph.")
            graph = GraphScorer.restored(learned, config["graph"], network)
            evidence.scorers.pop("graph")
            evidence.fit(network)
            evidence.scorers["graph"] = graph
        else:
            evidence.fit(network)
    except (KeyError, TypeError, ValueError, RuntimeError, GnnlabError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError("the file describes no link predictor", where=where) from error
    predictor._keep(network, evidence)
    return predictor


def _read_network(tensors: Mapping[str, Tensor], config: Mapping) -> Network:
    x = None
    if config["num_features"] is not None:
        parts = tuple(tensors[f"x.{name}"].numpy() for name in ("data", "indices", "indptr"))
        x = sparse.csr_array(parts, shape=(len(config["names"]), config["num_features"]))
        x.check_format()
    return Network.of(config["names"], tensors["edge_index"], x=x)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _plain(name: object) -> str | int:
    if isinstance(name, str):
        return name
    if isinstance(name, int | np.integer) and not isinstance(name, bool):
        return int(name)
    raise InputError(
        "names must be text or whole numbers to be written", where="names", value=repr(name)
    )
