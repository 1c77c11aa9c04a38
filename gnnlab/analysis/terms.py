r"""The sums that make up the gradient of a plain recurrent network, term by term.

Legend: T steps, F input, H hidden, O classes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from gnnlab.analysis.through_time import check_cell, check_sequence, check_states, matrix_norms
from gnnlab.errors import InputError, MemoryLimitError, ShapeError
from gnnlab.nn import RNNCell
from gnnlab.nn.check import check_dtype, check_finite
from gnnlab.nn.memory import available_memory, human


class Terms(NamedTuple):
    """What every step adds to the gradient; steps without a loss add zeros.

    The term (t, i) of ``weight_hh`` is a product of a column and a row, which are kept apart: it
    takes H times less memory until the matrices themselves are asked for.
    """

    losses: Tensor  # [T], cross-entropy of each step
    weight_ph: Tensor  # [T, O, H], terms of the gradient of the output map
    columns: Tensor  # [T, T, H], at [t, i] the gradient of loss t by the argument of step i
    rows: Tensor  # [T, H], the state that enters step i

    @property
    def weight_hh(self) -> Tensor:
        """The terms ``[T, T, H, H]``: at (t, i) what loss t asks of the weights in step i.

        Raises:
            MemoryLimitError: If they would take more than half of the free memory.
        """
        T, H = self.rows.shape
        _check_memory(T**2 * H**2, self.rows, "weight_hh", "norms and gradient_hh do without them")
        return self.columns.unsqueeze(-1) * self.rows[:, None, :]

    @property
    def norms(self) -> Tensor:
        """The Frobenius norms ``[T, T]`` of the terms of ``weight_hh``."""
        return matrix_norms(self.columns.unsqueeze(-1), "fro") * self.rows.norm(dim=-1)

    @property
    def gradient_ph(self) -> Tensor:
        """The whole gradient of the output map, ``[O, H]``."""
        return self.weight_ph.sum(dim=0)

    @property
    def gradient_hh(self) -> Tensor:
        """The whole gradient of the recurrent weights, ``[H, H]``."""
        return self.columns.sum(dim=0).t() @ self.rows


def gradient_terms(
    cell: RNNCell,
    weight_ph: Tensor,
    x: Tensor,
    target: Tensor | int,
    bias_p: Tensor | None = None,
) -> Terms:
    r"""Evaluates the gradient of a plain recurrent classifier as the sums it is made of.

    The network is :math:`h_t = f(W_{hx} x_t + W_{hh} h_{t-1} + b_h)`, :math:`p_t = W_{ph} h_t +
    b_p`, :math:`y_t = \text{softmax}(p_t)`, its loss the cross-entropy, added up over the steps
    that have a target. With the argument :math:`a_i` of :math:`f` in step i

    .. math::
        \frac{\partial L}{\partial W_{ph}} &= \sum_t \frac{\partial L_t}{\partial p_t}
            \frac{\partial p_t}{\partial W_{ph}} = \sum_t (y_t - e_t)\, h_t^\top \\
        \frac{\partial L}{\partial W_{hh}} &= \sum_t \sum_{i \le t}
            \frac{\partial L_t}{\partial h_t}
            \Big(\prod_{j=i+1}^{t} \frac{\partial h_j}{\partial h_{j-1}}\Big)
            \frac{\partial^+ h_i}{\partial W_{hh}}, \qquad
            \frac{\partial h_j}{\partial h_{j-1}} = \text{diag}(f'(a_j))\, W_{hh}

    where :math:`e_t` is 1 at the target and :math:`\partial^+` takes :math:`h_{i-1}` as fixed
    (`Werbos, 1990 <https://doi.org/10.1109/5.58337>`_). The first sum has no product in it; the
    second one has, and its early terms vanish or explode. Nothing here calls autograd.

    Args:
        cell: A plain recurrent cell, tanh or relu.
        weight_ph: The output map ``[O, H]``.
        x: One sequence ``[T, F]``; the network starts from zeros.
        target: The class at the last step, or one class per step ``[T]``.
        bias_p: Bias ``[O]`` of the output map, zeros if left out.

    Raises:
        InputError: If the cell is no plain recurrent cell, or a target no class.
        ShapeError: If the sequence, the output map or the targets do not fit.
        DtypeError, NonFiniteError: If numbers are of another type, NaN or infinite.
        MemoryLimitError: If the columns ``[T, T, H]`` would take more than half of the free memory.

    Example:
        >>> terms = gradient_terms(RNNCell(1, 4), torch.randn(3, 4), torch.randn(9, 1), target=2)
        >>> terms.weight_ph.shape, terms.weight_hh.shape
        (torch.Size([9, 3, 4]), torch.Size([9, 9, 4, 4]))
        >>> torch.allclose(terms.weight_hh.sum((0, 1)), terms.gradient_hh, atol=1e-6)
        True
    """
    check_cell(cell)
    if not isinstance(cell, RNNCell):
        raise InputError(
            "the expressions hold for a plain recurrent cell",
            where="cell",
            value=repr(cell),
            remedy="use an RNNCell, or gradient_through_time for the Jacobians of any cell",
        )
    check_sequence(cell, x)
    _check_output_map(cell, weight_ph, x, bias_p)
    target = _check_target(target, x.size(0), weight_ph.size(0)).to(x.device)
    _check_memory(x.size(0) ** 2 * cell.hidden_size, x, "x", "look at a shorter sequence")
    with torch.no_grad():
        states = _states(cell, x)  # [T+1, H]
        logits = functional.linear(states[1:], weight_ph, bias_p)  # [T, O]
        errors, losses = torch.zeros_like(logits), logits.new_zeros(len(logits))
        first = len(logits) - len(target)
        ones = functional.one_hot(target, logits.size(-1))  # [1, O] or [T, O]
        errors[first:] = logits[first:].softmax(dim=-1) - ones  # dL_t / dp_t
        losses[first:] = functional.cross_entropy(logits[first:], target, reduction="none")
        return Terms(
            losses,
            errors.unsqueeze(-1) * states[1:, None, :],
            _columns(cell, states[1:], errors @ weight_ph),
            states[:-1],
        )


def _check_memory(num_entries: int, like: Tensor, where: str, remedy: str) -> None:
    needed, allowed = num_entries * like.element_size(), available_memory(like.device) // 2
    if needed > allowed:
        raise MemoryLimitError(
            f"the terms of {len(like)} steps need {human(needed)}, "
            f"but only {human(allowed)} may be used (half of the free memory)",
            where=where,
            remedy=remedy,
        )


def _columns(cell: RNNCell, h: Tensor, arriving: Tensor) -> Tensor:
    """Carries the gradients of all losses back at once: ``arriving`` ``[T, H]`` is dL_t / dh_t."""
    slope = 1 - h**2 if cell.nonlinearity == "tanh" else (h > 0).to(h.dtype)  # [T, H]
    T, H = h.shape
    columns = h.new_zeros(T, T, H)
    for i in reversed(range(T)):
        columns[i:, i] = arriving[i:] * slope[i]
        arriving = torch.cat([arriving[:i], columns[i:, i] @ cell.weight_hh])
    return columns


def _states(cell: RNNCell, x: Tensor) -> Tensor:
    states = [x.new_zeros(1, cell.hidden_size)]
    for x_t in x:
        states += cell(x_t.unsqueeze(0), states[-1])
    return check_states(torch.cat(states))


def _check_output_map(cell: RNNCell, weight_ph: Tensor, x: Tensor, bias_p: Tensor | None) -> None:
    if x.dim() != 2:
        raise ShapeError("one sequence has the shape [T, F]", where="x", value=list(x.shape))
    _check_part(weight_ph, 2, cell.hidden_size, "weight_ph", cell)
    if bias_p is not None:
        _check_part(bias_p, 1, weight_ph.size(0), "bias_p", cell)


def _check_part(part: Tensor, num_dimensions: int, width: int, where: str, cell: RNNCell) -> None:
    found = list(part.shape) if isinstance(part, Tensor) else []
    if len(found) != num_dimensions or found[-1] != width:
        wanted = ", ".join(["O", str(width)][-num_dimensions:])
        raise ShapeError(
            f"a tensor of the shape [{wanted}] is needed",
            where=where,
            value=found or type(part).__name__,
        )
    check_dtype(part, cell.weight_hh, where=where)
    check_finite(part, where=where)


def _check_target(target: Tensor | int, num_steps: int, num_classes: int) -> Tensor:
    try:
        target = torch.as_tensor(target)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError("classes are whole numbers", where="target", value=repr(target)) from error
    if target.shape not in ((), (num_steps,)):
        raise ShapeError(
            f"one class for the last step, or one for each of the {num_steps} steps",
            where="target",
            value=list(target.shape),
        )
    if target.is_floating_point() or target.is_complex() or target.dtype == torch.bool:
        raise InputError("classes are whole numbers", where="target", value=target.dtype)
    if target.min() < 0 or target.max() >= num_classes:
        raise InputError(
            f"the output map has {num_classes} classes",
            where="target",
            value=target.tolist(),
            remedy=f"use classes from 0 to {num_classes - 1}",
        )
    return target.long().reshape(-1)
