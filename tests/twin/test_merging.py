"""Merging: one order for all streams, whatever one step takes of each."""

from hypothesis import given
from hypothesis import strategies as st

from highwall.telemetry.messages import Kind
from highwall.twin.merging import merge
from highwall.twin.sql.journal import Entry

_S = 1_000_000


def _entries(stream: int, came: list[int]) -> list[Entry]:
    return [Entry(stream, n, n, n, Kind.READINGS, b"", at) for n, at in enumerate(came, start=1)]


@given(
    st.dictionaries(st.integers(1, 3), st.lists(st.integers(0, 50), max_size=8), min_size=1), st.integers(1, 4)
)  # fmt: skip
def test_small_steps_take_rows_in_the_order_of_one_large_step(came: dict[int, list[int]], limit: int) -> None:
    streams = {stream: _entries(stream, times) for stream, times in came.items()}
    whole = merge(streams, full=(), clock_us=0, now_us=100, settle_us=0).rows
    taken, clock = [], 0
    while any(streams.values()):
        heads = {stream: entries[:limit] for stream, entries in streams.items()}
        full = [stream for stream, entries in streams.items() if len(entries) > limit]
        step = merge(heads, full=full, clock_us=clock, now_us=100, settle_us=0)
        assert step.rows  # each step goes on
        taken += step.rows
        clock = max(clock, *(row.at_us for row in step.rows))
        done = {(row.stream_id, row.first) for row in step.rows}
        streams = {s: [one for one in entries if (s, one.first) not in done] for s, entries in streams.items()}
    assert [(row.at_us, row.stream_id, row.first) for row in taken] == [
        (row.at_us, row.stream_id, row.first) for row in whole
    ]


def test_a_row_waits_for_the_one_before_it_and_for_the_moment_to_settle() -> None:
    rows = merge({1: _entries(1, [30, 10])}, full=(), clock_us=0, now_us=40, settle_us=5).rows
    assert [row.at_us for row in rows] == [30, 30]
    assert merge({1: _entries(1, [36])}, full=(), clock_us=0, now_us=40, settle_us=5).rows == []


def test_after_the_clock_was_set_back_rows_come_at_the_worlds_time() -> None:
    """The world has come to 1000 s; the clock says 40 s, and a moment of 5 s has yet to settle."""
    world, now, settle = 1000 * _S, 40 * _S, 5 * _S
    streams = {1: _entries(1, [1020 * _S, 30 * _S, 36 * _S]), 2: _entries(2, [33 * _S])}
    merged = merge(streams, full=(), clock_us=world, now_us=now, settle_us=settle)
    assert [row[:3] for row in merged.rows] == [(world, 1, 1), (world, 1, 2), (world, 2, 1)]
    assert (merged.horizon_us, merged.is_cut) == (world, False)
    streams[1] = streams[1][:2]
    cut = merge(streams, full=[1], clock_us=world, now_us=now, settle_us=settle)
    assert ([row.stream_id for row in cut.rows], cut.is_cut) == ([1, 1], True)


def test_a_row_from_a_clock_that_was_set_back_does_not_hold_up_its_stream() -> None:
    ahead = merge({1: _entries(1, [10**9])}, full=(), clock_us=0, now_us=100, settle_us=0)
    assert [row.at_us for row in ahead.rows] == [100]
