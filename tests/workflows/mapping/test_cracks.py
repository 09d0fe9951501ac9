import csv
import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from typer.testing import CliRunner

from highwall.classification.cracks.simulate import simulated_photograph
from highwall.cli import app
from highwall.core.errors import InputError, MissingInputError, ModelError
from highwall.workflows.mapping.cracks import COLUMNS, map_cracks


@pytest.fixture(scope="module")
def cracked():
    """A simulated photograph of a clear crack."""
    drawn = (simulated_photograph(seed, crack_share=1.0, side=192) for seed in range(100))
    return next(one.photograph for one in drawn if max(s.width.mean() for s in one.strokes) > 2.5).levels


def save(path, levels):
    Image.fromarray(np.moveaxis(levels, 0, 2)).save(path)
    return path


def test_photographs_leave_maps_lines_pictures_and_a_table(cracked, tmp_path):
    found = map_cracks([save(tmp_path / "wall.png", cracked)], tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "wall-probability.png", "wall-cracks.geojson", "wall-cracks.png", "cracks.csv", "cracks.json",
    }  # fmt: skip
    rows = list(csv.DictReader((tmp_path / "out" / "cracks.csv").read_text().splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == found["n_cracks"] >= 1
    assert rows[0]["length_m"] == ""
    lines = json.loads((tmp_path / "out" / "wall-cracks.geojson").read_text())
    assert len(lines["features"]) == found["n_cracks"]
    assert np.asarray(Image.open(tmp_path / "out" / "wall-probability.png")).shape == (192, 192)


def test_a_ground_sampling_distance_gives_metres(cracked, tmp_path):
    path = save(tmp_path / "wall.png", cracked)
    (longest, *_) = map_cracks([path], tmp_path / "out", gsd_m=0.002)["cracks"]
    assert longest["length_m"] == pytest.approx(0.002 * longest["length_px"], rel=0.01)
    assert longest["mean_width_m"] == pytest.approx(0.002 * longest["mean_width_px"], rel=0.05)


def test_an_orthophoto_gives_map_coordinates_and_metres(cracked, tmp_path):
    profile = {"driver": "GTiff", "count": 3, "height": 192, "width": 192, "dtype": "uint8", "crs": "EPSG:32633"}
    with rasterio.open(tmp_path / "o.tif", "w", **profile, transform=Affine(0.01, 0, 5e5, 0, -0.01, 5e6)) as raster:
        raster.write(cracked)
    found = map_cracks([tmp_path / "o.tif"], tmp_path / "out")
    frame = gpd.read_file(tmp_path / "out" / "o-cracks.geojson")
    assert frame.crs.to_epsg() == 32633
    left, bottom, right, top = frame.total_bounds
    assert 5e5 <= left < right <= 5e5 + 1.92
    assert 5e6 - 1.92 <= bottom < top <= 5e6
    assert found["cracks"][0]["length_m"] == pytest.approx(0.01 * found["cracks"][0]["length_px"], rel=0.01)
    with rasterio.open(tmp_path / "out" / "o-probability.tif") as raster:
        assert raster.crs.to_epsg() == 32633
        assert raster.descriptions == ("crack",)


def test_a_bad_photograph_is_set_aside_and_reported(cracked, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    save(folder / "good.png", cracked)
    (folder / "bad.jpg").write_text("no picture")
    found = map_cracks([folder], tmp_path / "out")
    assert found["n_images"] == 1
    assert [each["name"] for each in found["set_aside"]] == ["bad.jpg"]
    with pytest.raises(InputError, match=r"none of 1 .*bad.jpg"):
        map_cracks([folder / "bad.jpg"], tmp_path / "out")


def orthophoto(path, levels, *, crs="EPSG:32633", size=(0.01, 0.01)):
    """Save a GeoTIFF whose pixels have that size in the CRS."""
    origin = {"EPSG:4326": (10.0, 50.0), "EPSG:2263": (9.8e5, 2e5)}.get(crs, (5e5, 5e6))
    profile = {"driver": "GTiff", "count": 3, "height": 192, "width": 192, "dtype": "uint8", "crs": crs}
    with rasterio.open(path, "w", **profile, transform=Affine(size[0], 0, origin[0], 0, -size[1], origin[1])) as raster:
        raster.write(levels)
    return path


@pytest.mark.parametrize(
    ("crs", "size", "metres"),
    [
        ("EPSG:32633", (0.01, 0.01), 0.01),
        ("EPSG:2263", (0.01, 0.01), 0.003048),  # feet
        ("EPSG:4326", (1.4e-7, 0.9e-7), 0.01002),  # degrees at 50°: 71.7 km and 111.2 km
    ],
)
def test_metres_are_those_on_the_ground(cracked, tmp_path, crs, size, metres):
    found = map_cracks([orthophoto(tmp_path / "o.tif", cracked, crs=crs, size=size)], tmp_path / "out")
    assert found["images"][0]["gsd_m"] == pytest.approx(metres, rel=2e-3)
    (longest, *_) = found["cracks"]
    assert longest["length_m"] == pytest.approx(metres * longest["length_px"], rel=0.01)


@pytest.mark.parametrize(("size", "message"), [((10.0, 10.0), "no crack can be seen"), ((0.01, 0.02), "to squares")])
def test_pixels_that_show_no_cracks_are_refused_and_leave_nothing(cracked, tmp_path, size, message):
    path = orthophoto(tmp_path / "o.tif", cracked, size=size)
    with pytest.raises(InputError, match=message):
        map_cracks([path], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_size_against_that_of_the_file_is_taken_and_told(cracked, tmp_path):
    said = []
    path = orthophoto(tmp_path / "o.tif", cracked)
    found = map_cracks([path], tmp_path / "out", gsd_m=0.002, say=said.append)
    assert found["images"][0]["gsd_m"] == 0.002
    assert any("the file says 0.01 m a pixel; 0.002 m is taken" in line for line in said)


def test_what_is_transparent_is_not_searched(cracked, tmp_path):
    alpha = np.zeros((192, 192), np.uint8)
    alpha[:, :20] = 255
    path = save(tmp_path / "wall.png", np.stack([*cracked, alpha]))
    found = map_cracks([path], tmp_path / "out")
    assert found["images"][0]["share_with_data"] == pytest.approx(20 / 192, abs=1e-4)
    stored = np.asarray(Image.open(tmp_path / "out" / "wall-probability.png"))
    assert (stored[:, 20:] == 0).all()


def test_results_among_the_photographs_are_refused(cracked, tmp_path):
    save(tmp_path / "wall.png", cracked)
    with pytest.raises(InputError, match="another folder"):
        map_cracks([tmp_path], tmp_path)


def test_photographs_of_one_name_do_not_overwrite_each_other(cracked, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save(tmp_path / name / "wall.png", cracked)
    save(tmp_path / "b" / "wall-2.png", cracked)
    found = map_cracks([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    files = {path.name for path in (tmp_path / "out").glob("*-cracks.png")}
    assert files == {f"{each['image']}-cracks.png" for each in found["images"]}
    assert len(files) == len({each["file"] for each in found["images"]}) == 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"gsd_m": -1.0}, InputError, "cannot show cracks"),
        ({"gsd_m": 10.0}, InputError, "cannot show cracks"),
        ({"gsd_m": float("nan")}, InputError, "cannot show cracks"),
        ({"weights": "gone.onnx"}, MissingInputError, "gone.onnx"),
        ({"weights": "chips.onnx"}, ModelError, "crack"),
    ],
)
def test_what_cannot_be_is_refused(cracked, tmp_path, change, error, message):
    from highwall.classification.extract import SHIPPED_MODEL

    if "weights" in change:
        change = {"weights": SHIPPED_MODEL.with_name(change["weights"])}
    with pytest.raises(error, match=message):
        map_cracks([save(tmp_path / "wall.png", cracked)], tmp_path / "out", **change)


def test_the_command_tells_what_it_found(cracked, tmp_path):
    path = save(tmp_path / "wall.png", cracked)
    done = CliRunner().invoke(app, ["cracks", str(path), "--out", str(tmp_path / "out"), "--gsd", "0.001"])
    assert done.exit_code == 0, done.output
    assert "1 photographs" in done.output
