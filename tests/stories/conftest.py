"""A small site with everything, made in a moment; stories bend one input each."""

import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import yaml
from affine import Affine
from shapely.geometry import box
from tests.stories.twin_browser import chromium, twin, visit

__all__ = ["chromium", "small_site", "twin", "visit"]

CRS = "EPSG:32723"
LEFT, TOP, SIDE = 600_000.0, 7_800_000.0, 192


@pytest.fixture
def small_site(tmp_path):
    """A folder with ``site.yaml``: a scene of woods with a bare square, a permit, a stack of three interferograms."""
    site = SmallSite(tmp_path)
    site.write()
    return site


class SmallSite:
    """Writes the parts of a small site; attributes may be bent before :meth:`write` is called again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bounds = (LEFT, TOP - 10.0 * SIDE, LEFT + 10.0 * SIDE, TOP)
        self.config = {
            "site": {"name": "Small", "aoi": "aoi.geojson", "crs": CRS},
            "scenes": {"files": ["scenes"], "level": "L1C"},
            "permits": {"file": "permits.gpkg"},
            "insar": {"stack": "insar"},
        }

    @property
    def yaml(self) -> Path:
        return self.folder / "site.yaml"

    def write(self) -> None:
        for name in ("scenes", "insar"):
            (self.folder / name).mkdir(exist_ok=True)
        gpd.GeoDataFrame(geometry=[box(*self.bounds)], crs=CRS).to_crs("EPSG:4326").to_file(self.folder / "aoi.geojson")
        self.write_scene("scenes/S2_20240601.tif")
        self.write_permits()
        for first, second in (("20240101", "20240113"), ("20240113", "20240125"), ("20240101", "20240125")):
            self.write_pair(first, second)
        self.write_config()

    def write_config(self) -> None:
        self.yaml.write_text(yaml.safe_dump(self.config))

    def write_scene(
        self, name: str, *, bands=("B02", "B03", "B04"), shift_m: float = 0.0, crs: str | None = CRS
    ) -> Path:
        rng = np.random.default_rng(3)
        woods = {"B02": 850, "B03": 800, "B04": 600}
        bare = {"B02": 1300, "B03": 1600, "B04": 2100}
        layers = []
        for band in bands:
            layer = np.full((SIDE, SIDE), woods.get(band, 900.0))
            layer[60:130, 60:130] = bare.get(band, 2500)
            layers.append(layer + rng.normal(0, 60, layer.shape))
        path = self.folder / name
        profile = {"driver": "GTiff", "dtype": "uint16", "count": len(bands), "height": SIDE, "width": SIDE, "crs": crs,
                   "nodata": 0, "transform": Affine(10, 0, LEFT + shift_m, 0, -10, TOP)}  # fmt: skip
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(np.stack(layers).astype(np.uint16))
            dataset.descriptions = tuple(bands)
        return path

    def write_permits(self, **columns) -> None:
        columns = columns or {
            "permit_id": ["A-1"], "holder": ["Small & Sons"], "valid_from": ["2020-01-01"], "valid_to": ["2030-01-01"],
        }  # fmt: skip
        area = box(LEFT + 300, TOP - 1600, LEFT + 1600, TOP - 300)
        gpd.GeoDataFrame(columns, geometry=[area], crs=CRS).to_file(self.folder / "permits.gpkg")

    def write_pair(self, first: str, second: str, tags: dict[str, str] | None = None) -> None:
        days = (dt.date.fromisoformat(second) - dt.date.fromisoformat(first)).days
        side = SIDE // 4
        ramp = np.linspace(0.0, 1.0, side)[None, :] * np.ones((side, 1))
        unw = (0.02 * days * ramp).astype(np.float32)
        profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "height": side, "width": side, "crs": CRS,
                   "nodata": float("nan"), "transform": Affine(40, 0, LEFT, 0, -40, TOP)}  # fmt: skip
        said = {
            "WAVELENGTH_METRES": "0.0554658",
            "INCIDENCE_DEGREES": "39.0",
            "FIRST_DATE": first,
            "SECOND_DATE": second,
        }
        said = {name: value for name, value in (said | (tags or {})).items() if value}
        for kind, values in (("unw", unw), ("coh", np.full_like(unw, 0.8))):
            with rasterio.open(self.folder / "insar" / f"{first}-{second}_{kind}.tif", "w", **profile) as dataset:
                dataset.write(values, 1)
                dataset.update_tags(**said)
