import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from highwall.classification.crack_windows import windows as learned
from highwall.telemetry.live_windows import HOUR_US, Record, due, take, window_of
from highwall.telemetry.window_options import CHANNELS, CrackPlace, WindowOptions

OPTIONS = WindowOptions(n_hours=24, least_share=0.5, settle_s=120.0)
FIRST = 480_000
"""Number of an hour, of October 2024."""


def readings(n_hours: int, *, a_hour: int = 4) -> list[tuple[int, int, float]]:
    """Every channel, several times an hour: its number and the hour make the value."""
    step_us = HOUR_US // a_hour
    return [
        ((FIRST + hour) * HOUR_US + i * step_us, channel, channel * 100.0 + hour + i / 4.0)
        for hour in range(n_hours)
        for i in range(a_hour)
        for channel in range(len(CHANNELS))
    ]


def taken(some, record: Record | None = None) -> Record:
    record = record or Record()
    for at_us, channel, value in some:
        record = take(record, at_us, channel, value, options=OPTIONS)
    return record


def at(hour: float) -> int:
    return round((FIRST + hour) * HOUR_US)


def test_the_channels_are_those_that_classifiers_learned():
    assert CHANNELS == learned.CHANNELS
    assert HOUR_US == learned.STEP_S * 1e6


def test_an_hour_is_the_mean_of_its_readings():
    window = window_of(taken(readings(24)).hours, FIRST + 23, options=OPTIONS)
    expected = np.arange(24)[:, None] + np.arange(4) * 100.0 + 0.375
    np.testing.assert_allclose(window.values, expected)
    assert window.values.dtype == np.float32
    assert window.end_us == at(24)


def test_a_window_is_given_once_an_hour_when_late_readings_have_had_their_time():
    record = taken(readings(24))
    assert due(record, at(24) + 119_000_000, options=OPTIONS).windows[-1].end_us == at(23)
    record, windows = due(record, at(24) + 120_000_000, options=OPTIONS)
    assert windows[-1].end_us == at(24)
    assert due(record, at(24.9), options=OPTIONS).windows == ()
    record = taken(readings(30)[24 * 16 :], record)
    record, windows = due(record, at(30.5), options=OPTIONS)
    assert [window.end_us for window in windows] == [at(28), at(29), at(30)]


def test_the_whole_window_is_there_however_long_late_readings_are_waited_for():
    patient, record = OPTIONS.model_copy(update={"settle_s": 3600.0}), Record()
    for hour in range(30):
        for at_us, channel, value in readings(30)[hour * 16 : (hour + 1) * 16]:
            record = take(record, at_us, channel, value, options=patient)
        record, windows = due(record, at(hour + 0.9), options=patient)
        if hour >= 26:
            assert [window.end_us for window in windows] == [at(hour - 1)]
            assert np.isfinite(windows[0].values).all()


def test_much_at_once_gives_no_window_of_what_is_forgotten():
    _, windows = due(taken(readings(100, a_hour=1)), at(100.5), options=OPTIONS)
    assert [window.end_us for window in windows] == [at(98), at(99), at(100)]
    assert all(np.isfinite(window.values).all() for window in windows)


def test_too_few_readings_of_the_ground_give_no_window():
    record = taken(readings(11))
    assert due(record, at(24.5), options=OPTIONS).windows == ()
    assert due(taken(readings(12)), at(24.5), options=OPTIONS).windows[-1].end_us == at(24)
    warm = taken([each for each in readings(24) if each[1] == CHANNELS.index("temperature")])
    assert due(warm, at(24.5), options=OPTIONS).windows == ()


def test_missing_channels_and_hours_are_missing():
    some = [each for each in readings(24) if each[1] != 2 and each[0] < at(20)]
    values = window_of(taken(some).hours, FIRST + 23, options=OPTIONS).values
    assert np.isnan(values[:, 2]).all()
    assert np.isnan(values[20:]).all()
    assert np.isfinite(values[:20, [0, 1, 3]]).all()


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_the_order_of_readings_does_not_matter(random):
    some = readings(24)
    expected = window_of(taken(some).hours, FIRST + 23, options=OPTIONS).values
    random.shuffle(some)
    np.testing.assert_allclose(window_of(taken(some).hours, FIRST + 23, options=OPTIONS).values, expected, rtol=1e-6)


def test_memory_stays_bounded_and_what_is_no_number_is_left_out():
    record = taken(readings(200, a_hour=1))
    assert len(record.hours) == OPTIONS.n_hours + 2
    old = take(record, at(0), 0, 5.0, options=OPTIONS)
    assert old == record
    assert take(record, at(199), 0, float("nan"), options=OPTIONS) == record


def test_a_record_survives_being_stored():
    record = taken(readings(30, a_hour=1))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Record) == record


def test_a_place_feels_something():
    place = CrackPlace(thing="crack-1", opening="kl-1/crack_width", temperature="kl-1/temperature")
    assert place.streams() == {"kl-1/crack_width": 1, "kl-1/temperature": 3}
    with pytest.raises(ValidationError, match="temperature alone"):
        CrackPlace(thing="crack-1", temperature="kl-1/temperature")
