"""Ctrl-C during training: the first one ends it in order, the second one at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class InterruptRequest:
    """Whether the user has asked for an end."""

    requested: bool = False


class _SecondInterrupt(BaseException):
    """Not a KeyboardInterrupt, because Lightning turns that into an exit of the whole program."""


@contextmanager
def deferred_interrupt() -> Iterator[InterruptRequest]:
    """Turns the first Ctrl-C inside a block into a request, and the second into KeyboardInterrupt.

    Someone else's handler is left alone, and so are threads, which get no signals.

    Example:
        >>> with deferred_interrupt() as interrupt:
        ...     signal.raise_signal(signal.SIGINT)
        ...     interrupt.requested
        True
    """
    request = InterruptRequest()

    def handle(number, frame):
        if request.requested:
            raise _SecondInterrupt
        request.requested = True

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield request
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield request
    except _SecondInterrupt:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
