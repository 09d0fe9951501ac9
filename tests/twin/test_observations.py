"""Readings: each once, by month, with the latest beside them; pages and courses that do not depend on the order."""

import random
from datetime import UTC, datetime

import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.twin.sql import observations
from highwall.twin.sql.database import Database
from highwall.twin.sql.observations import Place, Row, as_stored
from highwall.twin.sql.series import series

DAY = 86_400_000_000
HOUR = DAY // 24


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


START = at("2026-10-30")


def row(number: int, *, time_us: int, stream: int = 1, one: int = 7, value: float | None = None, flag: int = 1) -> Row:
    return Row(one, time_us, stream, number, float(number) if value is None else value, None, flag, time_us + 5)


def hourly(n: int) -> list[Row]:
    return [row(k, time_us=START + k * HOUR) for k in range(n)]


def insert(database: Database, rows: list[Row]) -> None:
    with database.begin() as connection:
        observations.insert_readings(connection, rows)


def test_readings_stand_by_month_each_once(databases: Database) -> None:
    rows = hourly(100)
    insert(databases, rows[:60])
    insert(databases, rows[40:])
    with databases.read() as connection:
        assert observations.months(connection) == ["2026_10", "2026_11"]
        assert observations.count(connection) == 100
        assert list(observations.rows_of_month(connection, "2026_10")) == rows[:48]
        assert observations.page(connection, 7, from_us=START, to_us=START + 10 * DAY) == rows


def test_two_loads_in_one_transaction_do_not_mix(databases: Database) -> None:
    rows = hourly(20)
    with databases.begin() as connection:
        observations.insert_readings(connection, rows[:10])
        observations.insert_readings(connection, [*rows[5:], row(19, time_us=START + 19 * HOUR, one=8)])
    with databases.read() as connection:
        assert observations.count(connection) == 21
        assert set(observations.latest(connection, [7, 8])) == {7, 8}


@pytest.mark.parametrize("is_newest_first", [False, True])
def test_pages_follow_one_another_across_months(databases: Database, is_newest_first: bool) -> None:
    rows = [*hourly(70), *(row(k, time_us=START + 50 * HOUR, stream=2) for k in range(6))]
    insert(databases, random.Random(1).sample(rows, len(rows)))
    found: list[Row] = []
    after = None
    with databases.read() as connection:
        while part := observations.page(
            connection, 7, from_us=START, to_us=START + 9 * DAY, after=after, limit=7, is_newest_first=is_newest_first
        ):
            found += part
            after = Place(*part[-1][1:4])
    assert found == sorted(rows, key=lambda one: one[1:4], reverse=is_newest_first)


def test_the_latest_does_not_depend_on_the_order(databases: Database) -> None:
    rows = [*hourly(30), row(3, time_us=START + 29 * HOUR, stream=2), row(1, time_us=START, one=8)]
    shuffled = random.Random(2).sample(rows, len(rows))
    for start in range(0, len(shuffled), 4):
        insert(databases, shuffled[start : start + 4])
    with databases.read() as connection:
        assert observations.latest(connection, [7, 8, 9]) == {7: rows[30], 8: rows[31]}


def test_a_wrong_clock_makes_no_month_and_no_latest(databases: Database) -> None:
    good = row(1, time_us=START)
    strays = [row(2, time_us=0)._replace(result_us=START), row(3, time_us=at("2093-01-01"))._replace(result_us=START)]
    insert(databases, [*strays, good])
    with databases.read() as connection:
        assert observations.months(connection) == ["2026_10", "stray"]
        assert observations.latest(connection, [7]) == {7: good}
        assert observations.page(connection, 7, from_us=0, to_us=at("2100-01-01")) == [strays[0], good, strays[1]]


def test_old_months_go_whole(databases: Database) -> None:
    insert(databases, [*hourly(100), row(2, time_us=0)._replace(result_us=START)])
    with databases.begin() as connection:
        assert observations.drop_before(connection, at("2026-10-31")) == []
        assert observations.drop_before(connection, at("2026-11-02")) == ["2026_10"]
        assert observations.count(connection) == 52
    insert(databases, hourly(1))
    with databases.begin() as connection:
        assert observations.count(connection) == 53
        observations.forget(connection)
        assert observations.months(connection) == []
        assert observations.latest(connection, [7]) == {}


def test_few_readings_are_shown_as_they_are(databases: Database) -> None:
    insert(databases, [*hourly(20), row(20, time_us=START + 20 * HOUR)._replace(value=None, flag=9)])
    with databases.read() as connection:
        shown = series(connection, 7, from_us=START, to_us=START + 21 * HOUR, points=21)
        nothing = series(connection, 8, from_us=0, to_us=1)
    assert not shown.is_decimated
    np.testing.assert_array_equal(shown.low, [*range(20), np.nan])
    np.testing.assert_array_equal(shown.flag, [1] * 20 + [9])
    assert nothing.phenomenon_us.size == 0


def test_many_readings_keep_their_extremes_and_worst_flags(databases: Database) -> None:
    rng = random.Random(3)
    rows = [
        row(k, time_us=START + k * HOUR, value=rng.uniform(-5, 5), flag=rng.choice([1, 1, 1, 3, 4])) for k in range(480)
    ]
    insert(databases, rows)
    with databases.read() as connection:
        shown = series(connection, 7, from_us=START, to_us=START + 480 * HOUR, points=20)
    spans = [rows[k : k + 24] for k in range(0, 480, 24)]
    assert shown.is_decimated
    np.testing.assert_array_equal(shown.phenomenon_us, [span[0].phenomenon_us for span in spans])
    np.testing.assert_array_equal(shown.low, [min(one.value or 0 for one in span) for span in spans])
    np.testing.assert_array_equal(shown.high, [max(one.value or 0 for one in span) for span in spans])
    np.testing.assert_array_equal(shown.flag, [max(one.flag for one in span) for span in spans])


def test_a_missing_value_is_not_worse_than_a_failed_one(databases: Database) -> None:
    rows = [*hourly(10), row(10, time_us=START + 10 * HOUR)._replace(value=None, flag=9)]
    insert(databases, [one._replace(flag=4) if one.number == 3 else one for one in rows])
    with databases.read() as connection:
        assert list(series(connection, 7, from_us=START, to_us=START + 11 * HOUR, points=1).flag) == [4]


def test_a_course_needs_a_span(databases: Database) -> None:
    with databases.read() as connection, pytest.raises(InputError, match="give 1 to 5000"):
        series(connection, 7, from_us=5, to_us=5)


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        (1.5, (1.5, None)), (None, (None, None)), (True, (1.0, None)), ("open\x00", (None, "open\ufffd")),
        ([3.0, 4.0], (5.0, "[3.0,4.0]")), ([1e200, 0.0, 0.0], (1e200, "[1e200,0.0,0.0]")),
        ([1.7e308, 1.7e308], (None, "[1.7e308,1.7e308]")), (float("inf"), (None, None)),
    ],
)  # fmt: skip
def test_results_of_every_kind(result: object, stored: tuple[float | None, str | None]) -> None:
    assert as_stored(result) == stored  # type: ignore[arg-type]
