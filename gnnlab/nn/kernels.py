"""The executor on torch's fused recurrent kernels: path graphs in the layout that is fastest.

Legend: N nodes, F input, H hidden, B paths, T steps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.nn.cell import Cell, State
from gnnlab.nn.executors import Outcome, nothing
from gnnlab.nn.plans import PackedPlan, PaddedPlan, PathPlan, plan_of
from gnnlab.nn.rows import pad_rows, take_rows, unpad_rows
from gnnlab.nn.schedule import Schedule

# Padding costs arithmetic, but oneDNN's LSTM, several times faster, takes only padded input.
_MAX_WASTE = 2.0

# Beyond a working set of some 36 MiB the CPU's kernel is cut into segments that hand the state on.
# In two runs that took 0.6 to 1.1 times one call (benchmarks/segments.py): a steady gain
# at (T, B, H) = (1000, 64, 128), a steady small loss at (200, 32, 256), either at (2000, 8, 64).
# The cause is not known.
_SAVED_PER_STATE = 10
_ONE_CALL = 36 * 2**20
_SEGMENT = 8 * 2**20


_KERNELS = {
    "lstm": torch.lstm,
    "gru": torch.gru,
    "rnn_tanh": torch.rnn_tanh,
    "rnn_relu": torch.rnn_relu,
}


def run_kernel(
    cell: Cell,
    x: Tensor,
    schedule: Schedule,
    state: State | None = None,
    want_state: bool = False,
) -> Outcome:
    """Runs the kernel of ``cell`` on all paths at once."""
    if not schedule.num_nodes:
        return nothing(cell, x, want_state)
    if torch.is_autocast_enabled(x.device.type):
        # Without full AVX-512 oneDNN's LSTM has no bf16 form, so the kernel keeps its own type.
        with torch.autocast(x.device.type, enabled=False):
            kept = cell.weight_ih.dtype
            state = None if state is None else tuple(s.to(kept) for s in state)
            return run_kernel(cell, x.to(kept), schedule, state, want_state)
    paths: PathPlan = plan_of(PathPlan, schedule, x.device)
    if state is None:
        zeros = x.new_zeros(1, paths.num_paths, cell.hidden_size)
        state = (zeros,) * len(cell.state_names)
    else:
        state = tuple(s.unsqueeze(0) for s in state)  # [1, B, H]
    if paths.is_even:
        h, *last = _run_even(cell, x, paths, state)
    elif _prefers_padding(cell, x, schedule, want_state):
        h, *last = _run_padded(cell, x, schedule, state)
    else:
        h, *last = _run_packed(cell, x, schedule, state)
    return Outcome(h, tuple(s.squeeze(0) for s in last) if want_state else None)


def _prefers_padding(cell: Cell, x: Tensor, schedule: Schedule, want_state: bool) -> bool:
    # A padded run ends in states beyond the ends of the shorter paths.
    if want_state or cell.kernel_mode != "lstm" or x.is_cuda or x.dtype != torch.float32:
        return False
    return plan_of(PaddedPlan, schedule, x.device).waste <= _MAX_WASTE


def _run_even(cell: Cell, x: Tensor, plan: PathPlan, state: State) -> tuple[Tensor, ...]:
    x = take_rows(x, plan.order, plan.rank).view(plan.num_paths, plan.num_steps, -1)  # [B, T, F]
    h, *last = _call_in_segments(cell, x, state)
    return take_rows(h.reshape(-1, h.size(-1)), plan.rank, plan.order), *last


def _run_padded(cell: Cell, x: Tensor, schedule: Schedule, state: State) -> tuple[Tensor, ...]:
    plan: PaddedPlan = plan_of(PaddedPlan, schedule, x.device)
    x = pad_rows(x, plan.index, plan.rank).view(plan.num_paths, plan.num_steps, -1)  # [B, T, F]
    h, *last = _call_in_segments(cell, x, state)
    return unpad_rows(h.reshape(-1, h.size(-1)), plan.index, plan.rank), *last


def _run_packed(cell: Cell, x: Tensor, schedule: Schedule, state: State) -> tuple[Tensor, ...]:
    plan: PackedPlan = plan_of(PackedPlan, schedule, x.device)
    state = tuple(s.index_select(1, plan.path_order) for s in state)
    h, *last = _call(cell, (take_rows(x, plan.order, plan.rank), plan.batch_sizes), state)
    last = [s.index_select(1, plan.path_rank) for s in last]
    return take_rows(h, plan.rank, plan.order), *last


def _call_in_segments(cell: Cell, x: Tensor, state: State) -> tuple[Tensor, ...]:
    """The kernel over ``x`` ``[B, T, F]``, on the CPU at most so many steps at a time."""
    B, T, _ = x.shape
    bytes_per_step = _SAVED_PER_STATE * B * cell.hidden_size * x.element_size()
    if x.is_cuda or T * bytes_per_step <= _ONE_CALL:
        return _call(cell, (x,), state)
    outputs = []
    for segment in x.split(max(1, _SEGMENT // bytes_per_step), dim=1):
        h, *state = _call(cell, (segment,), state)
        outputs.append(h)
    return torch.cat(outputs, dim=1), *state


def _call(cell: Cell, x: tuple[Tensor, ...], state: State) -> tuple[Tensor, ...]:
    """One layer, one direction, of ``(x,)`` ``[B, T, F]``, or packed ``(x, batch_sizes)``."""
    weights = cell.kernel_weights()
    initial = tuple(state) if cell.kernel_mode == "lstm" else state[0]
    training = torch.is_grad_enabled()  # cuDNN keeps what backward needs only in training
    options = [weights, len(weights) == 4, 1, 0.0, training, False]
    if len(x) == 1:
        options.append(True)  # batch first
    return _KERNELS[cell.kernel_mode](*x, initial, *options)
