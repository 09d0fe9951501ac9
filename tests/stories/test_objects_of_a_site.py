"""A site whose patches follow the objects of its scene. All of it is made up."""

import json

import geopandas as gpd
import pytest
import yaml
from shapely.geometry import box
from tests.stories.conftest import CRS, LEFT, TOP

from highwall.workflows.watching.monitor import monitor


@pytest.fixture
def by_objects(small_site, tmp_path):
    bounds = tmp_path / "run.yaml"
    content = {"patches": {"method": "objects"}, "objects": {"segmentation": {"scale": 20}}}
    bounds.write_text(yaml.safe_dump(content))
    return small_site, bounds


def test_patches_follow_the_objects_of_the_scene(by_objects, tmp_path):
    site, bounds = by_objects
    site.config.pop("insar")
    site.config["references"] = {"file": "references.gpkg"}
    bare = box(LEFT + 600, TOP - 1300, LEFT + 1300, TOP - 600)
    gpd.GeoDataFrame(geometry=[bare], crs=CRS).to_file(site.folder / "references.gpkg")
    site.write_config()
    summary = monitor(site.yaml, tmp_path / "out", run_file=bounds)
    assert {"objects.tif", "segments.parquet", "refinement.png"} <= {path.name for path in (tmp_path / "out").iterdir()}
    facts = json.loads((tmp_path / "out" / "stac" / "refine.json").read_text())["properties"]["highwall:facts"]
    assert (facts["method"], facts["cut"]["source"]) == ("objects", "references")
    assert summary["area_m2"] == facts["area_m2"]
    assert not any(sentence.startswith("references") for sentence in summary["missing"])


def test_what_pixels_do_not_use_is_said(small_site, tmp_path):
    small_site.config.pop("insar")
    small_site.config["terrain"] = {"dem": "dem.tif", "sun_azimuth_deg": 45, "sun_elevation_deg": 40}
    small_site.write_config()
    summary = monitor(small_site.yaml, tmp_path / "out")
    assert any(sentence.startswith("terrain: not used") for sentence in summary["missing"])
    assert not (tmp_path / "out" / "objects.tif").exists()
