"""An acknowledgement that is owed by several handlers: it is given when all of them have."""

import threading
from collections.abc import Callable


class Owed:
    """How many handlers have not acknowledged a message yet."""

    def __init__(self, n: int, then: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._n = n
        self._then = then

    def once(self) -> Callable[[], None]:
        """Give one handler's acknowledgement, which counts once."""
        is_given = False

        def acknowledge() -> None:
            nonlocal is_given
            with self._lock:
                self._n -= not is_given
                is_last = not is_given and self._n == 0
                is_given = True
            if is_last:
                self._then()

        return acknowledge
