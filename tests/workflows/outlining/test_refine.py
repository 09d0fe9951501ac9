"""From a prediction on disk to patches along objects, as the verb does it. All of it is made up."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.features import geometry_mask

from highwall.core.errors import GridError, InputError
from highwall.core.grid import grid_of
from highwall.core.taxonomy import LAND_COVER_MAPS, WORLD_COVER
from highwall.core.truth.scores import iou
from highwall.io.rasters import open_bands, read_raster
from highwall.patches.options import PatchOptions, RefineOptions, SegmentationOptions
from highwall.workflows.blocks import crew
from highwall.workflows.config import ObjectsSection, PatchesSection, RunConfig
from highwall.workflows.outlining.refine import ToRefine, count_reasons, refine
from highwall.workflows.outlining.surroundings import Sun
from highwall.workflows.run import Run, facts_of
from highwall.workflows.sites import site_of_raster

OPTIONS = RunConfig(
    patches=PatchesSection(min_area_m2=500, seed=0.5),
    objects=ObjectsSection(segmentation=SegmentationOptions(scale=20.0)),
)


def carried_out(given, out, *, options=OPTIONS):
    with crew() as hands:
        return facts_of(refine(Run(out, site_of_raster(given.probability)), given, hands, options=options))


def found(out, mine):
    """Pixels of the mine's image that lie in the patches of a run."""
    grid, patches = grid_of(read_raster(mine.image)), gpd.read_parquet(out / "patches.parquet")
    if patches.empty:
        return np.zeros(grid.shape, bool)
    return geometry_mask(patches.geometry, out_shape=grid.shape, transform=grid.transform, invert=True)


@pytest.fixture(scope="module")
def in_pixels(mine, tmp_path_factory):
    out = tmp_path_factory.mktemp("pixels")
    return out, carried_out(ToRefine(mine.probability), out)


@pytest.fixture(scope="module")
def along_objects(mine, tmp_path_factory):
    out = tmp_path_factory.mktemp("objects")
    return out, carried_out(ToRefine(mine.probability, mine.image), out)


def test_objects_of_the_image_mend_the_outline_of_a_coarse_prediction(mine, in_pixels, along_objects):
    """Cells of 160 m over a disc of 440 m across; the image shows its edge to the pixel."""
    assert iou(found(in_pixels[0], mine), mine.is_mine) < 0.85
    assert iou(found(along_objects[0], mine), mine.is_mine) > 0.97


def test_every_segment_has_its_reason(along_objects):
    out, facts = along_objects
    segments = pd.read_parquet(out / "segments.parquet")
    assert len(segments) == facts["n_segments"] == sum(facts["by_reason"].values())
    assert segments["reason"].str.len().min() > 10
    assert set(segments.index) == set(np.unique(open_bands(out / "objects.tif").values))
    patches = gpd.read_parquet(out / "patches.parquet")
    assert set(segments.loc[segments["is_kept"], "patch_id"]) == set(patches["patch_id"])


def test_the_record_says_how_it_was_done(along_objects):
    out, facts = along_objects
    assert facts["method"] == "objects"
    assert (facts["cut"]["share"], facts["cut"]["source"]) == (0.5, "default")
    assert (facts["scale"], facts["scale_why"]) == (20.0, "as given")
    assert facts["probability"] is None
    assert (out / "stac" / "objects.json").exists()
    assert (out / "refinement.png").stat().st_size > 10_000


def test_in_pixels_no_object_is_made(in_pixels):
    out, facts = in_pixels
    assert facts["method"] == "pixels"
    assert {path.name for path in out.iterdir()} == {
        "patches.gpkg", "patches.parquet", "patches_dropped.gpkg", "patches_dropped.parquet", "catalog.json", "stac",
    }  # fmt: skip


def test_another_cut_does_not_segment_again(mine, along_objects):
    out, _ = along_objects
    said = []
    with crew() as hands:
        run = Run(out, site_of_raster(mine.probability), said.append)
        options = OPTIONS.model_copy(update={"refine": RefineOptions(cut=0.99)})
        refine(run, ToRefine(mine.probability, mine.image), hands, options=options)
        assert said == ["objects: unchanged, kept", "refine: working"]
        refine(run, ToRefine(mine.probability, mine.image), hands, options=OPTIONS)


def test_back_to_pixels_nothing_of_the_objects_is_left_for_the_result(mine, tmp_path):
    carried_out(ToRefine(mine.probability, mine.image), tmp_path)
    carried_out(ToRefine(mine.probability), tmp_path)
    assert not (tmp_path / "segments.parquet").exists()
    assert not (tmp_path / "refinement.png").exists()


def test_references_find_the_cut(mine, tmp_path):
    facts = carried_out(ToRefine(mine.probability, mine.image, mine.references), tmp_path)
    assert facts["cut"]["source"] == "references"
    assert facts["cut"]["reference_m2"] == pytest.approx(100.0 * mine.is_mine.sum(), rel=0.02)
    assert iou(found(tmp_path, mine), mine.is_mine) > 0.97


def test_vetoed_land_is_dropped_with_its_reason(mine, tmp_path):
    cover = mine.write(np.full((96, 96), 80.0), "water.tif", layer="land_cover")
    facts = carried_out(ToRefine(mine.probability, mine.image, land_cover=cover), tmp_path)
    assert facts["n_patches"] == 0
    assert facts["land_cover"] == "nearest"
    dropped = gpd.read_parquet(tmp_path / "patches_dropped.parquet")
    assert dropped["reason"].str.contains("permanent_water").any()


@pytest.mark.parametrize(("elevation_deg", "n_patches"), [(15.0, 0), (85.0, 1)])
def test_terrain_shadow_is_dropped_though_what_casts_it_stands_outside(mine, tmp_path, elevation_deg, n_patches):
    """A wall of 400 m just east of the image throws a shadow of 1.5 km at 15°, of 35 m at 85°."""
    heights = np.zeros((96, 140))
    heights[:, 100:] = 400.0
    dem = mine.write(heights, "dem.tif", layer="height")
    given = ToRefine(mine.probability, mine.image, dem=dem, sun=Sun(90.0, elevation_deg))
    facts = carried_out(given, tmp_path)
    assert facts["n_patches"] == n_patches
    assert ("part of it lies in terrain shadow" in facts["by_reason"]) == (n_patches == 0)


def test_a_coarser_prediction_is_put_on_the_grid_of_the_image(mine, tmp_path):
    whole = read_raster(mine.probability).load()
    coarse = whole.coarsen(y=8, x=8).mean().values
    path = mine.write(coarse, "coarse.tif", layer="class_probability", step=80.0, bands=whole["band"].values.tolist())
    facts = carried_out(ToRefine(path, mine.image), tmp_path)
    assert facts["probability"] == "bilinear"
    assert iou(found(tmp_path, mine), mine.is_mine) > 0.95


def test_an_image_in_degrees_is_put_on_the_grid_of_the_prediction(mine, tmp_path):
    path = tmp_path / "degrees.tif"
    read_raster(mine.image).load().odc.reproject("EPSG:4326").rio.to_raster(path)
    facts = carried_out(ToRefine(mine.probability, path), tmp_path / "out")
    assert grid_of(read_raster(tmp_path / "out" / "objects.tif")) == grid_of(read_raster(mine.probability))
    assert facts["n_patches"] == 1


def test_an_image_in_web_mercator_is_put_on_the_grid_of_the_prediction(mine, tmp_path):
    path = tmp_path / "web.tif"
    read_raster(mine.image).load().odc.reproject("EPSG:3857").rio.to_raster(path)
    carried_out(ToRefine(mine.probability, path), tmp_path / "out")
    assert grid_of(read_raster(tmp_path / "out" / "objects.tif")) == grid_of(read_raster(mine.probability))


def test_what_lies_beyond_the_image_is_told(mine, tmp_path):
    """The image ends at column 60; of the 9 cells that the disc fills by half or more, a row has 3."""
    path, said = tmp_path / "west.tif", []
    read_raster(mine.image).load().isel(x=slice(0, 60)).rio.to_raster(path)
    with crew() as hands:
        run = Run(tmp_path / "out", site_of_raster(mine.probability), said.append)
        facts = facts_of(refine(run, ToRefine(mine.probability, path), hands, options=OPTIONS))
    is_predicted = read_raster(mine.probability).sel(band="industrial_mine").values >= 0.5
    share = is_predicted[:, 60:].sum() / is_predicted.sum()
    assert facts["unseen_share"] == pytest.approx(share)
    assert any(f"{100 * share:.2g} % of the prediction is left out" in line for line in said)
    kept = gpd.read_parquet(tmp_path / "out" / "patches.parquet")
    assert kept["known_share"].tolist() == [1.0] * len(kept)


def test_a_prediction_that_ends_within_the_image_is_known_in_part(mine, tmp_path):
    path = tmp_path / "part.tif"
    west = read_raster(mine.probability).load().isel(x=slice(0, 50))
    west.rio.to_raster(path)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = tuple(west["band"].values)
    facts = carried_out(ToRefine(path, mine.image), tmp_path / "out")
    assert facts["unseen_share"] == 0
    segments = pd.read_parquet(tmp_path / "out" / "segments.parquet")
    assert segments["known_share"].max() < 1
    assert (segments["known_share"] * segments["area_m2"]).sum() == pytest.approx(50 * 96 * 100.0)


@pytest.mark.parametrize("has_image", [False, True])
def test_a_land_cover_of_other_codes_vetoes_by_the_names_it_is_given(mine, tmp_path, has_image):
    cover = mine.write(np.full((96, 96), 7.0), "towns.tif", layer="land_cover")
    given = ToRefine(mine.probability, mine.image if has_image else None, land_cover=cover)
    with pytest.raises(InputError, match="none of the codes"):
        carried_out(given, tmp_path)
    for number, names in enumerate(
        (LAND_COVER_MAPS["io_lulc"], WORLD_COVER | {7: "built_up"}, WORLD_COVER | {7: "ice"})
    ):
        facts = carried_out(given._replace(class_map=names), tmp_path)
        assert facts["n_patches"] == (1 if number == 2 else 0)


def test_where_both_lie_in_degrees_nothing_is_segmented(mine, tmp_path):
    layers, paths = read_raster(mine.probability).load(), (tmp_path / "image.tif", tmp_path / "probability.tif")
    read_raster(mine.image).load().odc.reproject("EPSG:4326").rio.to_raster(paths[0])
    layers.odc.reproject("EPSG:4326").rio.to_raster(paths[1])
    with pytest.raises(GridError, match="projected CRS in metres"):
        carried_out(ToRefine(paths[1], paths[0]), tmp_path / "out")
    assert not (tmp_path / "out" / "objects.tif").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dem": "dem.tif"}, "give both dem and sun"),
        ({"references": "references.gpkg"}, "references serve the refinement by objects"),
    ],
)
def test_what_lacks_its_partner_is_refused(mine, tmp_path, given, message):
    paths = {name: mine.folder / file for name, file in given.items()}
    with pytest.raises(InputError, match=message):
        carried_out(ToRefine(mine.probability, **paths), tmp_path)


def test_outlines_along_objects_need_an_image(mine, tmp_path):
    asked = RunConfig(patches=PatchesSection(method="objects"))
    with pytest.raises(InputError, match="give the image too"):
        carried_out(ToRefine(mine.probability), tmp_path, options=asked)


def test_layers_of_another_place_are_refused(mine, tmp_path):
    away = read_raster(mine.probability).load()
    path = tmp_path / "away.tif"
    away.assign_coords(x=away["x"] + 50_000).rio.to_raster(path)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = tuple(away["band"].values)
    with pytest.raises(InputError, match="shows nothing of the image"):
        carried_out(ToRefine(path, mine.image), tmp_path / "out")
    cover = mine.write(np.zeros((96, 96)), "none.tif", layer="land_cover")
    with pytest.raises(InputError, match=r"none of the codes 10, 20, .* say what its codes mean: worldcover"):
        carried_out(ToRefine(mine.probability, mine.image, land_cover=cover), tmp_path / "out")


def test_reasons_are_counted_by_kind():
    reasons = pd.Series(
        ["12.5 % of it lies in terrain shadow", "80 % of it lies in terrain shadow", "its patch is small"]
    )
    assert count_reasons(reasons) == {"its patch is small": 1, "part of it lies in terrain shadow": 2}


def test_the_section_of_patches_is_that_of_the_room_with_a_method():
    assert set(PatchesSection.model_fields) == {*PatchOptions.model_fields, "method"}
    assert PatchesSection().method == "pixels"


def test_areas_of_classes_that_the_chip_network_does_not_know_are_counted(mine, tmp_path):
    layers = read_raster(mine.probability).load().values
    path = mine.write(layers, "others.tif", layer="class_probability", bands=("none", "dump", "pit"))
    facts = carried_out(ToRefine(path, mine.image), tmp_path)
    assert facts["area_m2"]["pit"] == pytest.approx(100.0 * mine.is_mine.sum(), rel=0.05)


@pytest.mark.parametrize("has_image", [False, True])
def test_what_is_no_probability_is_refused(mine, tmp_path, has_image):
    layers = read_raster(mine.probability).load().values
    one = mine.write(layers[2], "one.tif", layer="height")
    percent = mine.write(100 * layers, "percent.tif", layer="reflectance", bands=("none", "dump", "pit"))
    nameless = mine.write(layers, "nameless.tif", layer="class_probability", bands=("none", "dump", "pit"))
    with rasterio.open(nameless, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as dataset:
        dataset.descriptions = (None, None, None)
    unknown = mine.write(np.nan * layers, "nan.tif", layer="class_probability", bands=("none", "dump", "pit"))
    image = mine.image if has_image else None
    with pytest.raises(InputError, match="a band a class"):
        carried_out(ToRefine(one, image), tmp_path / "one")
    with pytest.raises(InputError, match="between 0 and 1"):
        carried_out(ToRefine(percent, image), tmp_path / "percent")
    with pytest.raises(InputError, match="does not name its bands"):
        carried_out(ToRefine(nameless, image), tmp_path / "nameless")
    with pytest.raises(InputError, match="no pixel with a probability"):
        carried_out(ToRefine(unknown, image), tmp_path / "unknown")
