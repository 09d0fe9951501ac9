import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

from highwall.core.products import LAYERS
from highwall.insar.options import DecorrelationOptions, QualityOptions
from highwall.insar.quality import FLAGS, MEANINGS, decorrelated, judge_motion

N_PAIRS = 10
GOOD = {
    "n_valid_pairs": 10, "n_components": 1, "temporal_coherence": 0.9, "residual_rms": 0.4, "velocity_std": 0.002,
}  # fmt: skip
NO_DATA = {
    "n_valid_pairs": 0, "n_components": 0, "temporal_coherence": np.nan, "residual_rms": np.nan, "velocity_std": np.nan,
}  # fmt: skip


def line(values):
    return xr.DataArray([values], dims=("y", "x"))


def result(*pixels):
    """Row of pixels, each good but for what is given."""
    return xr.Dataset({name: line([(GOOD | pixel)[name] for pixel in pixels]) for name in GOOD})


def lost(pixels, coherence=None, **options):
    found = decorrelated(
        result(*pixels),
        n_pairs=N_PAIRS,
        coherence=None if coherence is None else line(coherence),
        options=DecorrelationOptions(**options),
    )
    assert found.dtype == bool
    assert found.attrs == LAYERS["decorrelated"].attrs()
    return found.values[0].tolist()


def test_each_reason_alone():
    pixels = [{}, {"n_components": 2}, {"n_valid_pairs": 4}, {}, NO_DATA, NO_DATA]
    coherence = [0.8, 0.8, 0.8, 0.2, 0.6, np.nan]  # the last is outside the footprint
    assert lost(pixels, coherence) == [False, True, True, True, True, False]


def test_thresholds():
    assert lost([{}], [0.8], min_mean_coherence=0.81) == [True]
    assert lost([{"n_valid_pairs": 9}], [0.8], min_valid_share=1.0) == [True]
    assert lost([{"n_valid_pairs": 5}], [0.8], min_valid_share=0.5) == [False]


def test_without_coherence_the_footprint_is_where_a_phase_is():
    assert lost([{}, NO_DATA, {"n_valid_pairs": 1}]) == [False, False, True]


def flags(pixels, **layers):
    given = {name: line(values) if isinstance(values, list) else values for name, values in layers.items()}
    layer = judge_motion(result(*pixels), n_pairs=N_PAIRS, **given)
    assert (layer.dtype, layer.name) == (np.uint16, "insar_quality")
    names = [{name for name, bit in FLAGS.items() if value & bit} for value in layer.values[0].tolist()]
    return names


def test_every_flag_alone():
    pixels = [{}, NO_DATA, {"n_components": 3}, {"n_valid_pairs": 3}, {"temporal_coherence": 0.5},
              {"residual_rms": 2.0}, {"velocity_std": 0.02}, {"velocity_std": np.nan}]  # fmt: skip
    assert flags(pixels) == [
        set(), {"no_data"}, {"split_network"}, {"few_pairs"}, {"low_temporal_coherence"}, {"high_residual"},
        {"uncertain_velocity"}, {"uncertain_velocity"},
    ]  # fmt: skip


def test_flags_of_other_layers():
    found = flags(
        [{}] * 5,
        coherence=[0.8, 0.1, np.nan, 0.8, 0.8],
        share_open=[0.0, np.nan, 0.1, 0.0, 0.0],
        n_repaired=[0, 0, 0, 2, 0],
        is_reference=[False] * 4 + [True],
    )
    assert found == [set(), {"low_coherence"}, {"open_triplets"}, {"repaired"}, {"reference"}]


def test_bounds_are_options():
    strict = QualityOptions(min_temporal_coherence=0.95, max_residual_rad=0.3, max_velocity_std=0.001)
    assert flags([{}], options=strict) == [{"low_temporal_coherence", "high_residual", "uncertain_velocity"}]
    assert flags([{}], share_open=[0.05], options=QualityOptions(max_share_open=0.1)) == [set()]


def test_bits_are_apart_and_each_is_explained():
    assert sum(FLAGS.values()) == np.bitwise_or.reduce(list(FLAGS.values())) < 2**16
    assert FLAGS.keys() == MEANINGS.keys()
    assert "1 no_data" in judge_motion(result({}), n_pairs=N_PAIRS).attrs["flags"]


@pytest.mark.parametrize("judge", [decorrelated, judge_motion])
def test_dask_gives_the_same(judge):
    pixels = result({}, NO_DATA, {"n_components": 2})
    coherence = line([0.8, 0.7, 0.8])
    lazy = judge(pixels.chunk(x=1), n_pairs=N_PAIRS, coherence=coherence.chunk(x=1))
    assert lazy.chunks is not None
    assert_array_equal(lazy.values, judge(pixels, n_pairs=N_PAIRS, coherence=coherence).values)
