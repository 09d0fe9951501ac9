"""Two maps of land cover: matrices, polygons with dates, sites, other grids, and what is refused."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import GridError, InputError, MissingInputError, VectorError
from highwall.core.taxonomy import CLASS_SETS
from highwall.segmentation.decision import CODES
from highwall.segmentation.labels import BITS, OUTSIDE
from highwall.workflows.mapping.change import ToCompare, change
from tests.io.rasters_made import LEFT, TOP

SIDE = 80
EXACT = {"min_area_m2": 0.0, "simplify_m": 0.0}


def bits(pit, dump, *, missing=0):
    """Labels of a pit from column 10 to ``pit`` and a dump from row 40 to ``dump``."""
    mask = np.zeros((SIDE, SIDE), np.uint16)
    mask[10:30, 10:pit] |= BITS["excavation"]
    mask[40:dump, 10:60] |= BITS["dumping_ground"]
    mask[:, SIDE - missing :] = OUTSIDE
    return mask


def write(path, values, *, step=10.0, left=LEFT, nodata=OUTSIDE, **tags):
    height, width = values.shape
    profile = {"driver": "GTiff", "count": 1, "height": height, "width": width, "dtype": values.dtype}
    transform = rasterio.Affine(step, 0, left, 0, -step, TOP)
    with rasterio.open(path, "w", crs="EPSG:32633", transform=transform, nodata=nodata, **profile) as file:
        file.write(values[None])
        file.update_tags(**tags)
    return path


@pytest.fixture
def given(tmp_path):
    before = write(tmp_path / "labels_2019-07-01.tif", bits(40, 60))
    after = write(tmp_path / "labels_2021-07-01.tif", bits(50, 50, missing=5))
    return ToCompare(before, after)


def test_what_changed_is_counted_outlined_and_dated(given, tmp_path):
    out = tmp_path / "out"
    facts = change(given, out, changes=EXACT)
    matrix = pd.read_csv(out / "mining_from_to.csv").set_index(["subset", "class_before", "class_after"])["area_m2"]
    assert matrix[1, "background", "excavation"] == 20 * 10 * 100
    assert matrix[2, "dumping_ground", "background"] == 10 * 50 * 100
    assert matrix[1, "excavation", "excavation"] == 20 * 30 * 100
    for subset in (0, 1, 2, 3, 4):
        assert matrix[subset].sum() == SIDE * (SIDE - 5) * 100
    table = gpd.read_parquet(out / "mining_change.parquet").set_index("subset")
    assert (table.loc[1, "kind"], table.loc[2, "kind"]) == ("expansion", "abandonment")
    for several in (0, 4):
        assert sorted(table.loc[[several], "kind"]) == ["abandonment", "expansion"]
    assert (table["date_before"] == "2019-07-01").all()
    assert (table["date_after"] == "2021-07-01").all()
    whole = next(row for row in facts["totals"] if row["subset"] == 4)
    assert (whole["expansion_ha"], whole["abandonment_ha"]) == (2.0, 5.0)
    assert whole["net_ha_per_year"] == pytest.approx(-3.0 / 2, rel=0.01)
    with rasterio.open(out / "mining_from_to_1.tif") as raster:
        codes = raster.read(1)
    assert (codes[10:30, 40:50] == CODES["excavation"]).all()
    assert (codes[:, -5:] == 65535).all()
    assert (out / "mining_change.png").exists()


def test_a_class_that_became_another_is_converted(tmp_path):
    first, second = bits(40, 40), bits(40, 40)
    second[10:30, 10:20] = BITS["preparatory_work_area"]
    given = ToCompare(write(tmp_path / "a.tif", first), write(tmp_path / "b.tif", second))
    change(given, tmp_path / "out", changes=EXACT)
    table = gpd.read_parquet(tmp_path / "out" / "mining_change.parquet")
    assert table["subset"].tolist() == [0, 1]
    row = table.iloc[0]
    assert (row["kind"], row["class_before"], row["class_after"]) == (
        "conversion", "excavation", "preparatory_work_area",
    )  # fmt: skip
    assert row["date_before"] == ""


def types(iron, clay):
    """Codes of an iron pit from column 10 to ``iron`` and a clay pit from row 40 to ``clay``."""
    codes = np.zeros((SIDE, SIDE), np.uint8)
    codes[10:30, 10:iron], codes[40:clay, 10:60] = CODES["iron_open_pit"], CODES["clay_open_pit"]
    return codes


TYPE_TAGS = {f"CLASS_{CODES[name]}": name for name in CLASS_SETS[5]}


@pytest.mark.parametrize("kind", ["folder", "raster", "labels"])
def test_types_of_mines_are_compared(tmp_path, kind):
    maps = []
    for date, codes in (("2019-07-01", types(40, 60)), ("2021-07-01", types(50, 60))):
        folder = tmp_path / date
        folder.mkdir()
        if kind == "labels":
            bits = np.where(codes > 0, 1 << np.maximum(codes.astype(np.uint16), 1) - 1, 0).astype(np.uint16)
            maps.append(write(folder / f"labels_{date}.tif", bits, CLASS_1="excavation", **TYPE_TAGS))
        else:
            path = write(folder / "mining_subset_5.tif", codes, nodata=255, ACQUISITION_DATE=date, **TYPE_TAGS)
            maps.append(folder if kind == "folder" else path)
    given = ToCompare(*maps)
    facts = change(given, tmp_path / "out", changes=EXACT)
    assert [(row["subset"], row["expansion_ha"]) for row in facts["totals"]] == [(5, 2.0)]
    matrix = pd.read_csv(tmp_path / "out" / "mining_from_to.csv").set_index(["class_before", "class_after"])["area_m2"]
    assert matrix["background", "iron_open_pit"] == 20 * 10 * 100
    assert matrix["clay_open_pit", "clay_open_pit"] == 20 * 50 * 100
    assert (tmp_path / "out" / "mining_change.png").exists()


def test_a_pit_that_became_a_dump_is_converted_among_all_classes_alone(tmp_path):
    first, second = bits(40, 40), bits(40, 40)
    second[10:30, 10:20] = BITS["dumping_ground"]
    given = ToCompare(write(tmp_path / "a.tif", first), write(tmp_path / "b.tif", second))
    facts = change(given, tmp_path / "out", changes=EXACT)
    of_subset = {row["subset"]: row for row in facts["totals"]}
    assert of_subset[0]["conversion_ha"] == of_subset[1]["abandonment_ha"] == of_subset[2]["expansion_ha"] == 2.0
    assert of_subset[4]["expansion_ha"] == of_subset[4]["abandonment_ha"] == 0.0


def test_every_site_has_a_matrix_of_its_own(given, tmp_path):
    north = shapely.box(LEFT, TOP - 350, LEFT + 800, TOP)
    south = shapely.box(LEFT, TOP - 700, LEFT + 800, TOP - 350)
    sites = gpd.GeoDataFrame({"name": ["north", "south"]}, geometry=[north, south], crs="EPSG:32633")
    sites.to_crs("EPSG:4326").to_file(tmp_path / "sites.gpkg")
    change(given._replace(sites=tmp_path / "sites.gpkg"), tmp_path / "out", changes=EXACT)
    matrix = pd.read_csv(tmp_path / "out" / "mining_from_to.csv")
    whole = matrix[matrix["subset"] == 4]
    assert whole[whole["kind"] == "expansion"]["site"].tolist() == ["north"]
    assert whole[whole["kind"] == "abandonment"]["site"].tolist() == ["south"]
    assert whole["n_px"].sum() == SIDE * (SIDE - 5)
    table = gpd.read_parquet(tmp_path / "out" / "mining_change.parquet")
    assert set(zip(table["kind"], table["site"], strict=True)) == {("expansion", "north"), ("abandonment", "south")}
    far = sites.assign(geometry=sites.translate(1e5))
    far.to_file(tmp_path / "far.gpkg")
    with pytest.raises(GridError, match="no site of"):
        change(given._replace(sites=tmp_path / "far.gpkg"), tmp_path / "out")
    sites.rename(columns={"name": "label"}).to_file(tmp_path / "nameless.gpkg")
    with pytest.raises(VectorError, match="column site"):
        change(given._replace(sites=tmp_path / "nameless.gpkg"), tmp_path / "out")


def test_ground_in_two_sites_counts_for_the_first_in_matrix_and_polygons(given, tmp_path):
    whole = shapely.box(LEFT, TOP - 800, LEFT + 800, TOP)
    sites = gpd.GeoDataFrame({"name": ["second", "first"]}, geometry=[whole, whole], crs="EPSG:32633")
    sites.to_file(tmp_path / "sites.gpkg")
    change(given._replace(sites=tmp_path / "sites.gpkg"), tmp_path / "out", changes=EXACT)
    assert set(pd.read_csv(tmp_path / "out" / "mining_from_to.csv")["site"]) == {"first"}
    assert set(gpd.read_parquet(tmp_path / "out" / "mining_change.parquet")["site"]) == {"first"}


def test_a_map_on_another_grid_is_put_on_the_first(given, tmp_path):
    half = write(tmp_path / "half_2021-07-01.tif", np.kron(bits(50, 50), np.ones((2, 2), np.uint16)), step=5.0)
    fine = change(given._replace(after=half), tmp_path / "out", changes=EXACT)
    assert fine["totals"][4]["expansion_ha"] == 2.0


def test_codes_of_one_subset_are_compared_with_bits(given, tmp_path):
    codes = np.where(bits(50, 50) & BITS["dumping_ground"] > 0, np.uint8(2), np.uint8(0))
    single = write(tmp_path / "dumps_2021-07-01.tif", codes, nodata=255, CLASS_0="background", CLASS_2="dumping_ground")
    facts = change(given._replace(after=single), tmp_path / "out", changes=EXACT)
    assert facts["subsets"] == [2]
    assert facts["totals"][0]["abandonment_ha"] == 5.0


def test_codes_of_all_classes_hold_the_class_that_contains_theirs(tmp_path):
    place, everything = (slice(10, 30), slice(10, 40)), BITS["tailing_storage_facility"] | BITS["dumping_ground"]
    codes, drawn = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint16)
    codes[place], drawn[place] = CODES["tailing_storage_facility"], everything
    given = ToCompare(write(tmp_path / "a.tif", codes, nodata=255), write(tmp_path / "b.tif", drawn))
    totals = change(given, tmp_path / "out", changes=EXACT)["totals"]
    assert all(row["expansion_ha"] == row["abandonment_ha"] == 0.0 for row in totals)


def test_labels_that_tell_some_subsets_only_say_nothing_of_the_others(given, tmp_path):
    said = {"CLASS_0": "background", "CLASS_1": "excavation", "CLASS_6": "preparatory_work_area"}
    part = write(tmp_path / "part_2021-07-01.tif", bits(50, 50), **said)
    assert change(given._replace(after=part), tmp_path / "out", changes=EXACT)["subsets"] == [1]


@pytest.mark.parametrize("swap", [True, False])
def test_maps_that_cannot_be_compared_are_refused(given, tmp_path, swap):
    if swap:
        with pytest.raises(InputError, match="the earlier first"):
            change(ToCompare(given.after, given.before), tmp_path / "out")
        return
    elsewhere = write(tmp_path / "far.tif", bits(40, 40), left=LEFT + 50_000)
    with pytest.raises(GridError, match="different places"):
        change(given._replace(after=elsewhere), tmp_path / "out")
    with pytest.raises(MissingInputError, match="no map"):
        change(given._replace(after=tmp_path / "none"), tmp_path / "out")
    with pytest.raises(MissingInputError, match="highwall segment"):
        change(given._replace(after=tmp_path), tmp_path / "out")
    with pytest.raises(InputError, match="float32"):
        change(given._replace(after=write(tmp_path / "f.tif", np.ones((9, 9), np.float32))), tmp_path / "out")


def test_the_verb(given, tmp_path):
    arguments = ["change", str(given.before), str(given.after), "--out", str(tmp_path / "out"), "--min-area", "0"]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "out" / "mining_change.gpkg").exists()
