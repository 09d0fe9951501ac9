"""The threads of a server: one works the journal out and tells it, the others keep house."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from highwall.core.errors import HighwallError

_LOG: Final = logging.getLogger("highwall.serve")
_RETRY_S: Final = 1.0


class Repeated:
    """Does something again and again on a thread of its own, until it is closed; a failure is told and tried again."""

    def __init__(self, name: str, work: Callable[[], bool], *, every_s: float) -> None:
        """Prepare; :meth:`start` begins.

        Parameters
        ----------
        work
            Says whether more waits, so that it is called again at once.
        every_s
            Pause when nothing waits [s].
        """
        self._name, self._work, self._every_s = name, work, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"highwall-{name}", daemon=True)
        self.trouble = ""
        """Why it fails at present; empty: it does not."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End after the round that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            pause_s = self._every_s
            try:
                pause_s = 0.0 if self._work() else pause_s
                self.trouble = ""
            except (HighwallError, SQLAlchemyError, OSError) as error:
                self._tell(error)
                pause_s = max(_RETRY_S, pause_s)
            except Exception as error:  # a defect of ours: the twin must go on watching, and the log tells where it is
                if str(error) != self.trouble:
                    _LOG.exception("%s met a defect, and is tried again", self._name)
                self.trouble = str(error)
                pause_s = max(_RETRY_S, pause_s)
            self._stop.wait(pause_s)

    def _tell(self, error: Exception) -> None:
        """Tell a failure once, not each time that it comes again."""
        if str(error) != self.trouble:
            self.trouble = str(error)
            _LOG.error("%s failed, and is tried again: %s", self._name, error)
