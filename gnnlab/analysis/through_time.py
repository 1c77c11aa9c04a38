r"""Gradient flow through time: what one state of a sequence is to the later ones.

Legend: T steps, B sequences, F input, H hidden, S size of the whole state (2H for h and c).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import jacrev, vmap

from gnnlab.errors import (
    InputError,
    MemoryLimitError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.nn import Cell, RecurrentConv, State
from gnnlab.nn.check import check_dtype, check_features
from gnnlab.nn.memory import available_memory, human

# Jacobian entries computed at once: enough to fill large products, little beside the result.
_ENTRIES_AT_ONCE = 2**21


class GradientFlow(NamedTuple):
    r"""The Jacobians of a sequence, step by step and from the end backwards.

    ``states[0]`` is the state that enters, ``states[t]`` the one after t steps. Where a batch
    came in, every tensor has the dimension B after its first one. The rows of a matrix are the
    later state, its columns the earlier one.
    """

    state_names: tuple[str, ...]  # what lies side by side in a state
    states: Tensor  # [T+1, S]
    factors: Tensor  # [T, S, S], factors[t] = d states[t+1] / d states[t]
    products: Tensor  # [T+1, S, S], by lag: products[k] = d states[T] / d states[T-k]
    factor_norms: Tensor  # [T], spectral norms of the factors
    spectral_norms: Tensor  # [T+1], of the products, by lag
    frobenius_norms: Tensor  # [T+1], of the products, by lag

    def between(self, later: int, earlier: int) -> Tensor:
        r"""The Jacobian of any state by any earlier one: the product of the factors in between.

        .. math::
            \frac{\partial s_t}{\partial s_i}
                = \prod_{j=i+1}^{t} \frac{\partial s_j}{\partial s_{j-1}}

        Args:
            later: t, from ``earlier`` to T.
            earlier: i, from 0, the state that enters.

        Raises:
            InputError: If the sequence has no such states.

        Example:
            >>> flow = gradient_through_time(RNNCell(1, 2), torch.zeros(3, 1))
            >>> torch.equal(flow.between(3, 1), flow.products[2])
            True
        """
        T = self.factors.size(0)
        if not 0 <= earlier <= later <= T:
            raise InputError(
                f"the states are numbered from 0 to {T}, and the later one comes first",
                where="later, earlier",
                value=(later, earlier),
            )
        product = _identities(self.states[0])  # [S, S]
        for factor in self.factors[earlier:later].flip(0):
            product = product @ factor
        return product

    def block(self, later: str, earlier: str) -> Tensor:
        r"""A part of ``products``, such as :math:`\partial c_T / \partial c_i` of an LSTM.

        Args:
            later: Name of the part of the later state, such as ``"h"``.
            earlier: Name of the part of the earlier state.

        Returns:
            ``[T+1, H, H]``, by lag.

        Raises:
            UnknownNameError: If the cell's state has no such part.

        Example:
            >>> flow = gradient_through_time(LSTMCell(1, 2), torch.zeros(3, 1))
            >>> flow.products.shape, flow.block("c", "c").shape
            (torch.Size([4, 4, 4]), torch.Size([4, 2, 2]))
        """
        for name in (later, earlier):
            if name not in self.state_names:
                raise UnknownNameError.of("part of the state", name, self.state_names)
        H = self.states.size(-1) // len(self.state_names)
        rows, columns = (self.state_names.index(name) * H for name in (later, earlier))
        return self.products[..., rows : rows + H, columns : columns + H]


def gradient_through_time(
    cell: Cell | RecurrentConv, x: Tensor, state: State | Tensor | None = None
) -> GradientFlow:
    r"""How far gradients reach back through a sequence: the Jacobians and their norms.

    .. math::
        \frac{\partial s_T}{\partial s_i} = \prod_{j=i+1}^{T} \frac{\partial s_j}{\partial s_{j-1}}

    where :math:`s` is all that the cell remembers (h and c of an LSTM, side by side). If the norms
    shrink with the lag :math:`T - i` the gradient vanishes, if they grow it explodes (`Pascanu et
    al., 2013 <https://arxiv.org/abs/1211.5063>`_). The states are computed first, then the factors
    of all steps at once. A norm too large for the type of number is infinite.

    Args:
        cell: Any cell, or a layer that runs one; a Child-Sum Tree-LSTM works on the path graph.
        x: One sequence ``[T, F]``, or B of equal length ``[T, B, F]``.
        state: What enters the first step, each tensor ``[B, H]`` (B = 1 for one sequence); zeros
            if left out.

    Raises:
        InputError: If ``cell`` is no cell of gnnlab, or mixes the sequences of a batch.
        ShapeError: If x is no such sequence, or the state does not fit.
        DtypeError, NonFiniteError: If the numbers of x or of the state are of another type, NaN or
            infinite, or if the states become so.
        MemoryLimitError: If the matrices would take more than half of the free memory.

    Example:
        >>> cell = RNNCell(1, 4)
        >>> cell.weight_hh.data = torch.eye(4) / 2  # every step halves, at least
        >>> flow = gradient_through_time(cell, torch.randn(10, 1))
        >>> bool((flow.spectral_norms <= 0.5 ** torch.arange(11)).all())
        True
    """
    cell = cell.cell if isinstance(cell, RecurrentConv) else cell
    rows = check_sequence(cell, x)  # [T*B, F]
    T, B = x.size(0), rows.size(0) // x.size(0)
    S = len(cell.state_names) * cell.hidden_size
    _check_memory(T, B, S, x)
    with torch.no_grad():
        states = _states(cell, rows.view(T, B, -1), state)  # [T+1, B, S]
        _check_independence(cell, rows[0], states[:2, 0])
        chunk = max(1, _ENTRIES_AT_ONCE // S**2)
        factors = vmap(jacrev(_step, argnums=2), in_dims=(None, 0, 0), chunk_size=chunk)(
            cell, rows, states[:-1].flatten(0, 1)
        ).view(T, B, S, S)
        if x.dim() == 2:
            states, factors = states.squeeze(1), factors.squeeze(1)
        products = [_identities(states[0])]
        for factor in factors.flip(0):
            products.append(products[-1] @ factor)
        stacked = torch.stack(products)  # [T+1, S, S], or [T+1, B, S, S]
        norms = (matrix_norms(factors, 2), matrix_norms(stacked, 2), matrix_norms(stacked, "fro"))
        return GradientFlow(cell.state_names, states, factors, stacked, *norms)


def check_cell(cell: Cell) -> None:
    """Checks that ``cell`` is a cell of gnnlab, for only such a cell shows single steps and gates.

    Raises:
        InputError: If it is something else.
    """
    if not isinstance(cell, Cell):
        raise InputError(
            "a cell of gnnlab.nn is needed",
            where="cell",
            value=type(cell).__name__,
            remedy="take a layer's cell; Cell.from_torch copies the weights of torch's networks",
        )


def check_sequence(cell: Cell, x: Tensor) -> Tensor:
    """Checks that ``x`` is what ``cell`` reads step by step, and returns it as rows ``[T*B, F]``.

    Raises:
        InputError: If ``cell`` is no cell of gnnlab.
        ShapeError, DtypeError, NonFiniteError: If x is no sequence, or one for another cell.
    """
    check_cell(cell)
    if not isinstance(x, Tensor) or x.dim() not in (2, 3) or 0 in x.shape[:-1]:
        raise ShapeError(
            "a sequence has the shape [T, F] or [T, B, F], with at least one step",
            where="x",
            value=list(x.shape) if isinstance(x, Tensor) else type(x).__name__,
        )
    rows = x.detach().reshape(-1, x.size(-1))
    check_features(rows, cell.input_size, cell.weight_ih)
    return rows


def check_states(states: Tensor) -> Tensor:
    """Returns ``states`` ``[T+1, ...]`` after checking that all are finite.

    Raises:
        NonFiniteError: If one is not, for then its Jacobian says nothing; names the step.
    """
    finite = states.isfinite().flatten(1).all(dim=1)  # [T+1]
    if not finite.all():
        raise NonFiniteError(
            "the state is not a finite number",
            where=f"after {int(finite.long().argmin())} steps",
            remedy="check the weights and the state that enters, or make the weights smaller",
        )
    return states


def _check_independence(cell: Cell, x: Tensor, states: Tensor) -> None:
    """Checks that the first sequence alone takes the same first step as in its batch."""
    alone = _step(cell, x, states[0])
    if not torch.allclose(alone, states[1], rtol=1e-3, atol=1e-5):
        raise InputError(
            "the cell mixes the sequences of a batch, whose Jacobians would not be their own",
            where="cell",
            value=type(cell).__name__,
            remedy="pass one sequence [T, F] at a time",
        )


def _step(cell: Cell, x: Tensor, state: Tensor) -> Tensor:
    """One step of one sequence, the whole state in one row: ``[F], [S] -> [S]``."""
    parts = state.unsqueeze(0).chunk(len(cell.state_names), dim=-1)  # [1, H] each
    return torch.cat(cell(x.unsqueeze(0), parts), dim=-1).squeeze(0)


def _states(cell: Cell, x: Tensor, state: State | Tensor | None) -> Tensor:
    """All states of B sequences, the entering one first: ``[T+1, B, S]``."""
    B = x.size(1)
    if state is None:
        state = (x.new_zeros(B, cell.hidden_size),) * len(cell.state_names)
    state = cell.check_state(state, B)
    for name, part in zip(cell.state_names, state, strict=True):
        check_dtype(part, cell.weight_ih, where=f"state {name}")
    states = [torch.cat(state, dim=-1)]
    for x_t in x:
        state = cell(x_t, state)
        states.append(torch.cat(state, dim=-1))
    return check_states(torch.stack(states))


def _identities(state: Tensor) -> Tensor:
    return torch.diag_embed(torch.ones_like(state))  # [S, S], or [B, S, S]


def matrix_norms(matrices: Tensor, order: int | str) -> Tensor:
    """The norms of ``[..., S, S]`` down to the smallest numbers; infinite where an entry is."""
    # Squares of what has vanished would be zero, and infinities would stop the SVD.
    largest = matrices.abs().amax(dim=(-2, -1))
    finite = largest.isfinite()
    scale = torch.where(finite & (largest > 0), largest, 1.0)
    scaled = torch.where(finite[..., None, None], matrices, 0.0) / scale[..., None, None]
    return (torch.linalg.matrix_norm(scaled, ord=order) * scale).masked_fill(~finite, torch.inf)


def _check_memory(T: int, B: int, S: int, x: Tensor) -> None:
    needed = 2 * (2 * T + 1) * B * S**2 * x.element_size()  # all matrices, and a working copy
    allowed = available_memory(x.device) // 2
    if needed > allowed:
        raise MemoryLimitError(
            f"the Jacobians of {T} steps, {B} sequences and a state of {S} need {human(needed)}, "
            f"but only {human(allowed)} may be used (half of the free memory)",
            where="x",
            value=list(x.shape),
            remedy="look at fewer sequences, or at the last steps from the state that enters them",
        )
