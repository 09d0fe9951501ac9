import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.bands import BANDS, CONFIGURATIONS, CUBE, OPTICAL, RADAR, bands_of, configuration_of, needs_radar
from highwall.core.errors import InputError
from highwall.imagery import spectra


def test_configurations_have_the_papers_sizes() -> None:
    assert {name: len(bands) for name, bands in CONFIGURATIONS.items()} == {
        "RGB": 3, "R+N": 4, "R+N+S": 7, "M": 12, "M+S": 15,
    }  # fmt: skip


def test_cube_is_sentinel_2_then_sentinel_1() -> None:
    assert CUBE == OPTICAL + RADAR
    assert RADAR == ("VV", "VH", "VV_VH")
    assert "B10" not in BANDS


def test_table_agrees_with_the_simulated_sensor() -> None:
    assert OPTICAL == spectra.BANDS
    assert {name: BANDS[name].native_m for name in OPTICAL} == spectra.NATIVE_M


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration_and_back(name: str) -> None:
    assert configuration_of(bands_of(name.lower())) == name


@given(st.lists(st.sampled_from(CUBE), min_size=1, unique=True))
def test_text_of_bands_and_back(names: list[str]) -> None:
    assert bands_of(",".join(names)) == bands_of(names) == tuple(names)


def test_short_names_are_understood() -> None:
    assert bands_of("b2, B8a ,vv/vh") == ("B02", "B8A", "VV_VH")


def test_unknown_band_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'B12'"):
        bands_of("B04,B-12")
    with pytest.raises(InputError, match="no band or configuration is called 'B10'"):
        bands_of("B10")


@pytest.mark.parametrize(("text", "reason"), [("B04,b4", "named twice"), (" , ", "no band in"), ([], "no band in")])
def test_empty_and_doubled_are_refused(text: str | list[str], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        bands_of(text)


def test_radar_is_needed_only_where_a_radar_band_is() -> None:
    assert needs_radar(CONFIGURATIONS["R+N+S"])
    assert not needs_radar(CONFIGURATIONS["M"])
    with pytest.raises(InputError, match="B99"):
        needs_radar(["B99"])


def test_colours_of_other_sensors_go_under_sentinels_names():
    assert bands_of("red,Green,blue,NIR") == ("B04", "B03", "B02", "B08")
    with pytest.raises(InputError, match="named twice"):
        bands_of(["red", "B04"])
