"""Rows of the journal that cannot be taken, for a reason that nobody foresaw: they are found, and left out.

A step that fails has changed the world by half, and begins again from the store. If it failed while a row was taken,
that row is left out; if it failed later, fewer rows are taken at once until one alone fails, and again without company.
A row is set aside only when the step succeeds without it: what ails the store, an act or time itself blames no row,
and stops the engine as it should. Nothing of this is remembered: whoever works the past out again tries every row.
"""

import logging
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import StatementError

from highwall.core.errors import HighwallError
from highwall.twin.changes import Source
from highwall.twin.intake import take
from highwall.twin.merging import Merged, Timed
from highwall.twin.sql.journal import Entry
from highwall.twin.world import World

_LOG: Final = logging.getLogger(__name__)
_MOST_TRIES: Final = 24
"""After so many failures in a row the step is given up, so that others hear of it; the next one goes on with them."""
_MOST_SAID: Final = 300
"""Characters of a reason."""


class Refusals:
    """What is left out of the step under way, and how much it takes."""

    def __init__(self, troubles: tuple[type[Exception], ...]) -> None:
        """Begin with every row welcome.

        Parameters
        ----------
        troubles
            Errors that no row is to blame for.
        """
        self._troubles = (*troubles, HighwallError, MemoryError)
        self._reasons: dict[tuple[int, int], str] = {}
        """By stream and first number, why a row is left out."""
        self._most: int | None = None
        """Rows that are taken at once; None: as many as wait."""
        self._rows: Sequence[Timed] = ()
        """Of the step under way."""
        self._at: Entry | None = None
        """Row that is being taken."""
        self._n_tries = 0

    def first_of(self, merged: Merged) -> Merged:
        """Give as many rows as may be taken at once."""
        if self._most is not None and len(merged.rows) > self._most:
            merged = Merged(merged.rows[: self._most], merged.rows[self._most - 1].at_us, True)
        self._rows = merged.rows
        return merged

    def take(self, world: World, source: Source, entry: Entry) -> list[str]:
        """Take a row to the world unless it is left out, and give the reasons why not all of it could be used."""
        reason = self._reasons.get(_key(entry))
        if reason is not None:
            return [reason]
        self._at = entry
        reasons = take(world, source, entry)
        self._at = None
        return reasons

    def done(self) -> None:
        """Note that the step was written down: the next takes all that waits."""
        for row in self._rows:
            self._reasons.pop(_key(row.entry), None)
        self._rows, self._most, self._n_tries = (), None, 0

    def has_learned(self, error: BaseException) -> bool:
        """Learn from a step that failed; says whether it is worth trying again, from the store."""
        rows, at, self._rows, self._at = self._rows, self._at, (), None
        self._n_tries += 1
        is_rows = isinstance(error, Exception) and not isinstance(error, self._troubles)
        if is_rows and self._n_tries <= _MOST_TRIES and self._blames(rows, at, error):
            return True
        self._n_tries = 0
        return False

    def _blames(self, rows: Sequence[Timed], at: Entry | None, error: BaseException) -> bool:
        """Leave a row out, or take fewer next time; says whether a row may be to blame."""
        if at is not None:
            self._leave_out(at, error)
            self._most = max(1, [_key(row.entry) for row in rows].index(_key(at)))
            return True
        fresh = [row.entry for row in rows if _key(row.entry) not in self._reasons]
        if not fresh:  # it fails without them too
            self._reasons.clear()
            return False
        if self._most == 1:
            self._leave_out(fresh[0], error)
        else:
            self._most = max(1, len(rows) // 2)
        return True

    def _leave_out(self, entry: Entry, error: BaseException) -> None:
        cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
        said = f"the engine cannot take it: {type(cause).__name__}: {cause}"
        self._reasons[_key(entry)] = said[:_MOST_SAID]
        _LOG.error("a message is left out for a defect: %s", said[:_MOST_SAID], exc_info=error)


def _key(entry: Entry) -> tuple[int, int]:
    return entry.stream_id, entry.first
