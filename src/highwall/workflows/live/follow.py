"""What other processes changed in the store, told to those who watch this one: by the change log, four times a second.

The process of the engine tells its own steps at once and follows the pages of others; a process that serves pages alone
follows everything. Nothing but the store lies between them, so that it is the same for SQLite and PostgreSQL.
"""

from collections.abc import Callable
from typing import Final

from highwall.twin.sql import changelog
from highwall.web.live import Change, Topic
from highwall.web.services import Services
from highwall.workflows.live.telling import Teller

EVERY_S: Final = 0.25


class Follower:
    """Follows the change log from everything on."""

    def __init__(self, services: Services, telling: Teller, *, tell: Callable[[list[Change]], None]) -> None:
        self._services, self._telling, self._tell = services, telling, tell
        self._database = services.database
        self._number = self._asked_us = 0

    def tell_everything(self, *, is_rebuilt: bool = False) -> None:
        """Tell all that there is, as at the start, and follow from here.

        Parameters
        ----------
        is_rebuilt
            Whether what came long ago may be otherwise, too.
        """
        at_us = self._services.clock_us()
        lasting = [int(key) for key in self._services.hub.lasting(Topic.ALARMS)]  # first: the store knows all of them
        with self._database.read() as store:
            number = changelog.last_number(store)  # first: what comes meanwhile is told twice, and never missed
            changes = self._telling.everything(store, now_us=at_us)
            if self._asked_us:  # told before: what has ended since must be told, too
                since_us = 0 if is_rebuilt else self._asked_us - changelog.KEPT_US // 2  # clocks of machines differ
                changes += self._telling.missed(store, lasting=lasting, since_us=since_us, now_us=at_us)
        self._number, self._asked_us = number, at_us
        self._tell(changes)

    def follow(self) -> bool:
        """Tell what others changed since; everything, where the log may have been cut since."""
        at_us = self._services.clock_us()
        if at_us - self._asked_us > changelog.KEPT_US // 2:
            self.tell_everything()
            return False
        with self._database.read() as store:
            told = changelog.since(store, self._number, writer=self._database.writer)
            changes = self._telling.of_others(store, told.touched, now_us=at_us) if told.touched else []
        if told.is_everything:
            self.tell_everything(is_rebuilt=True)
            return False
        self._number, self._asked_us = told.number, at_us
        if changes:
            self._tell(changes)
        return False
