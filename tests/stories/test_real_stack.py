"""A real stack at the front door: Mexico City from Sentinel-1, against an independent float64 solution."""

import json

import numpy as np
import pytest
import rasterio
import xarray as xr

from highwall.workflows.blocks import crew
from highwall.workflows.radar.stack import Given
from highwall.workflows.radar.verbs import deform_alone, deform_changes

pytestmark = pytest.mark.real
WAVELENGTH_M = 0.05550415767769124
ROW, COL = 9, 8


@pytest.fixture(scope="module")
def done(real_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("mexico")
    folder = real_data / "insar" / "mexico-city-s1"
    run_file = tmp_path_factory.mktemp("options") / "run.yaml"
    run_file.write_text("deform: {repair: {method: none}}\n")
    changes = deform_changes(reference=f"{ROW},{COL}", weighting="none")
    with crew() as hands:
        deform_alone(Given(folder), out, changes=changes, run_file=run_file, crew=hands, say=lambda message: None)
    return folder, out


def test_range_of_velocity(done):
    _, out = done
    facts = json.loads((out / "stac" / "deform.json").read_text())["properties"]["highwall:facts"]
    assert 1e3 * facts["velocity_min"] == pytest.approx(-301, abs=1)
    assert 1e3 * facts["velocity_max"] == pytest.approx(8, abs=1)
    assert (facts["n_epochs"], facts["n_pairs"], facts["n_components"]) == (13, 30, 1)


def test_every_date_agrees_with_a_float64_svd(done):
    """Read with rasterio, solved with numpy's SVD pixel by pixel: nothing of Highwall but the file that it left."""
    folder, out = done
    files = sorted((folder / "geotiffs").glob("*_unw.tif"))
    dates = [path.name.split("_")[1].split("-") for path in files]
    epochs = sorted({date for pair in dates for date in pair})
    stack = np.stack([rasterio.open(path).read(1).astype(np.float64) for path in files])
    stack[stack == 0.0] = np.nan
    stack -= stack[:, ROW, COL][:, None, None]
    design = np.zeros((len(files), len(epochs) - 1))
    for row, (first, second) in enumerate(dates):
        if epochs.index(first):
            design[row, epochs.index(first) - 1] = -1.0
        design[row, epochs.index(second) - 1] = 1.0
    whole = np.isfinite(stack).all(axis=0)
    expected = np.linalg.pinv(design) @ stack[:, whole]
    left = xr.open_zarr(out / "displacement.zarr", consolidated=False)["displacement"].values[1:, whole]
    phases = -4.0 * np.pi / WAVELENGTH_M * left.astype(np.float64)
    assert whole.sum() > 5000
    assert np.abs(phases - expected).max() < 1e-4


def test_images_of_amsterdam_come_to_the_map(real_data, tmp_path):
    """One pair of real images, formed, unwrapped, inverted and geocoded; a city without motion to speak of."""
    changes = deform_changes(reference=None, weighting=None)
    with crew() as hands:
        deform_alone(
            Given(real_data / "insar" / "amsterdam-slc-pair"), tmp_path, changes=changes, run_file=None, crew=hands,
            say=lambda message: None,
        )  # fmt: skip
    with rasterio.open(tmp_path / "velocity.tif") as dataset:
        assert dataset.crs.to_epsg() == 32631
        assert dataset.res == (15.0, 15.0)
        velocity = dataset.read(1)
    with rasterio.open(tmp_path / "mean_coherence.tif") as dataset:
        coherence = dataset.read(1)
    assert 0.70 < np.nanmean(coherence) < 0.80
    # Twelve days: half a radian of noise makes 75 mm/year.
    assert abs(np.nanmedian(velocity)) < 0.03
    assert np.nanstd(velocity[coherence > 0.8]) < 0.15
