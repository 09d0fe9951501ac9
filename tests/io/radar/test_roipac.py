import numpy as np
import pytest
from numpy.testing import assert_array_equal

from highwall.core.errors import StackError
from highwall.core.grid import same_grid
from highwall.io.radar.interferograms import open_stack
from highwall.io.radar.roipac import grid_of_record
from tests.io import stacks_made as made

NAME = "geo_20200101_20200113.unw"


@pytest.fixture
def folder(tmp_path):
    return made.as_roipac(made.little_stack(made.DEGREES), tmp_path)


def test_a_truncated_file_and_one_without_rsc_are_set_aside(folder):
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:300])
    (folder / "geo_20200113_20200125.unw.rsc").unlink()
    stack, set_aside = open_stack(folder)
    assert stack.sizes["pair"] == 2
    assert {item.name.rsplit("/", 1)[-1] for item in set_aside} == {NAME, "geo_20200113_20200125.unw"}


def test_a_file_of_phase_alone(folder):
    alone = made.zeros(made.little_stack()["unw"].values[0])
    alone.astype("<f4").tofile(folder / NAME)
    assert_array_equal(open_stack(folder).stack["unw"].values, made.little_stack()["unw"].values)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [("990101-000113", ("1999-01-01", "2000-01-13")), ("20200401-20200413", ("2020-04-01", "2020-04-13"))],
)
def test_date12(folder, dates, expected):
    rsc = folder / f"{NAME}.rsc"
    rsc.write_text(
        "\n".join(line for line in rsc.read_text().splitlines() if "DATE12" not in line) + f"\nDATE12 {dates}\n"
    )
    stack = open_stack(folder).stack
    pairs = set(
        zip(*(stack[name].values.astype("datetime64[D]").astype(str) for name in ("first", "second")), strict=True)
    )
    assert expected in pairs


def test_without_a_corner_the_stack_is_in_radar_coordinates(folder):
    for rsc in folder.glob("*.rsc"):
        rsc.write_text("\n".join(line for line in rsc.read_text().splitlines() if not line.startswith(("X_", "Y_"))))
    stack = open_stack(folder).stack
    assert stack["unw"].shape == (4, 6, 9)
    assert "x" not in stack.coords


RECORD = {"WIDTH": "9", "LENGTH": "6", "X_FIRST": "500000", "Y_FIRST": "4990000", "X_STEP": "80", "Y_STEP": "-80"}


def test_metres_need_a_zone():
    assert same_grid(grid_of_record(RECORD | {"X_UNIT": "meters", "UTM_ZONE": "33N"}), made.UTM)
    assert same_grid(grid_of_record(RECORD | {"EPSG": "32633"}), made.UTM)
    assert grid_of_record(RECORD | {"X_UNIT": "meters", "UTM_ZONE": "33S"}).crs == "EPSG:32733"
    with pytest.raises(StackError, match="without EPSG or UTM_ZONE"):
        grid_of_record(RECORD | {"X_UNIT": "meters"})
    with pytest.raises(StackError, match="no WIDTH"):
        grid_of_record({key: value for key, value in RECORD.items() if key != "WIDTH"})
    assert np.isclose(grid_of_record(RECORD | {"X_FIRST": "15.0", "X_STEP": "0.001"}).transform.a, 0.001)
