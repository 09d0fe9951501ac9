"""The folder that `highwall simulate` leaves: read by the doors that read real data, the same for the same seed."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geom import box

from highwall.core.truth import simulate_site
from highwall.imagery.spectra import BANDS, NATIVE_M
from highwall.insar.simulate import StackOptions, simulate_stack
from highwall.io.radar.interferograms import open_stack
from highwall.io.scenes import FolderSource
from highwall.io.vectors import read_area, read_polygons
from highwall.workflows.config_files import load_site
from highwall.workflows.watching.simulate import simulate

STACK = StackOptions(n_epochs=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("simulated"), seed=3, stack=STACK, has_product=True).parent


def test_site_file_is_a_valid_configuration_of_files_that_exist(folder: Path) -> None:
    config = load_site(folder / "site.yaml")
    sections = (config.scenes, config.insar, config.permits, config.land_cover)
    assert None not in sections
    paths = [path for section in sections for path in section.model_dump().values() if isinstance(path, Path)]
    assert len(paths) == 3
    assert all(path.exists() for path in (*paths, *config.scenes.files))


def test_scenes_are_read_with_dates_bands_and_level(folder: Path) -> None:
    scenes = FolderSource((folder / "scenes",)).read(box(-180, -90, 180, 90, "EPSG:4326")).scenes
    assert [scene.attrs["acquired"] for scene in scenes] == ["2022-07-12", "2023-07-17", "2023-07-27"]
    for scene in scenes:
        assert tuple(scene["band"].values) == BANDS
        assert scene.attrs["level"] == "L1C"
        assert scene.attrs["offset"] == 0.0


def test_product_folder_holds_every_band_at_its_native_pixel(folder: Path) -> None:
    product = next((folder / "products").iterdir())
    for name in BANDS:
        with rasterio.open(next(product.glob(f"*_{name}.tif"))) as dataset:
            assert dataset.res == (NATIVE_M[name], NATIVE_M[name])


def test_interferograms_come_back_as_they_were_simulated(folder: Path) -> None:
    read, simulated = open_stack(folder / "insar").stack, simulate_stack(simulate_site(3), STACK).stack
    assert np.array_equal(read["unw"].values, simulated["unw"].values, equal_nan=True)
    assert read["bperp"].values == pytest.approx(simulated["bperp"].values, abs=1e-3)  # written to the millimetre
    assert read.attrs["wavelength_m"] == pytest.approx(simulated.attrs["wavelength_m"], abs=1e-9)


def test_permits_lie_in_the_area_of_interest(folder: Path) -> None:
    permits = read_polygons(folder / "permits.gpkg")
    area = read_area(folder / "aoi.geojson").to_crs(str(permits.crs)).geom.buffer(1.0)
    assert set(permits["permit_id"]) == {"SIM-001", "SIM-002", "SIM-003"}
    assert permits.within(area).all()


def test_truth_says_what_is_to_be_found(folder: Path) -> None:
    truth = json.loads((folder / "truth" / "expected_findings.json").read_text())
    assert {finding["kind"] for finding in truth["findings"]} == {
        "beyond_boundary",
        "outside_any_permit",
        "permit_expired",
    }
    with (
        rasterio.open(folder / "truth" / "footprint.tif") as footprint,
        rasterio.open(folder / "truth" / "labels.tif") as labels,
    ):
        assert np.array_equal(footprint.read(1) == 1, labels.read()[:-1].any(axis=0))


def test_nothing_temporary_is_left(folder: Path) -> None:
    assert not list(folder.rglob(".part-*"))
