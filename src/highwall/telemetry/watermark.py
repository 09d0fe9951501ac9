"""Which numbers of a sequence are there: intervals, their gaps, and the unbroken run that is the watermark."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from highwall.core.errors import InputError


class Interval(NamedTuple):
    """Numbers that follow one another; both ends belong to it."""

    first: int
    last: int

    @property
    def n(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


class Ranges:
    """Immutable set of sequence numbers from 1, kept as intervals that neither touch nor overlap.

    Adding costs time in the number of gaps, not of numbers: a sequence without gaps is one interval for ever.
    """

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: tuple[int, ...] = ()
        self._lasts: tuple[int, ...] = ()
        for first, last in sorted(intervals):
            self._firsts, self._lasts = self._with(first, last)

    @classmethod
    def upto(cls, last: int) -> "Ranges":
        """All numbers from 1 to ``last``; none for 0."""
        return cls([(1, last)] if last else [])

    def add(self, first: int, last: int) -> "Ranges":
        """Give the set with the numbers from ``first`` to ``last`` as well.

        Raises
        ------
        InputError
            The interval is empty or begins below 1.
        """
        more = Ranges()
        more._firsts, more._lasts = self._with(first, last)
        return more

    @property
    def unbroken(self) -> int:
        """Last number of the run from 1 without a gap; 0: number 1 is missing."""
        return self._lasts[0] if self._firsts and self._firsts[0] == 1 else 0

    @property
    def highest(self) -> int:
        """Greatest number there is; 0: none."""
        return self._lasts[-1] if self._lasts else 0

    @property
    def n(self) -> int:
        """How many numbers there are."""
        return sum(interval.n for interval in self)

    def covered(self, first: int, last: int) -> bool:
        """Whether every number from ``first`` to ``last`` is there."""
        return not self.missing(first, last)

    def missing(self, first: int, last: int) -> list[Interval]:
        """Those from ``first`` to ``last`` that are not there: what is new in a message that overlaps others."""
        _check(first, last)
        found = []
        start = bisect_left(self._lasts, first)
        for there in list(self)[start:]:
            if there.first > last:
                break
            if there.first > first:
                found.append(Interval(first, there.first - 1))
            first = there.last + 1
        return [*found, Interval(first, last)] if first <= last else found

    def gaps(self, upto: int | None = None) -> list[Interval]:
        """Every gap from 1 to ``upto``; by default to the highest number there is."""
        last = self.highest if upto is None else upto
        return self.missing(1, last) if last else []

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[Interval]:
        return map(Interval, self._firsts, self._lasts)

    def __len__(self) -> int:
        """How many intervals (:attr:`n` is how many numbers)."""
        return len(self._firsts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and (self._firsts, self._lasts) == (other._firsts, other._lasts)

    def __hash__(self) -> int:
        return hash((self._firsts, self._lasts))

    def __repr__(self) -> str:
        return f"Ranges({[tuple(interval) for interval in self]})"

    def _with(self, first: int, last: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        _check(first, last)
        start = bisect_left(self._lasts, first - 1)  # the first interval that touches or overlaps from below
        stop = bisect_right(self._firsts, last + 1)  # after the last one that touches or overlaps from above
        if start < stop:
            first, last = min(first, self._firsts[start]), max(last, self._lasts[stop - 1])
        firsts = (*self._firsts[:start], first, *self._firsts[stop:])
        return firsts, (*self._lasts[:start], last, *self._lasts[stop:])


def _check(first: int, last: int) -> None:
    if not 1 <= first <= last:
        raise InputError(f"numbers from {first} to {last}: a sequence counts up from 1, first to last.")
