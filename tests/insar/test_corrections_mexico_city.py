"""Corrections on Sentinel-1 over Mexico City: real, with its height model and baselines; half of the crop sinks."""

import numpy as np
import pytest
import rasterio
import xarray as xr

from highwall.insar.corrections.corrections import correct, fit_corrections, stable_pixels
from highwall.insar.corrections.effects import correction_effects
from highwall.insar.inversion import invert
from highwall.insar.network import Network
from highwall.insar.options import CorrectionOptions, InversionOptions, PixelReference
from highwall.insar.velocity import fit_motion
from highwall.io.radar.interferograms import open_stack

pytestmark = pytest.mark.real
OPTIONS = CorrectionOptions(ramp="plane", stratified=True, dem_error=True)


@pytest.fixture(scope="module")
def scene(real_data):
    folder = real_data / "insar" / "mexico-city-s1"
    stack = open_stack(folder).stack
    result = invert(stack, options=InversionOptions(reference=PixelReference(row=9, col=8)))
    with rasterio.open(folder / "geotiffs" / "cropA_T005A_dem.tif") as dataset:
        height = xr.DataArray(dataset.read(1).astype(np.float32), dims=("y", "x"))
    return result.assign(height=height), Network.from_stack(stack)


def corrected(scene, options):
    result, network = scene
    corrections = fit_corrections(result, network, options=options, reference=result.isel(y=[9], x=[8]))
    return correct(result, corrections)


def subsidence_kept(scene, options):
    """Median ratio of velocity after to before where the city sinks by more than 150 mm a year."""
    result, _ = scene
    fast = (result["velocity"] < -0.15) & (result["n_components"] == 1)
    after = fit_motion(corrected(scene, options)["displacement"])["velocity"]
    return float((after / result["velocity"]).where(fast).median())


def test_still_ground_grows_stiller_with_every_correction(scene):
    effects = correction_effects(corrected(scene, OPTIONS), stable=stable_pixels(scene[0], options=OPTIONS))
    scatters = [effect.scatter for effect in effects]
    assert scatters == sorted(scatters, reverse=True)
    assert scatters[-1] < 0.7 * scatters[0]


def test_subsidence_survives_only_without_what_moves(scene):
    """Half of the crop sinks: an unguarded ramp takes most of it; slow pixels alone leave nine tenths."""
    assert subsidence_kept(scene, OPTIONS) > 0.85
    assert subsidence_kept(scene, OPTIONS.model_copy(update={"keep_velocity": True})) == pytest.approx(1.0, abs=0.02)
    assert subsidence_kept(scene, OPTIONS.model_copy(update={"max_velocity_m_year": None})) < 0.5


def test_height_errors_are_those_of_a_radar_model(scene):
    """The crop's model is of SRTM's kind, good to some ten metres; the error is relative to the reference."""
    error = corrected(scene, CorrectionOptions(dem_error=True))["dem_error"]
    assert float(error.quantile(0.9) - error.quantile(0.1)) < 80.0
    assert float(error.isel(y=9, x=8)) == 0.0
