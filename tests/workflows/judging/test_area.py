import json
import re

import numpy as np
import odc.geo.xr
import pandas as pd
import pytest
import xarray as xr
from affine import Affine

from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox
from highwall.io.rasters import write_cog
from highwall.workflows.judging.area import Design, design, estimate

GRID = GeoBox((300, 400), Affine(10, 0, 500_000, 0, -10, 4_990_000), "EPSG:32633")
NAMES = {0: "none", 1: "mine"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A map that calls the left 60 columns mine; in truth it is the left 50, and 20 columns far to the right."""
    made = tmp_path_factory.mktemp("area")
    coordinates = odc.geo.xr.xr_coords(GRID)
    mapped = np.zeros(GRID.shape, "u1")
    mapped[:, :60] = 1
    write_cog(xr.DataArray(mapped, dims=("y", "x"), coords=coordinates), made / "mine.tif", layer="mine")
    scene = np.random.default_rng(0).uniform(0.02, 0.3, (3, *GRID.shape))
    array = xr.DataArray(scene, dims=("band", "y", "x"), coords=coordinates | {"band": ["B02", "B03", "B04"]})
    write_cog(array, made / "scene.tif", layer="reflectance")
    return made


def judged(points: pd.DataFrame) -> list[str]:
    """Truth of each point from its column."""
    x, _ = np.array(list(zip(*_metres(points), strict=True))).T
    cols = (x - 500_000) // 10
    return ["mine" if col < 50 or 350 <= col < 370 else "none" for col in cols]


def _metres(points: pd.DataFrame):
    import geopandas as gpd

    there = gpd.GeoSeries(gpd.points_from_xy(points["lon"], points["lat"]), crs="EPSG:4326").to_crs("EPSG:32633")
    return there.x, there.y


def test_points_are_drawn_in_each_class_and_their_judgement_corrects_the_area(folder, tmp_path):
    path = design(folder / "mine.tif", tmp_path, names=NAMES, how=Design(n_points=800, least=200, seed=3))
    points = pd.read_csv(path, keep_default_na=False)
    assert points["stratum"].value_counts().to_dict() == {"none": 600, "mine": 200}
    assert points["stratum"].head(40).nunique() == 2  # in random order
    again = design(folder / "mine.tif", tmp_path / "again", names=NAMES, how=Design(n_points=800, least=200, seed=3))
    assert again.read_text() == path.read_text()

    points.assign(reference=judged(points)).to_csv(path, index=False)
    found = estimate(path, tmp_path / "out")
    truth = 70 * 300 * 100.0
    mine = found.classes.loc["mine"]
    assert mine["mapped_m2"] == pytest.approx(60 * 300 * 100.0)
    assert abs(mine["area_m2"] - truth) < 3 * mine["area_std_m2"]
    facts = json.loads((tmp_path / "out" / "area.json").read_text())
    assert facts["n_points"] == 800
    assert facts["classes"]["mine"]["area_low_m2"] < truth < facts["classes"]["mine"]["area_high_m2"]
    assert (tmp_path / "out" / "area.png").stat().st_size > 5_000


def test_a_standard_error_that_is_wanted_decides_the_number_of_points(folder, tmp_path):
    how = Design(overall_std=0.02, expected=0.9, least=10)
    points = pd.read_csv(design(folder / "mine.tif", tmp_path, names=NAMES, how=how))
    assert len(points) == 225  # (0.3 / 0.02)²


def test_the_page_shows_each_point_and_hides_what_the_map_says(folder, tmp_path):
    design(folder / "mine.tif", tmp_path, names=NAMES, how=Design(n_points=40, least=10), image=folder / "scene.tif")
    page = (tmp_path / "labeller.html").read_text()
    points = json.loads(re.search(r"const points = (\[.*?\]), classes", page, re.S)[1])
    assert [one["point"] for one in points] == list(range(1, 41))
    assert set(points[0]) == {"point", "picture"}
    assert any(one["picture"].startswith("data:image/png") for one in points)
    assert "http" not in page.replace("http-equiv", "")


def test_what_the_page_saves_fills_the_references(folder, tmp_path):
    path = design(folder / "mine.tif", tmp_path, names=NAMES, how=Design(n_points=60, least=20))
    points = pd.read_csv(path, dtype=str)
    saved = tmp_path / "reference.csv"
    answers = pd.DataFrame({"point": points["point"][:50], "reference": judged(points)[:50]})
    answers.to_csv(saved, index=False)
    said = []
    estimate(path, tmp_path / "out", reference=saved, say=said.append)
    assert said == ["area.csv: 2 classes from 50 points; 10 were not judged"]
    answers.assign(point="999").to_csv(saved, index=False)
    with pytest.raises(InputError, match="judges point 999, which was not drawn"):
        estimate(path, tmp_path / "out", reference=saved)


def test_what_cannot_be_used_is_said(folder, tmp_path):
    path = design(folder / "mine.tif", tmp_path, names=NAMES, how=Design(n_points=40, least=10))
    with pytest.raises(InputError, match="has no reference yet"):
        estimate(path, tmp_path / "out")
    with pytest.raises(MissingInputError, match="no file at"):
        estimate(tmp_path / "nothing.csv", tmp_path / "out")
    with pytest.raises(InputError, match=r"which is no code; give a raster of codes"):
        design(folder / "scene.tif", tmp_path / "x", names=NAMES, how=Design())
    (tmp_path / "strata.json").unlink()
    with pytest.raises(MissingInputError, match=r"strata\.json"):
        estimate(path, tmp_path / "out")


@pytest.fixture(scope="module")
def rare(tmp_path_factory):
    """A map of three codes, of which one has 20 pixels."""
    path = tmp_path_factory.mktemp("rare") / "mine.tif"
    mapped = np.zeros(GRID.shape, "u1")
    mapped[:, :60] = 1
    mapped[0, 100:120] = 2
    write_cog(xr.DataArray(mapped, dims=("y", "x"), coords=odc.geo.xr.xr_coords(GRID)), path, layer="mine")
    return path


def test_a_class_of_few_pixels_is_judged_whole_and_takes_no_points_from_the_others(rare, tmp_path):
    points = pd.read_csv(design(rare, tmp_path, names={}, how=Design(n_points=300, least=50)))
    counts = points["stratum"].value_counts().to_dict()
    assert counts["class 2"] == 20
    assert sum(counts.values()) == 300
    assert counts["class 1"] >= 50


def test_codes_of_one_name_are_one_class_with_all_their_area(rare, tmp_path):
    names = {0: "none", 1: "mine", 2: "mine"}
    points = pd.read_csv(design(rare, tmp_path, names=names, how=Design(n_points=200, least=50)))
    assert len(points) == 200
    area = json.loads((tmp_path / "strata.json").read_text())["stratum_m2"]
    assert area == {"none": (340 * 300 - 20) * 100.0, "mine": (60 * 300 + 20) * 100.0}


def test_more_points_than_pixels_are_refused(rare, tmp_path):
    with pytest.raises(InputError, match="500000 points are more than the 120000 pixels of the map"):
        design(rare, tmp_path, names={}, how=Design(n_points=500_000))


def test_a_name_of_a_code_that_is_not_there_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="--name 7=water: the map has no code 7; it has 0, 1"):
        design(folder / "mine.tif", tmp_path, names=NAMES | {7: "water"}, how=Design())


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (Design(n_points=200, overall_std=0.01), "--points 200 and --overall-std 0.01 each say how many points"),
        (Design(expected=0.9), "--expected 0.9 serves --overall-std"),
    ],
)
def test_a_number_of_points_is_said_once(folder, tmp_path, how, message):
    with pytest.raises(InputError, match=message):
        design(folder / "mine.tif", tmp_path, names=NAMES, how=how)
