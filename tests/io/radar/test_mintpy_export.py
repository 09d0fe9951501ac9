import h5py
import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal
from odc.geo.xr import xr_coords

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.errors import InputError, OutputError
from highwall.io.radar.mintpy_export import write_mintpy
from tests.io import stacks_made as made


def made_result(grid=made.UTM, **attrs) -> xr.Dataset:
    rng = np.random.default_rng(5)
    layers = {"displacement": ("epoch", "y", "x"), "velocity": ("y", "x"), "velocity_std": ("y", "x")}
    sizes = {"epoch": len(made.DATES), "y": made.SHAPE[0], "x": made.SHAPE[1]}
    values = {name: (dims, rng.normal(size=[sizes[dim] for dim in dims]).astype("f4")) for name, dims in layers.items()}
    values["displacement"][1][1, 2, 3] = np.nan
    epochs = np.array(made.DATES, dtype="datetime64[ns]")
    coords = {"epoch": epochs, **xr_coords(grid, dims=("y", "x"))}
    return xr.Dataset(values, coords=coords, attrs={"wavelength_m": SENTINEL1_WAVELENGTH, **attrs})


@pytest.fixture
def result() -> xr.Dataset:
    return made_result(heading_deg=made.HEADING_DEG)


def attributes(path) -> dict[str, str]:
    with h5py.File(path, "r") as file:
        return dict(file.attrs)


def test_values_dates_and_attributes(result, tmp_path):
    files = write_mintpy(result.chunk({"y": 4, "x": 4}), tmp_path, reference_px=(2, 3))
    with h5py.File(files.timeseries, "r") as file:
        assert_array_equal(file["timeseries"][()], result["displacement"])
        assert file["date"][()].tolist() == [b"20200101", b"20200113", b"20200125", b"20200206"]
        assert np.isnan(file["bperp"][()]).all()
    with h5py.File(files.velocity, "r") as file:
        assert_array_equal(file["velocity"][()], result["velocity"])
        assert_array_equal(file["velocityStd"][()], result["velocity_std"])
    shared = {
        "LENGTH": "6", "WIDTH": "9", "X_FIRST": "500000.0", "Y_FIRST": "4990000.0", "X_STEP": "80.0", "Y_STEP": "-80.0",
        "X_UNIT": "meters", "Y_UNIT": "meters", "EPSG": "32633", "UTM_ZONE": "33N", "REF_Y": "2", "REF_X": "3",
        "REF_DATE": "20200101", "HEADING": "-12.0", "ORBIT_DIRECTION": "ASCENDING",
    }  # fmt: skip
    assert shared.items() <= attributes(files.timeseries).items()
    assert shared.items() <= attributes(files.velocity).items()
    assert attributes(files.timeseries)["UNIT"] == "m"
    assert attributes(files.velocity)["UNIT"] == "m/year"
    assert float(attributes(files.timeseries)["WAVELENGTH"]) == pytest.approx(0.0554658, abs=1e-7)


def test_baselines_of_epochs(result, tmp_path):
    with_baselines = result.assign_coords(bperp=("epoch", [0.0, 45.5, -20.25, 80.0]))
    with h5py.File(write_mintpy(with_baselines, tmp_path).timeseries, "r") as file:
        assert file["bperp"][()].tolist() == [0.0, 45.5, -20.25, 80.0]


def test_degrees_and_radar_coordinates(tmp_path):
    in_degrees = made_result(made.DEGREES)
    found = attributes(write_mintpy(in_degrees, tmp_path).velocity)
    assert (found["X_UNIT"], found["EPSG"]) == ("degrees", "4326")
    assert found.keys().isdisjoint({"UTM_ZONE", "REF_Y", "HEADING"})
    in_radar = in_degrees.drop_vars(["x", "y", "spatial_ref"])
    assert "X_FIRST" not in attributes(write_mintpy(in_radar, tmp_path).velocity)


def test_southern_zone_and_descending_pass(result, tmp_path):
    south = result.odc.assign_crs("EPSG:32733").assign_attrs(heading_deg=-168.0)
    found = attributes(write_mintpy(south, tmp_path).velocity)
    assert (found["UTM_ZONE"], found["ORBIT_DIRECTION"]) == ("33S", "DESCENDING")


def test_the_wavelength_is_asked_for(result, tmp_path):
    without = result.assign_attrs(wavelength_m=None)
    with pytest.raises(InputError, match="wavelength_m"):
        write_mintpy(without, tmp_path)
    assert attributes(write_mintpy(without, tmp_path, wavelength_m=0.24).velocity)["WAVELENGTH"] == "0.24"


def test_a_folder_that_cannot_be_made(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not write"):
        write_mintpy(result, tmp_path / "file" / "out")
