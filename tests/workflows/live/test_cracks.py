import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from highwall.classification.crack_windows.boosting import fit_boosting
from highwall.classification.crack_windows.classifier import CrackWindowClassifier
from highwall.classification.crack_windows.options import BoostingOptions, SensorSimulationOptions
from highwall.classification.crack_windows.simulate import air_temperature, simulated_record, simulated_windows
from highwall.core.errors import ConfigError, InputError, MissingInputError
from highwall.telemetry.live_windows import HOUR_US
from highwall.telemetry.messages import Reading, decoded
from highwall.telemetry.window_options import CHANNELS, CrackPlace, WindowOptions
from highwall.twin.sql import datastreams, history, journal, observations, schema
from highwall.twin.sql.database import Database, open_database
from highwall.workflows.live.crack_history import KnownPlace, KnownPlaces, cut_history, read_places
from highwall.workflows.live.cracks import GATEWAY, WatchedPlaces, tell_cracks
from highwall.workflows.training.crack_windows import read_windows

SITE = "copper-hill"
FIRST = 480_000
"""2024-10-04T00:00:00Z, in hours since 1970."""
N_HOURS = 48
PLACE = CrackPlace(
    thing="crack-1", strain="s-1/strain", opening="k-1/crack_width", tilt="t-1/tilt", temperature="k-1/temperature"
)
PLACES = """
places:
  - {thing: crack-1, site: north, strain: s-1/strain, opening: k-1/crack_width, tilt: t-1/tilt,
     temperature: k-1/temperature, opened: 2024-10-10T00:00:00Z}
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    windows = simulated_windows(SensorSimulationOptions(n_sites=6, n_sensors=6, n_days=16, window_hours=N_HOURS))
    path = tmp_path_factory.mktemp("weights") / "boosting.onnx"
    fit_boosting(windows.with_readings(), path, training_data="simulated", options=BoostingOptions(n_trees=30))
    return path


@pytest.fixture(scope="module")
def classifier(weights) -> CrackWindowClassifier:
    return CrackWindowClassifier.open(weights)


@pytest.fixture
def database(tmp_path) -> Database:
    opened = open_database(f"sqlite:///{tmp_path / 'twin.db'}")
    schema.prepare(opened, now_us=0)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    """(hour, channel): a simulated record with a crack."""
    random = np.random.default_rng(5)
    return simulated_record(random, air_temperature(random, 24 * 16), has_crack=True).series.astype(np.float32)


def keep(database: Database, series: np.ndarray, *, flag: int = 1, first: int = 0) -> None:
    """Store a record as the engine would, one reading an hour and channel."""
    with database.begin() as connection:
        ids = datastreams.datastream_ids(connection, PLACE.streams())
        rows = [
            observations.Row(
                ids[stream], at(first + hour) + 60_000_000, 1, hour, float(values[channel]), None, flag, at(hour)
            )
            for hour, values in enumerate(series)
            for stream, channel in PLACE.streams().items()
            if np.isfinite(values[channel])
        ]
        observations.insert_readings(connection, rows)


def at(hour: float) -> int:
    return round((FIRST + hour) * HOUR_US)


def said(database: Database) -> list[Reading]:
    with database.read() as connection:
        (stream,) = journal.streams(connection, GATEWAY)
        entries = journal.read_stream(connection, stream.stream_id, after=0, upto=stream.watermark)
        return [reading for entry in entries for reading in decoded(entry.payload, list[Reading])]


def test_hour_by_hour_is_what_the_classifier_says_of_the_same_windows(database, classifier, series):
    keep(database, series)
    for hour in range(N_HOURS, N_HOURS + 30):
        tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(hour + 0.5))
    expected = classifier.probability(np.stack([series[end - N_HOURS : end] for end in range(N_HOURS, N_HOURS + 30)]))
    found = said(database)
    assert [reading.phenomenon_us for reading in found] == [at(hour) for hour in range(N_HOURS, N_HOURS + 30)]
    assert {reading.datastream for reading in found} == {"crack-1/crack_probability"}
    np.testing.assert_allclose([reading.result for reading in found], expected, atol=1e-6)


def test_hours_are_told_once_and_caught_up_with(database, classifier, series):
    keep(database, series)
    assert tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(60.5)) == 1
    assert tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(60.9)) == 0
    assert tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(65.5)) == 5
    assert [reading.phenomenon_us for reading in said(database)] == [at(hour) for hour in range(60, 66)]
    assert tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(200.5)) == 48


def test_hours_without_readings_are_told_as_missing(database, classifier, series):
    keep(database, series[:60])
    tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(60.5))
    for hour in range(90, 60 + 2 * N_HOURS, 30):
        tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(hour + 0.5))
    results = [reading.result for reading in said(database)]
    assert results[0] is not None
    assert results[-1] is None


def test_readings_that_failed_do_not_count(database, classifier, series):
    keep(database, series, flag=4)
    tell_cracks(database, classifier, [PLACE], site=SITE, now_us=at(60.5))
    assert [reading.result for reading in said(database)] == [None]


def test_history_becomes_windows_that_can_be_trained_on(database, series, tmp_path):
    keep(database, series)
    with database.read() as connection:
        history.export_month(connection, "2024_10", folder=tmp_path / "history")
    (tmp_path / "places.yaml").write_text(PLACES)
    known = read_places(tmp_path / "places.yaml", of=KnownPlaces).places
    cut = cut_history(tmp_path / "history", known, tmp_path / "w.npz", options=WindowOptions(n_hours=N_HOURS))
    windows = read_windows(cut.path)
    assert cut.n_windows == len(windows.values) == 8
    np.testing.assert_allclose(windows.values.reshape(-1, len(CHANNELS)), series, atol=1e-7)
    # a crack 144 hours in: window 3 ends then, window 4 is the first that holds it, and it opens within that one
    assert windows.is_crack.tolist() == [False] * 3 + [True] * 5
    assert windows.opens.tolist() == [False] * 3 + [True] + [False] * 4
    assert set(windows.site) == {"north"}


def test_history_without_readings_of_a_place_is_told(database, series, tmp_path):
    keep(database, series)
    with database.read() as connection:
        history.export_month(connection, "2024_10", folder=tmp_path / "history")
    stranger = KnownPlace(thing="x", site="s", strain="nobody/strain")
    with pytest.raises(InputError, match="no window of 96 h"):
        cut_history(tmp_path / "history", [stranger], tmp_path / "w.npz")
    with pytest.raises(MissingInputError, match="export a month"):
        cut_history(tmp_path / "nowhere", [stranger], tmp_path / "w.npz")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("places: [", "is no YAML"),
        ("places: []", "at least 1"),
        (PLACES.replace("T00:00:00Z", "T00:00:00"), "with its offset"),
        (PLACES.replace("crack-1", "Crack 1"), "places.0.thing"),
    ],
)
def test_a_faulty_file_of_places_is_refused(tmp_path, text, told):
    (tmp_path / "places.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_places(tmp_path / "places.yaml", of=KnownPlaces)
    with pytest.raises(MissingInputError, match="names places"):
        read_places(tmp_path / "none.yaml", of=WatchedPlaces)


def test_the_verbs(database, weights, series, tmp_path):
    from highwall.cli.sensors import sensors_app

    keep(database, series)
    with database.read() as connection:
        history.export_month(connection, "2024_10", folder=tmp_path / "history")
    places, out = tmp_path / "places.yaml", tmp_path / "w.npz"
    places.write_text(PLACES)
    runner = CliRunner()
    cut = runner.invoke(sensors_app, ["windows", str(tmp_path / "history"), "--places", str(places), "--out", str(out)])
    assert "4 windows, 3 with a crack, 0 left out" in cut.output.replace("\n", " ")
    watched = tmp_path / "watched.yaml"
    watched.write_text("places: [{thing: crack-1, opening: k-1/crack_width}]")
    store = f"sqlite:///{tmp_path / 'twin.db'}"
    given = [str(weights), "--places", str(watched), "--store", store, "--site", SITE]
    assert "1 hours of 1 places" in runner.invoke(sensors_app, ["judge", *given]).output
    assert said(database)[0].result is None  # nothing was read in the hours before now


def test_the_first_hour_of_these_tests_is_what_they_say():
    assert dt.datetime.fromtimestamp(FIRST * 3600, dt.UTC) == dt.datetime(2024, 10, 4, tzinfo=dt.UTC)
