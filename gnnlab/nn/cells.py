"""The recurrent cells: node-update functions with the gates of the literature.

Legend: N nodes, E edges, F input size, H hidden size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnnlab.errors import UnknownNameError
from gnnlab.nn.cell import Cell, State


class RNNCell(Cell):
    r"""The plain recurrent cell (`Elman, 1990 <https://doi.org/10.1207/s15516709cog1402_1>`_).

    .. math::
        h' = \tanh(W x + U h + b)

    It has :math:`HF + HH + H` parameters.

    Args:
        input_size: Width F of a node's input.
        hidden_size: Width H of a node's state.
        bias: If ``False``, there is no :math:`b`.
        nonlinearity: ``"tanh"`` or ``"relu"``.

    Example:
        >>> (h,) = RNNCell(3, 5)(torch.zeros(4, 3))
        >>> h.shape
        torch.Size([4, 5])
    """

    gate_names = ("h",)

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh"
    ):
        if nonlinearity not in ("tanh", "relu"):
            raise UnknownNameError.of("nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(input_size, hidden_size, bias)
        self.nonlinearity = nonlinearity

    def update(self, projected: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
        r""":math:`h' = \tanh(Wx + Uh + b)`."""
        (h,) = state
        return self.begin(torch.addmm(projected, h, self.weight_hh.t()))  # [N, H]

    def begin(self, projected: Tensor) -> tuple[State, tuple[Tensor, ...]]:
        r""":math:`h' = \tanh(Wx + b)`."""
        h = projected.tanh() if self.nonlinearity == "tanh" else projected.relu()
        return (h,), (h,)

    @property
    def kernel_mode(self) -> str:
        """The kernel of ``torch.nn.RNN``."""
        return f"rnn_{self.nonlinearity}"


class LSTMCell(Cell):
    r"""Long short-term memory, with a forget gate.

    From `Hochreiter & Schmidhuber, 1997 <https://doi.org/10.1162/neco.1997.9.8.1735>`_ and, for
    the forget gate, `Gers et al., 2000 <https://doi.org/10.1162/089976600300015015>`_.

    .. math::
        i, f, o &= \sigma(W_{i,f,o}\, x + U_{i,f,o}\, h + b_{i,f,o}) \\
        g &= \tanh(W_g x + U_g h + b_g) \\
        c' &= f \odot c + i \odot g \\
        h' &= o \odot \tanh(c')

    As a node-update function it maps a node's input :math:`x` and the sum of its predecessors'
    states :math:`(h, c)` to its own. It has :math:`4HF + 4HH + 4H` parameters.

    Example:
        >>> h, c = LSTMCell(3, 5)(torch.zeros(4, 3))
        >>> h.shape, c.shape
        (torch.Size([4, 5]), torch.Size([4, 5]))
        >>> LSTMCell(3, 5).num_parameters() == 4 * 5 * 3 + 4 * 5 * 5 + 4 * 5
        True
    """

    state_names = ("h", "c")
    gate_names = ("i", "f", "g", "o")
    kernel_mode = "lstm"

    def update(self, projected: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
        """The four gates, then the memory, then what the node shows of it."""
        h, c = state
        gates = torch.addmm(projected, h, self.weight_hh.t())  # [N, 4H]
        i, f, g, o = gates.chunk(4, dim=-1)  # [N, H] each
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = torch.addcmul(f * c, i, g)
        h = o * c.tanh()
        return (h, c), (i, f, g, o)


class PeepholeLSTMCell(Cell):
    r"""LSTM cell whose gates also see the memory.

    From `Gers & Schmidhuber, 2000 <https://doi.org/10.1109/IJCNN.2000.861302>`_.

    .. math::
        i &= \sigma(W_i x + U_i h + p_i \odot c + b_i), \quad
        f = \sigma(W_f x + U_f h + p_f \odot c + b_f) \\
        g &= \tanh(W_g x + U_g h + b_g), \quad c' = f \odot c + i \odot g \\
        o &= \sigma(W_o x + U_o h + p_o \odot c' + b_o), \quad h' = o \odot \tanh(c')

    The peepholes :math:`p` are vectors (``weight_ci, weight_cf, weight_co``): every memory is seen
    by its own gates only. It has :math:`4HF + 4HH + 3H + 4H` parameters.

    Example:
        >>> h, c = PeepholeLSTMCell(3, 5)(torch.zeros(4, 3))
        >>> h.shape
        torch.Size([4, 5])
    """

    state_names = ("h", "c")
    gate_names = ("i", "f", "g", "o")

    def _make_parameters(self, bias: bool) -> None:
        super()._make_parameters(bias)
        for name in ("weight_ci", "weight_cf", "weight_co"):
            setattr(self, name, nn.Parameter(torch.empty(self.hidden_size)))

    def update(self, projected: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
        """The gates i, f and g see the old memory, the gate o the new one."""
        h, c = state
        gates = torch.addmm(projected, h, self.weight_hh.t())  # [N, 4H]
        i, f, g, o = gates.chunk(4, dim=-1)  # [N, H] each
        i = torch.addcmul(i, self.weight_ci, c).sigmoid()
        f = torch.addcmul(f, self.weight_cf, c).sigmoid()
        g = g.tanh()
        c = torch.addcmul(f * c, i, g)
        o = torch.addcmul(o, self.weight_co, c).sigmoid()
        h = o * c.tanh()
        return (h, c), (i, f, g, o)


class GRUCell(Cell):
    r"""Gated recurrent unit (`Cho et al., 2014 <https://arxiv.org/abs/1406.1078>`_).

    .. math::
        r, z &= \sigma(W_{r,z}\, x + U_{r,z}\, h + b_{r,z}) \\
        n &= \tanh(W_n x + b_n + r \odot (U_n h + b_{hn})) \quad \text{(reset="after", as torch)} \\
        n &= \tanh(W_n x + b_n + U_n (r \odot h)) \quad \text{(reset="before", as Cho et al.)} \\
        h' &= (1 - z) \odot n + z \odot h

    The two forms are different functions. ``"before"`` has one bias per gate,
    :math:`3HF + 3HH + 3H` parameters; in ``"after"`` the bias :math:`b_{hn}` stands inside the
    reset product and cannot be folded into :math:`b_n`: :math:`3HF + 3HH + 4H`.

    Args:
        input_size: Width F of a node's input.
        hidden_size: Width H of a node's state.
        bias: If ``False``, the gates have no bias.
        reset: ``"after"`` or ``"before"`` the recurrent product.

    Example:
        >>> (h,) = GRUCell(3, 5, reset="before")(torch.zeros(4, 3))
        >>> h.shape
        torch.Size([4, 5])
    """

    gate_names = ("r", "z", "n")

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, reset: str = "after"):
        if reset not in ("after", "before"):
            raise UnknownNameError.of("reset", reset, ("after", "before"))
        self.reset = reset
        super().__init__(input_size, hidden_size, bias)

    def _make_parameters(self, bias: bool) -> None:
        super()._make_parameters(bias)
        inner = bias and self.reset == "after"
        self.bias_hn = nn.Parameter(torch.empty(self.hidden_size)) if inner else None

    def update(self, projected: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
        """The gates r and z, the candidate n, and a step of size 1 - z from h towards n."""
        (h,) = state
        H = self.hidden_size
        if self.reset == "after":
            recurrent = functional.linear(h, self.weight_hh)  # [N, 3H]
            r, z = (projected[:, : 2 * H] + recurrent[:, : 2 * H]).sigmoid().chunk(2, dim=-1)
            inner = recurrent[:, 2 * H :]
            inner = inner if self.bias_hn is None else inner + self.bias_hn
            n = torch.addcmul(projected[:, 2 * H :], r, inner).tanh()
        else:
            gates = torch.addmm(projected[:, : 2 * H], h, self.weight_hh[: 2 * H].t())
            r, z = gates.sigmoid().chunk(2, dim=-1)  # [N, H] each
            n = torch.addmm(projected[:, 2 * H :], r * h, self.weight_hh[2 * H :].t()).tanh()
        h = torch.lerp(n, h, z)  # (1 - z) n + z h
        return (h,), (r, z, n)

    @property
    def kernel_mode(self) -> str | None:
        """The kernel of ``torch.nn.GRU`` for ``reset="after"``."""
        return "gru" if self.reset == "after" else None

    def kernel_weights(self) -> tuple[Tensor, ...]:
        """As for every cell, but the candidate's inner bias stays in the second bias."""
        weights = super().kernel_weights()
        if self.bias_hn is None:
            return weights
        *weights, bias_hh = weights
        return *weights, torch.cat([bias_hh[: 2 * self.hidden_size], self.bias_hn])

    def extra_repr(self) -> str:
        """The sizes and the form."""
        return super().extra_repr() + ("" if self.reset == "after" else ", reset='before'")


class MinGRUCell(Cell):
    r"""Minimal GRU (`Feng et al., 2024 <https://arxiv.org/abs/2410.01201>`_).

    .. math::
        z = \sigma(W_z x + b_z), \quad n = W_n x + b_n, \quad h' = (1 - z) \odot h + z \odot n

    Gate and candidate do not see the state, so the step is affine in it and a path graph is
    computed by a parallel scan. It has :math:`2HF + 2H` parameters.

    Example:
        >>> (h,) = MinGRUCell(3, 5)(torch.zeros(4, 3))
        >>> h.shape
        torch.Size([4, 5])
    """

    gate_names = ("z", "n")
    affine = True

    def _make_parameters(self, bias: bool) -> None:
        H = self.hidden_size
        self.weight_ih = nn.Parameter(torch.empty(2 * H, self.input_size))
        self.bias = nn.Parameter(torch.empty(2 * H)) if bias else None

    def _gates(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        z, n = projected.chunk(2, dim=-1)  # [N, H] each
        return z.sigmoid(), n

    def update(self, projected: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
        """A step of size z from h towards n."""
        (h,) = state
        z, n = self._gates(projected)
        return (torch.lerp(h, n, z),), (z, n)

    def affine_coefficients(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        r""":math:`a = 1 - z` and :math:`b = z \odot n`."""
        z, n = self._gates(projected)
        return 1 - z, z * n


class ChildSumTreeLSTMCell(LSTMCell):
    r"""Child-Sum Tree-LSTM (`Tai et al., 2015 <https://arxiv.org/abs/1503.00075>`_).

    .. math::
        f_{uv} &= \sigma(W_f x_v + U_f h_u + b_f) \quad \text{for every edge } u \to v \\
        \tilde h_v &= \sum_u h_u, \qquad \tilde c_v = \sum_u f_{uv} \odot c_u \\
        i, o &= \sigma(W_{i,o}\, x_v + U_{i,o}\, \tilde h_v + b_{i,o}), \quad
        g = \tanh(W_g x_v + U_g \tilde h_v + b_g) \\
        c_v &= \tilde c_v + i \odot g, \qquad h_v = o \odot \tanh(c_v)

    Every child has a forget gate of its own. The parameters are those of :class:`LSTMCell`, and
    with one child per node (a path graph) it is that cell. It knows no single forget gate of the
    node, so the gates are i, g and o.

    Example:
        >>> h, c = ChildSumTreeLSTMCell(3, 5)(torch.zeros(4, 3))
        >>> h.shape
        torch.Size([4, 5])
    """

    gate_names = ("i", "g", "o")
    has_edge_gate = True

    def _make_parameters(self, bias: bool) -> None:
        H = self.hidden_size
        self.weight_ih = nn.Parameter(torch.empty(4 * H, self.input_size))
        self.weight_hh = nn.Parameter(torch.empty(4 * H, H))
        self.bias = nn.Parameter(torch.empty(4 * H)) if bias else None

    def message(self, state: State, projected: Tensor) -> State:
        """The sender's h, and its c behind the forget gate of this edge."""
        h, c = state  # [E, H] each
        H = self.hidden_size
        forget = torch.addmm(projected[:, H : 2 * H], h, self.weight_hh[H : 2 * H].t())
        return h, forget.sigmoid() * c

    def update(self, projected: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
        """The gates i, g and o from the summed h; the memories arrive already gated."""
        h, c = state
        gates = torch.addmm(projected, h, self.weight_hh.t())  # [N, 4H]
        i, _, g, o = gates.chunk(4, dim=-1)  # [N, H] each
        i, g, o = i.sigmoid(), g.tanh(), o.sigmoid()
        c = torch.addcmul(c, i, g)
        h = o * c.tanh()
        return (h, c), (i, g, o)


CELLS: dict[str, type[Cell]] = {
    "rnn": RNNCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
    "peephole": PeepholeLSTMCell,
    "childsum": ChildSumTreeLSTMCell,
    "mingru": MinGRUCell,
}


def make_cell(name: str, input_size: int, hidden_size: int, **options) -> Cell:
    """Builds the cell that ``CELLS`` knows by ``name``.

    Raises:
        UnknownNameError: If there is no such cell; the message lists the known ones.

    Example:
        >>> make_cell("gru", 3, 5)
        GRUCell(3, 5)
    """
    if name not in CELLS:
        raise UnknownNameError.of("cell", name, CELLS)
    return CELLS[name](input_size, hidden_size, **options)
