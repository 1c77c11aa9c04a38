"""Learning to make molecules, in the scikit-learn habit.

Legend: B molecules, N events, A actions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from gnnlab import training
from gnnlab.data import load_model, save_model
from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.generation import storage
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.conditions import Conditions, measure
from gnnlab.molecules.generation.events import columns, replay_in_parts
from gnnlab.molecules.generation.learning import ActionLoss, Averaged, GrowthBatches
from gnnlab.molecules.generation.making import Maker
from gnnlab.molecules.generation.model import GrowthModel
from gnnlab.molecules.generation.orders import GrowthGraphs
from gnnlab.molecules.generation.tempering import best_temperature
from gnnlab.molecules.generation.types import AtomTypes
from gnnlab.molecules.parse import parse_smiles

_MOST_HELD_OUT = 2000


class MoleculeGenerator(Maker):
    r"""Learns to make molecules like those it was shown; every molecule it makes is valid.

    A molecule grows bond by bond, depth first: an atom is added, a ring is closed, or the atom in
    focus is left. A ledger of valences forbids every step that chemistry would not allow, in
    training and in sampling alike, and stepping back is always allowed: nothing is ever rejected
    or repaired (:mod:`gnnlab.molecules.generation` has the proof). Which of the legal steps to
    take, a recurrent network on the graph of events decides
    (:class:`~gnnlab.molecules.generation.model.GrowthModel`):

    .. math::
        p(\text{molecule, order}) = \prod_v p(a_v \mid \text{events before } v)

    In every epoch every molecule is grown from another root and in another order. Stereo is not
    learned.

    Args:
        properties: What it learns to be asked for: some of
            :data:`~gnnlab.molecules.generation.conditions.PROPERTIES`.
        cell: Node-update function of the network, one of ``gnnlab.nn.CELLS``.
        hidden_channels: Width of its states.
        num_layers: Its layers.
        embedding_channels: Width of what its first layer reads.
        dropout: Share of the numbers that is dropped in training.
        batch_size: Molecules per iteration.
        epochs: Passes over the molecules.
        learning_rate: Step size of Adam at the beginning; it falls to a fiftieth.
        max_distance: How far back a ring can be closed.
        canonical: Share of the molecules of a batch that grow in the order of their canonical
            SMILES, and are known to. New molecules then do so, too, unless something else is laid
            down; what the others teach is how to grow from anywhere.
        seed: Seed of weights and orders.
        accelerator: ``"cpu"``, ``"gpu"`` or ``"auto"``.

    Attributes:
        space_: The :class:`ActionSpace`, with the atom types of the training molecules.
        max_atoms_: The most atoms of a molecule, as many as the largest training molecule has.
        conditions_: The :class:`Conditions`, or ``None``.
        model_: The network, with averaged weights.
        temperature_: The temperature that suits molecules best that were not learned from.
        errors_: By row, why a molecule was not learned from.
        history_: The :class:`gnnlab.training.History`.
        num_parameters_: Number of trainable parameters.

    Example:
        >>> smiles = ["C" * n + "O" for n in range(1, 40)]
        >>> generator = MoleculeGenerator(hidden_channels=16, batch_size=13, epochs=2).fit(smiles)
        >>> molecules = generator.sample(5, seed=0)
        >>> all(Chem.MolFromSmiles(molecule) is not None for molecule in molecules)
        True
    """

    def __init__(
        self,
        properties: Sequence[str] = (),
        cell: str = "gru",
        hidden_channels: int = 512,
        num_layers: int = 2,
        embedding_channels: int = 128,
        dropout: float = 0.1,
        batch_size: int = 64,
        epochs: int = 10,
        learning_rate: float = 2e-3,
        max_distance: int = 40,
        canonical: float = 0.8,
        seed: int = 0,
        accelerator: str = "auto",
    ):
        self.properties = properties
        self.cell, self.hidden_channels, self.num_layers = cell, hidden_channels, num_layers
        self.embedding_channels, self.dropout = embedding_channels, dropout
        self.batch_size, self.epochs, self.learning_rate = batch_size, epochs, learning_rate
        self.max_distance, self.canonical = max_distance, canonical
        self.seed, self.accelerator = seed, accelerator

    def fit(
        self,
        smiles: Sequence[str],
        *,
        validation: Sequence[str] | None = None,
        evaluate_every: int | None = None,
        log_directory: str | os.PathLike | None = None,
        resume: bool = False,
        watch: Callable[[MoleculeGenerator, int], None] | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Learns anew. Molecules that cannot be grown are left out, and listed in ``errors_``.

        After Ctrl-C the generator can be used, and KeyboardInterrupt is raised.

        Args:
            smiles: Molecules to learn from.
            validation: Molecules that are not learned from, to judge by and to choose the
                temperature; by default a twentieth of the others, at most 2,000.
            evaluate_every: Iterations between two judgements; by default an epoch.
            log_directory: Folder for ``metrics.csv``, ``model.safetensors`` and
                ``training.safetensors``, from which a training can be resumed.
            resume: Go on with the training that stands in ``log_directory``, as if it had never
                been stopped; start anew if none does.
            watch: Called with the generator and the iteration at every judgement.
            progress: Whether to show a progress bar; by default if the output is a terminal.

        Raises:
            InputError: If a parameter makes no sense, no molecule can be grown, there are too few,
                or the training to resume was another one.
            TrainingError: If the loss is not finite.
        """
        for name in ("hidden_channels", "num_layers", "embedding_channels", "batch_size", "epochs"):
            training.check_count(name, getattr(self, name))
        training.check_share("canonical", self.canonical)
        self._forget()
        graphs, learn, table = self._read(smiles, validation, progress)
        run = storage.describe_run(self.get_params(), graphs.smiles, table)
        start = storage.load_start(log_directory, run) if resume and log_directory else None
        batches = GrowthBatches(
            graphs,
            learn,
            self.max_atoms_,
            self.batch_size,
            self.seed,
            self.canonical,
            first=start.iteration if start else 0,
            wishes=self._learn_to_listen(graphs, progress),
        )
        averaged = Averaged(self._build_for(table))
        self.model_ = averaged.result
        self.num_parameters_ = averaged.model.num_parameters()
        evaluate_every = evaluate_every or len(batches)

        def evaluate(averaged: Averaged) -> dict[str, float]:
            nats = -sum(self._score(table, self._is_canonical())) / len(table)
            if watch is not None:
                self.temperature_ = 1.0
                watch(self, batches.next)
            return {"validation_nats_per_molecule": nats}

        iterations = self.epochs * len(batches)
        self.history_ = training.fit(
            averaged,
            batches,
            ActionLoss(),
            iterations=iterations,
            learning_rate=self.learning_rate,
            decay=0.02 ** (1 / iterations),
            decay_every=1,
            max_norm=1.0,
            seed=self.seed,
            evaluate=evaluate,
            evaluate_every=evaluate_every,
            log_directory=log_directory,
            checkpoint=self._checkpoint,
            snapshot=lambda path, state: storage.save_start(path, state, run),
            start=start,
            progress=progress,
            per_iteration=(self.batch_size, "molecules"),
            accelerator=self.accelerator,
        )
        self.model_ = averaged.result.eval()
        parts = replay_in_parts(self.space_, table, self.max_atoms_, self._is_canonical())
        self.temperature_ = best_temperature(self.model_, parts)
        if log_directory is not None:
            self.save(Path(log_directory) / "model.safetensors")
        if self.history_.interrupted:
            raise KeyboardInterrupt
        return self

    def save(self, path: str | os.PathLike) -> None:
        """Writes the fitted generator to one file, without its history.

        Raises:
            NotFittedError: Before ``fit``.
        """
        self._require_fitted("model_")
        save_model(path, self.model_.state_dict(), storage.describe(self))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads a generator that :meth:`save` wrote.

        Raises:
            InputError: If there is no such file.
            FileFormatError: If the file is damaged or holds something else.
        """
        tensors, config = load_model(path)
        return storage.restore(cls, tensors, config, str(path))

    def build(self, space: ActionSpace) -> GrowthModel:
        """An untrained network, drawn from the seed."""
        with training.seeded(self.seed):
            return GrowthModel(
                columns(space),
                space.size,
                num_properties=len(self.properties),
                cell=self.cell,
                hidden_channels=self.hidden_channels,
                num_layers=self.num_layers,
                embedding_channels=self.embedding_channels,
                dropout=self.dropout,
            )

    def _build_for(self, table: np.ndarray) -> GrowthModel:
        """A network that begins with how often each action is taken."""
        model = self.build(self.space_)
        counts = np.bincount(table[table >= 0], minlength=self.space_.size)
        with torch.no_grad():
            model.head.bias.copy_(torch.from_numpy(np.log(counts + 0.1)))
        return model

    def _learn_to_listen(
        self, graphs: GrowthGraphs, progress: bool | None
    ) -> Callable[[np.ndarray, np.random.Generator], Tensor] | None:
        """Finds the properties of the molecules; tells some of those of a batch."""
        self.conditions_ = None
        if not self.properties:
            return None
        rows = training.track(graphs.smiles, "measuring properties", len(graphs), progress)
        values = measure(map(Chem.MolFromSmiles, rows), self.properties)  # [M, C]
        self.conditions_ = conditions = Conditions.of(self.properties, values)
        return lambda places, draw: conditions.encode(conditions.hide(values[places], draw))

    def _read(
        self, smiles: Sequence[str], validation: Sequence[str] | None, progress: bool | None
    ) -> tuple[GrowthGraphs, np.ndarray, np.ndarray]:
        """The molecules, which of them to learn from, and the actions of others to judge by."""
        rows = training.track(smiles, "finding atom types", len(smiles), progress)
        self.space_ = ActionSpace(AtomTypes.of(_readable(rows)), self.max_distance)
        rows = training.track(smiles, "reading molecules", len(smiles), progress)
        graphs = GrowthGraphs.of(rows, self.space_)
        self.errors_ = graphs.errors
        if len(graphs) < 2:
            raise InputError(
                "there are too few molecules to learn from",
                where="smiles",
                value=f"{len(graphs)} of {len(smiles)} rows",
            )
        self.max_atoms_ = int(np.diff(graphs.atom_pointer).max())
        generator = np.random.default_rng(self.seed)
        if validation is not None:
            held_out = GrowthGraphs.of(validation, self.space_, self.max_atoms_)
            if not len(held_out):
                raise InputError("no molecule can be grown", where="validation")
            table = held_out.batch(range(len(held_out)), generator, self._is_canonical())
            return graphs, np.arange(len(graphs)), table
        order = generator.permutation(len(graphs))
        count = min(max(len(graphs) // 20, 1), _MOST_HELD_OUT)
        table = graphs.batch(order[:count], generator, self._is_canonical())
        return graphs, order[count:], table

    def _checkpoint(self, path: Path) -> None:
        self.temperature_ = getattr(self, "temperature_", 1.0)
        self.save(path)


def _readable(smiles: Iterable[object]) -> Iterator[Chem.Mol]:
    """The molecules; what is none is reported where it is read to be grown."""
    for row in smiles:
        with suppress(MoleculeError):
            yield parse_smiles(row)
