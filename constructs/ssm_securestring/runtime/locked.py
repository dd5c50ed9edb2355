"""Something that is made once, when it is first needed, however many threads need it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Makes something once. A failure is not kept: the next one who needs it tries again.

    Args:
        make: Makes it.

    Attributes:
        made: It, or ``None`` if it was not needed yet.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        """Make nothing yet."""
        self._make = make
        self._lock = threading.Lock()
        self.made: T | None = None

    def get(self) -> T:
        """Return it."""
        if self.made is None:
            with self._lock:
                if self.made is None:
                    self.made = self._make()
        return self.made

    def reset_lock(self) -> None:
        """Replace the lock: another thread of the process we were forked from may have held it."""
        self._lock = threading.Lock()
