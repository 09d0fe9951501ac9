"""From an image on disk to objects, as the verb does it. The image is made up."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

from highwall.core.errors import InputError, SceneError
from highwall.core.grid import GeoBox, grid_of
from highwall.core.products import LAYERS
from highwall.io.rasters import read_raster
from highwall.patches.multiresolution import segment
from highwall.patches.options import GridSearchOptions, ScaleOptions, SegmentationOptions
from highwall.patches.scale import ScaleEstimate
from highwall.workflows.blocks import Crew, crew
from highwall.workflows.config import ObjectsSection
from highwall.workflows.outlining.criterion import choose, densest, pick
from highwall.workflows.outlining.image import open_image
from highwall.workflows.outlining.objects import ToSegment, objects
from highwall.workflows.run import Run, facts_of
from highwall.workflows.sites import site_of_raster

CRITERION = SegmentationOptions(scale=30.0)
OPTIONS = ObjectsSection(segmentation=CRITERION, ladder=ScaleOptions(first=10, step=20, n_scales=8))


FREE = {"segmentation": SegmentationOptions()}


def carried_out(given, out, *, said=None, told=None, memory_mib=64, **changes):
    with crew(memory_mib=memory_mib, advance=lambda *step: (told if told is not None else []).append(step)) as hands:
        run = Run(out, site_of_raster(given.image), (said if said is not None else []).append)
        return facts_of(objects(run, given, hands, options=OPTIONS.model_copy(update=changes)))


def labels_of(out):
    with rasterio.open(out / "objects.tif") as dataset:
        return dataset.read(1)


@pytest.fixture(scope="module")
def done(mine, tmp_path_factory):
    out = tmp_path_factory.mktemp("objects")
    return out, carried_out(ToSegment(mine.image), out)


def test_the_objects_are_those_of_the_segmentation(mine, done):
    out, facts = done
    expected = segment(open_image(mine.image, options=OPTIONS).load(), scale=30.0)
    np.testing.assert_array_equal(labels_of(out), expected.labels.values)
    assert facts["n_objects"] == len(expected)
    assert (facts["scale"], facts["scale_why"]) == (30.0, "as given")
    assert facts["normalisation"] == "percentile 2 to 98 of each band to 0–255"
    assert facts["bands"] == ["B04", "B03", "B02"]


def test_the_map_says_what_it_is(done):
    out, _ = done
    with rasterio.open(out / "objects.tif") as dataset:
        assert dataset.dtypes == ("int32",)
        assert dataset.nodata == LAYERS["object"].fill == 0
        assert dataset.tags()["LAYER"] == "object"
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_the_polygons_are_the_objects(done):
    out, facts = done
    table = gpd.read_parquet(out / "objects.parquet")
    assert table["label"].tolist() == list(range(1, facts["n_objects"] + 1))
    np.testing.assert_allclose(table.area, table["area_m2"])
    assert table["area_m2"].sum() == pytest.approx(96 * 96 * 100.0)
    assert {"mean_B04", "std_B02", "perimeter_px"} <= set(table)
    assert len(gpd.read_file(out / "objects.gpkg")) == len(table)


def test_a_picture_is_drawn_and_none_of_what_was_not_asked(done):
    out, _ = done
    assert (out / "boundaries.png").stat().st_size > 10_000
    assert not (out / "scale.png").exists()
    assert not (out / "search.png").exists()


def test_tiles_give_the_same_objects(mine, done, tmp_path):
    out, facts = done
    told = []
    tiled = CRITERION.model_copy(update={"tile_px": 40, "margin_px": 8, "tile_iterations": 3})
    found = carried_out(ToSegment(mine.image), tmp_path, told=told, memory_mib=1, segmentation=tiled)
    np.testing.assert_array_equal(labels_of(tmp_path), labels_of(out))
    assert [(done, total) for what, done, total in told if what == "objects, tiles"][-1] == (9, 9)
    assert found["largest_margin_px"] >= 8
    assert facts["largest_margin_px"] is None


def test_a_second_pass_does_nothing(mine, done):
    out, facts = done
    said = []
    assert carried_out(ToSegment(mine.image), out, said=said) == facts
    assert said == ["objects: unchanged, kept"]


def test_too_many_objects_leave_no_polygons_and_it_is_said(mine, tmp_path):
    said = []
    facts = carried_out(ToSegment(mine.image), tmp_path, said=said, max_outlines=3)
    assert not facts["has_outlines"]
    assert not (tmp_path / "objects.gpkg").exists()
    assert any("more than objects.max_outlines 3" in line for line in said)


def test_the_scale_is_estimated_from_the_image(mine, tmp_path):
    facts = carried_out(ToSegment(mine.image), tmp_path, estimate_scale=True)
    assert facts["scale"] in {row["scale"] for row in facts["candidates"]}
    assert facts["scale_why"].startswith("estimated")
    assert (tmp_path / "scale.png").exists()


def test_references_choose_all_three_parameters(mine, tmp_path):
    facts = carried_out(ToSegment(mine.image, mine.references), tmp_path, **FREE)
    assert facts["references_seen_share"] == 1
    table = pd.DataFrame(facts["search"])
    assert len(table) == 81
    best = table.loc[table["area_difference"].idxmin()]
    assert (facts["shape"], facts["compactness"]) == (best["shape"], best["compactness"])
    assert facts["scale"] in {row["scale"] for row in facts["search_by_scale"]}
    assert {"scale.png", "search.png"} <= {path.name for path in tmp_path.iterdir()}
    # Bare ground against woods: objects add up to the disc but for pixels of its rim.
    assert best["area_difference"] < 0.05


def test_references_of_another_place_are_refused(mine, tmp_path):
    away = tmp_path / "away.gpkg"
    gpd.read_file(mine.references).translate(50_000).to_file(away)
    with pytest.raises(InputError, match="do not lie on the image"):
        carried_out(ToSegment(mine.image, away), tmp_path / "out", **FREE)


def test_of_a_large_image_the_window_around_the_references_is_searched(mine, tmp_path):
    image = open_image(mine.image, options=OPTIONS)
    corner = tmp_path / "corner.gpkg"
    disc = gpd.read_file(mine.references)
    disc.intersection(disc.translate(-280, 280)).to_file(corner)  # its upper left part
    with crew() as hands:
        free = OPTIONS.model_copy(update=FREE)
        small = free.model_copy(update={"window_px": 32})
        found = choose(image, gpd.read_file(corner), hands, options=small)
        everything = choose(image, gpd.read_file(corner), hands, options=free)
    assert found.search.table["n_objects"].max() < everything.search.table["n_objects"].max()


def test_an_image_in_degrees_is_segmented_without_areas(mine, tmp_path):
    image = read_raster(mine.image).load()
    geographic = image.odc.reproject("EPSG:4326").rename({"longitude": "x", "latitude": "y"})
    path = tmp_path / "degrees.tif"
    geographic.rio.to_raster(path)
    facts = carried_out(ToSegment(path), tmp_path / "out")
    table = gpd.read_parquet(tmp_path / "out" / "objects.parquet")
    assert len(table) == facts["n_objects"]
    assert "area_m2" not in table
    assert grid_of(read_raster(tmp_path / "out" / "objects.tif")).crs.epsg == 4326


def estimate(**kinds):
    """Estimate whose candidates have a kind each; keys are ``s`` and the scale."""
    rows = [(float(key[1:]), kind, rate) for key, (kind, rate) in kinds.items()]
    table = pd.DataFrame(rows, columns=["scale", "kind", "rate_of_change"]).set_index("scale")
    return ScaleEstimate(pd.DataFrame(), table)


def test_the_first_fall_is_picked_then_the_highest_peak_then_what_was_given():
    both = estimate(s20=("peak", 9.0), s40=("decrease", 0.5), s60=("decrease", 0.2))
    assert pick(both, otherwise=50.0)[0] == 40.0
    assert pick(estimate(s20=("peak", 3.0), s30=("peak", 7.0)), otherwise=50.0)[0] == 30.0
    scale, why = pick(estimate(), otherwise=50.0)
    assert scale == 50.0
    assert why.startswith("the default")


def test_a_stop_in_a_tile_reaches_the_caller(mine, tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("highwall.patches.tiles.from_image", broken)
    tiled = CRITERION.model_copy(update={"tile_px": 64})
    with pytest.raises(KeyboardInterrupt):
        carried_out(ToSegment(mine.image), tmp_path, memory_mib=1, segmentation=tiled)
    assert not (tmp_path / "objects.tif").exists()


def test_tiles_in_work_keep_within_the_memory(mine, tmp_path):
    """At 200 bytes a pixel 1 MiB holds two tiles of 40 pixels with margins of 4, and not four hands' worth."""
    in_work, most = [], []

    class Watching:
        def submit(self, function, window):
            in_work.append(window)
            most.append(len(in_work))
            return Watched(function(window))

    class Watched:
        def __init__(self, tile):
            self.tile = tile

        def result(self):
            in_work.pop()
            return self.tile

        def cancel(self):
            return False

    tiled = OPTIONS.model_copy(update={"segmentation": CRITERION.model_copy(update={"tile_px": 40, "margin_px": 4})})
    run = Run(tmp_path, site_of_raster(mine.image))
    objects(run, ToSegment(mine.image), Crew(Watching(), 4, memory_mib=1), options=tiled)
    assert max(most) == 2


def test_an_image_that_shows_nothing_is_refused(mine, tmp_path):
    path = mine.write(np.full((96, 96), np.nan), "empty.tif", layer="height")
    for estimate_scale in (False, True):
        with pytest.raises(InputError, match="no pixel with a value"):
            carried_out(ToSegment(path), tmp_path / "out", estimate_scale=estimate_scale)
    assert not (tmp_path / "out" / "objects.tif").exists()


def test_the_scale_of_a_flat_image_is_the_default(mine, tmp_path):
    path = mine.write(np.full((96, 96), 7.0), "level.tif", layer="height")
    facts = carried_out(ToSegment(path), tmp_path, estimate_scale=True, **FREE)
    assert (facts["n_objects"], facts["scale"]) == (1, 50.0)
    assert facts["scale_why"].startswith("the default")
    assert (tmp_path / "scale.png").exists()


def test_references_of_other_places_too_do_not_hide_those_on_the_image(mine, tmp_path):
    here = gpd.read_file(mine.references)
    both = pd.concat([here, here.set_geometry(here.translate(50_000))], ignore_index=True)
    image = open_image(mine.image, options=OPTIONS)
    with crew() as hands:
        few = OPTIONS.model_copy(update=FREE | {"search": GridSearchOptions(shapes=(0.1, 0.3), compactnesses=(0.5,))})
        alone, among = (choose(image, references, hands, options=few) for references in (here, both))
    pd.testing.assert_frame_equal(alone.search.table, among.search.table)


def test_references_and_what_they_would_search_contradict_each_other(mine, tmp_path):
    with pytest.raises(InputError, match="references search scale, shape, compactness, but scale is given"):
        carried_out(ToSegment(mine.image, mine.references), tmp_path)
    fixed = {"segmentation": SegmentationOptions(shape=0.3, compactness=0.4)}
    with pytest.raises(InputError, match="but shape and compactness are given"):
        carried_out(ToSegment(mine.image, mine.references), tmp_path, **fixed)


def test_of_references_far_apart_the_window_with_most_of_them_is_taken():
    """Two in one corner, a larger one in the opposite: around the middle of all lies none."""
    place = GeoBox((1000, 1000), Affine(10, 0, 500_000, 0, -10, 4_990_000), "EPSG:32633")
    small, large = [shapely.box(20, 20, 50, 40), shapely.box(60, 30, 90, 50)], shapely.box(900, 900, 940, 940)
    table = gpd.GeoDataFrame(geometry=[*small, large]).affine_transform(place.transform.to_shapely())
    references = gpd.GeoDataFrame(geometry=table, crs=str(place.crs))
    row, col, share = densest(references, place, side_px=100)
    assert (row, col) == (920, 920)
    assert share == pytest.approx(1600 / 2800)
    assert densest(references, place, side_px=1000).share == pytest.approx(1)
    assert densest(references.iloc[:2], place, side_px=100).share == pytest.approx(1)


def test_references_on_an_image_in_degrees_are_found_without_a_warning():
    place = GeoBox((100, 200), Affine(1e-4, 0, 27.0, 0, -1e-4, -26.0), "EPSG:4326")
    references = gpd.GeoDataFrame(geometry=[shapely.box(27.015, -26.005, 27.017, -26.003)], crs="EPSG:4326")
    row, col, share = densest(references, place, side_px=50)
    assert (row, col, share) == (pytest.approx(40), pytest.approx(160), pytest.approx(1))


def test_references_beyond_the_window_are_told(mine, tmp_path):
    said = []
    few = GridSearchOptions(shapes=(0.1,), compactnesses=(0.5,))
    facts = carried_out(
        ToSegment(mine.image, mine.references), tmp_path, said=said, window_px=30, search=few, **FREE
    )  # fmt: skip
    share = 30 * 30 / (np.pi * 22**2)  # a square within the disc
    assert facts["references_seen_share"] == pytest.approx(share, rel=0.01)
    assert any("holds 59 % of the references" in line for line in said)


def test_an_alpha_band_masks_and_is_no_band(mine, tmp_path):
    path, said = tmp_path / "picture.tif", []
    with rasterio.open(mine.image) as dataset:
        layers, profile = dataset.read([3, 2, 1]), dataset.profile
    picture = np.clip(layers / 0.3 * 255, 0, 255)
    alpha = np.full((1, 96, 96), 255.0)
    alpha[:, :, :10] = 0
    plain = {name: profile[name] for name in ("height", "width", "crs", "transform")}
    with rasterio.open(path, "w", driver="GTiff", count=4, dtype="uint8", **plain) as dataset:
        dataset.write(np.concatenate([picture, alpha]).astype(np.uint8))
    facts = carried_out(ToSegment(path), tmp_path / "out", said=said)
    assert (facts["bands"], facts["alpha_band"]) == (["1", "2", "3"], "4")
    assert any("band 4 is alpha" in line for line in said)
    labels = labels_of(tmp_path / "out")
    assert not labels[:, :10].any()
    assert labels[:, 10:].all()
    as_band = carried_out(ToSegment(path), tmp_path / "all", bands=("1", "2", "3", "4"))
    assert (as_band["bands"], as_band["alpha_band"]) == (["1", "2", "3", "4"], None)


def test_pixels_that_cannot_be_read_in_a_tile_name_the_image(mine, tmp_path, monkeypatch):
    def broken(array, *args, **kwargs):
        raise SceneError(f"the pixels of {array.name} cannot be read")

    tiled = CRITERION.model_copy(update={"tile_px": 64})
    monkeypatch.setattr("highwall.workflows.outlining.objects.loaded", broken)
    with pytest.raises(SceneError, match="the pixels of image cannot be read"):
        carried_out(ToSegment(mine.image), tmp_path, memory_mib=1, segmentation=tiled)


def test_more_bands_take_more_memory(mine, tmp_path):
    """13 bands of 96 × 96 pixels take more than the 2 MiB that hold 3 of them."""
    path = mine.write(
        np.random.default_rng(1).uniform(0, 0.3, (13, 96, 96)), "many.tif", layer="reflectance",
        bands=[f"band {number}" for number in range(13)],
    )  # fmt: skip
    tiled = CRITERION.model_copy(update={"tile_px": 64, "margin_px": 4})
    few, many = (
        carried_out(ToSegment(image), tmp_path / image.stem, memory_mib=2, segmentation=tiled)
        for image in (mine.image, path)
    )
    assert few["largest_margin_px"] is None
    assert many["largest_margin_px"] is not None
