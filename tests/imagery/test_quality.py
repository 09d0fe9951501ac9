import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from highwall.imagery.options import QualityOptions
from highwall.imagery.quality import FLAGS, count_flags, evaluable, judge, quality

from .scenes import SIX, spectra

DEFAULT = QualityOptions()
#              B02   B03   B04   B08   B11   B12
SPECTRA = {
    "cloud": (0.55, 0.55, 0.55, 0.60, 0.42, 0.32),
    "thin cloud": (0.34, 0.33, 0.33, 0.42, 0.34, 0.24),
    "snow": (0.80, 0.82, 0.80, 0.75, 0.10, 0.08),
    "forest": (0.03, 0.06, 0.03, 0.35, 0.16, 0.07),
    "pasture": (0.05, 0.09, 0.08, 0.30, 0.24, 0.14),
    "red soil": (0.06, 0.10, 0.18, 0.26, 0.36, 0.30),
    "bright bare soil": (0.22, 0.30, 0.38, 0.45, 0.54, 0.48),
    "white limestone quarry": (0.38, 0.43, 0.47, 0.51, 0.55, 0.48),
    "white marble quarry": (0.50, 0.53, 0.56, 0.58, 0.59, 0.52),
    "haze over forest": (0.17, 0.15, 0.11, 0.30, 0.18, 0.09),
    "dark shadow": (0.012, 0.010, 0.008, 0.030, 0.015, 0.008),
    "shaded slope": (0.030, 0.028, 0.024, 0.050, 0.040, 0.030),
    "deep water": (0.045, 0.035, 0.020, 0.010, 0.005, 0.003),
    "nothing": (np.nan,) * 6,
}  # fmt: skip
EXPECTED = {
    "cloud": "cloud", "thin cloud": "cloud", "snow": "snow", "haze over forest": "haze",
    "dark shadow": "dark", "shaded slope": "dark", "nothing": "nodata",
}  # fmt: skip


def flags_of(name: str) -> set[str]:
    value = int(quality(spectra({name: SPECTRA[name]}), DEFAULT).item())
    return {flag for flag, bit in FLAGS.items() if value & bit}


@pytest.mark.parametrize("name", [name for name in SPECTRA if name in EXPECTED])
def test_what_misleads_is_flagged(name: str):
    assert EXPECTED[name] in flags_of(name)


@pytest.mark.parametrize("name", [name for name in SPECTRA if name not in EXPECTED])
def test_ground_and_water_are_left_alone(name: str):
    assert flags_of(name) == set()


def test_a_pixel_without_data_bears_no_other_flag():
    assert flags_of("nothing") == {"nodata"}


def test_the_layer_explains_its_bits():
    layer = quality(spectra(SPECTRA), DEFAULT)
    assert (layer.dtype, layer.name, layer.dims) == (np.uint8, "quality", ("y", "x"))
    assert layer.attrs["flags"] == "1 nodata, 2 cloud, 4 snow, 8 haze, 16 dark"
    assert len(set(FLAGS.values())) == 5


def test_black_pixels_divide_nothing():
    assert quality(spectra({"black": (0.0,) * 6}), DEFAULT).item() == FLAGS["dark"]


def test_a_scene_classification_decides_cloud_and_snow():
    rows = {str(number): SPECTRA["cloud"] for number in range(6)}
    scl = xr.DataArray([[4, 8, 9, 10, 11, 5]], dims=("y", "x"))
    found = quality(spectra(rows), DEFAULT, scl=scl).values[0]
    assert (found & FLAGS["cloud"] > 0).tolist() == [False, True, True, True, False, False]
    assert (found & FLAGS["snow"] > 0).tolist() == [False] * 4 + [True, False]


def test_a_scene_classification_makes_up_for_missing_bands():
    assert evaluable(spectra({"a": SPECTRA["cloud"][:3]}, bands=SIX[:3])) == ("dark",)
    assert evaluable(spectra({"a": SPECTRA["cloud"][:3]}, bands=SIX[:3]), has_scl=True) == ("cloud", "snow", "dark")


@pytest.mark.parametrize("left_out", SIX)
def test_a_test_is_run_exactly_when_its_bands_are_there(left_out: str):
    bands = tuple(band for band in SIX if band != left_out)
    values = {"cloud": tuple(np.delete(SPECTRA["cloud"], SIX.index(left_out)))}
    quality(spectra(values, bands=bands), DEFAULT)  # would miss a band otherwise
    assert "cloud" not in evaluable(spectra(values, bands=bands))


def test_a_scene_in_three_colours_says_what_was_not_evaluated():
    colours = spectra({"a": SPECTRA["forest"][:3], "b": SPECTRA["cloud"][:3]}, bands=SIX[:3])
    evaluated = evaluable(colours)
    verdict = judge(count_flags(quality(colours, DEFAULT)), DEFAULT, evaluated=evaluated)
    assert verdict.accepted
    assert verdict.not_evaluated == ("cloud", "snow", "haze")
    assert set(verdict.shares) == {"nodata", "dark"}


def layer(**counts: int) -> xr.DataArray:
    values = [FLAGS.get(name, 0) for name, count in counts.items() for _ in range(count)]
    return xr.DataArray(np.array(values, "u1"), dims="pixel")


ALL = ("cloud", "snow", "haze", "dark")


@pytest.mark.parametrize(
    ("counts", "reasons"),
    [
        ({"clear": 100}, ()),
        ({"clear": 80, "cloud": 20}, ()),  # just at the bound
        ({"clear": 79, "cloud": 21}, ("21 % cloud (at most 20 % allowed)",)),
        ({"clear": 40, "cloud": 10, "nodata": 50}, ()),  # a fifth of what is seen
        ({"clear": 39, "cloud": 11, "nodata": 50}, ("22 % cloud (at most 20 % allowed)",)),
        ({"nodata": 100}, ("100 % nodata (at most 50 % allowed)",)),
        ({"clear": 20, "snow": 20, "dark": 60}, ("20 % snow (at most 10 % allowed)",)),
    ],
)
def test_a_scene_is_judged_by_the_shares_of_what_is_seen(counts: dict[str, int], reasons: tuple[str, ...]):
    verdict = judge(count_flags(layer(**counts)), DEFAULT, evaluated=ALL)
    assert verdict.reasons == reasons
    assert verdict.accepted == (not reasons)
    assert verdict.not_evaluated == ()


def test_counts_of_blocks_add_up_to_those_of_the_scene():
    whole = layer(clear=5, cloud=3, nodata=2, snow=1)
    assert count_flags(whole[:4]) + count_flags(whole[4:]) == +count_flags(whole)
    assert count_flags(whole)["pixels"] == 11


def test_the_haze_bound_means_what_it_says():
    below, above = ((0.15 + shift, 0.12, 0.10, 0.3, 0.18, 0.1) for shift in (-0.001, 0.001))
    found = quality(spectra({"below": below, "above": above}), QualityOptions(haze_hot=0.10)).values[0]
    assert (found & FLAGS["haze"] > 0).tolist() == [False, True]


def test_options_are_bounded_and_frozen():
    with pytest.raises(ValidationError):
        QualityOptions(max_cloud=1.2)
    with pytest.raises(ValidationError):
        QualityOptions(max_clouds=0.2)
