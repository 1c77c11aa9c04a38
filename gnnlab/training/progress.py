"""The progress bar of a training; imported only when there is one to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lightning.pytorch import Callback, Trainer
from rich import progress
from rich.console import RenderableType
from rich.text import Text

if TYPE_CHECKING:
    from gnnlab.training.loop import Module


class ProgressBar(Callback):
    """Shows a :class:`Display` during the training and leaves it on the screen.

    Args:
        iterations: Number of iterations when the training is done.
        first: How many of them were made before.
        per_iteration: What an iteration works through: how many, of what.
    """

    def __init__(self, iterations: int, first: int, per_iteration: tuple[int, str]):
        self.display = Display(per_iteration)
        self.task = self.display.add_task("", total=iterations, completed=first)

    def on_train_start(self, *args) -> None:
        """Shows the bar."""
        self.display.start()

    def on_train_batch_end(self, trainer: Trainer, module: Module, *args) -> None:
        """Moves the bar on."""
        # A new dictionary, since another thread may be reading the old one.
        self.display.figures = self.display.figures | module.row
        self.display.advance(self.task)

    def on_train_end(self, *args) -> None:
        """Leaves the bar as it is."""
        self.display.stop()

    def on_exception(self, *args) -> None:
        """Leaves the bar as it is."""
        self.display.stop()


class Display(progress.Progress):
    """Rich's progress bar with the time left and the rate, and below it the latest figures.

    It is written anew four times a second, by a thread of its own: an iteration formats nothing.

    Args:
        per_iteration: What an iteration works through: how many, of what.
    """

    def __init__(self, per_iteration: tuple[int, str]):
        self.figures: dict[str, float] = {}  # first of all: rich draws in its constructor
        super().__init__(
            progress.BarColumn(bar_width=30),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            Rate(*per_iteration),
            refresh_per_second=4,
        )

    def get_renderables(self) -> Iterator[RenderableType]:
        """The bar, and a line of figures; the iteration stands in the bar."""
        yield self.make_tasks_table(self.tasks)
        shown = [f"{k} {v:.3g}" for k, v in self.figures.items() if k != "iteration"]
        yield Text("  ".join(shown), no_wrap=True, overflow="ellipsis")


class Rate(progress.ProgressColumn):
    """How much is worked through in a second."""

    def __init__(self, size: int, unit: str):
        super().__init__()
        self.size, self.unit = size, unit

    def render(self, task: progress.Task) -> Text:
        """Nothing before the second iteration, since one alone has no rate."""
        speed = task.finished_speed or task.speed
        if speed is None:
            return Text()
        rate = speed * self.size
        return Text(f"{rate:,.0f} {self.unit}/s" if rate >= 10 else f"{rate:.2g} {self.unit}/s")
