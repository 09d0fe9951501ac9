import numpy as np

from highwall.classification.crack_windows.options import SensorSimulationOptions
from highwall.classification.crack_windows.simulate import (
    air_temperature,
    crack_signal,
    simulated_record,
    simulated_windows,
)

SMALL = SensorSimulationOptions(n_sites=3, n_sensors=4, n_days=12, window_hours=48)


def test_windows_of_a_site_carry_its_name_and_both_labels_occur():
    windows = simulated_windows(SMALL)
    assert windows.values.shape == (3 * 4 * 6, 48, 4)
    assert windows.values.dtype == np.float32
    assert set(windows.site) == {"simulated-001", "simulated-002", "simulated-003"}
    assert 0 < windows.opens.sum() <= windows.is_crack.sum() < len(windows.is_crack)
    assert not (windows.opens & ~windows.is_crack).any()


def test_the_same_seed_gives_the_same_records():
    first, again = simulated_windows(SMALL), simulated_windows(SMALL)
    np.testing.assert_array_equal(first.values, again.values)
    other = simulated_windows(SMALL.model_copy(update={"seed": 1}))
    assert not np.array_equal(first.values, other.values, equal_nan=True)


def test_units_are_those_of_the_table():
    """Strain below a thousandth, opening below some centimetres, kelvin."""
    values = simulated_windows(SMALL).values
    largest = np.nanmax(np.abs(values - np.nanmedian(values, axis=1, keepdims=True)), axis=(0, 1))
    assert (largest[:3] < [3e-3, 5e-2, 1e-2]).all()
    assert 230 < np.nanmedian(values[..., 3]) < 320


def test_a_crack_drops_the_strain_opens_and_grows():
    age = np.arange(-100.0, 200.0)
    strain, opening, _ = crack_signal(np.random.default_rng(0), age, warmth=np.zeros(300)).T
    assert (np.diff(strain[:100]) > 0).all()  # tension builds up
    assert strain[100] < 0 < strain[99]
    assert (opening[:100] == 0).all()
    assert opening[100] > 0
    assert (np.diff(opening[100:]) > 0).all()


def test_warmth_closes_an_open_crack():
    random = np.random.default_rng(1)
    age = np.full(50, 10.0)
    warmth = np.linspace(-5.0, 5.0, 50)
    assert (np.diff(crack_signal(random, age, warmth=warmth)[:, 1]) < 0).all()


def test_gaps_are_missing_readings_and_a_sound_sensor_has_no_crack():
    random = np.random.default_rng(2)
    records = [simulated_record(random, air_temperature(random, 480), has_crack=False) for _ in range(20)]
    assert all(np.isinf(record.crack_hour) for record in records)
    missing = np.mean([np.isnan(record.series).mean() for record in records])
    assert 0.005 < missing < 0.2
