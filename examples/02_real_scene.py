"""Find the mine in a real Sentinel-2 scene, and hold it against outlines that people drew by eye.

    python examples/02_real_scene.py OUT 100 72

The scenes are 2021 composites of Brazilian mines; HIGHWALL_DATA names the folder that holds them (see the README).
"""

import os
import sys
from pathlib import Path

import geopandas as gpd
import rasterio
import yaml
from rasterio.features import geometry_mask

from highwall.core.grid import grid_of
from highwall.core.taxonomy import BLANK
from highwall.core.truth.scores import iou
from highwall.imagery.chips import true_colour
from highwall.io.rasters import read_raster
from highwall.io.vectors import read_polygons
from highwall.report.maps import patch_map
from highwall.workflows.watching.monitor import monitor

DATA = Path(os.environ.get("HIGHWALL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def watch(number: str, out: Path) -> float:
    """Watch one scene, draw it, and return the IoU of its mine footprint with the first annotator's."""
    scene = DATA / "tailings-ponds" / "images" / f"{number}.tif"
    with rasterio.open(scene) as dataset:
        aoi = list(dataset.bounds)
    site_file = out / f"{number}.yaml"
    site = {
        "site": {"name": f"Scene {number}", "aoi": aoi},
        "scenes": {"files": [str(scene)], "level": "L1C", "date": "2021-07-01"},
    }
    out.mkdir(parents=True, exist_ok=True)
    site_file.write_text(yaml.safe_dump(site))
    monitor(site_file, out / number)
    reflectance = read_raster(out / number / "scene.tif").load()
    grid = grid_of(reflectance)
    patches = read_polygons(out / number / "patches.parquet", allow_empty=True)
    drawn = gpd.read_file(sorted((DATA / "mine-classes").glob(f"{number}-*.geojson"))[0]).to_crs(str(grid.crs))
    drawn = drawn[drawn["class"] != BLANK].dissolve()
    picture = patch_map(true_colour(reflectance), grid, patches=patches, drawn=drawn)
    (out / f"{number}.png").write_bytes(picture)
    found, truth = (
        ~geometry_mask(frame.geometry, out_shape=grid.shape, transform=grid.transform) if len(frame) else frame
        for frame in (patches, drawn)
    )
    return iou(found, truth)


def main(out: Path, numbers: list[str]) -> None:
    for number in numbers:
        print(f"scene {number}: IoU {watch(number, out):.2f}, picture {out / number}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["100"])
