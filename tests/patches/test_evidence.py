import geopandas as gpd
import numpy as np
import pytest
import shapely

from highwall.core.errors import InputError
from highwall.patches.evidence import (
    Prediction,
    Surroundings,
    burn,
    find_cut,
    measure,
    objection,
    prediction_of,
)
from highwall.patches.options import RefineOptions
from highwall.patches.regions import count_pixels

from .maps import grid, probability

LABELS = np.array([[1, 1, 2, 2], [1, 1, 2, 0], [4, 4, 4, 4]], "i4")  # 3 has no pixel
KNOWN = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0]], bool)


def layer(values: list[list[float]]):
    return probability(np.zeros((3, 4))).isel(band=0, drop=True).copy(data=np.array(values, "f8"))


def measured(predicted: list[list[int]], reference: list[list[int]] | None = None, around: Surroundings | None = None):
    return measure(
        LABELS,
        prediction=Prediction(KNOWN, np.array(predicted, bool), np.array(predicted, bool)),
        is_reference=None if reference is None else np.array(reference, bool),
        around=around or Surroundings(),
        veto=("cropland",),
        pixel_m2=100.0,
    )


PREDICTED = [[1, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0]]


def test_segments_are_measured_in_square_metres():
    table = measured(PREDICTED, [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]])
    assert table.index.tolist() == [1, 2, 4]
    assert table["area_m2"].tolist() == [400, 300, 400]
    assert table["known_share"].tolist() == [1, 1, 0.5]
    assert table["predicted_m2"].tolist() == [300, 100, 0]
    assert table["predicted_share"].tolist() == pytest.approx([0.75, 1 / 3, 0])
    assert table["reference_m2"].tolist() == [0, 300, 0]  # the pixel without a segment does not count


def test_land_cover_and_shadow_are_shares():
    cover = layer([[40, 40, 10, 40], [40, 10, 10, 40], [10, 10, 10, 10]])
    shadow = layer([[0, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]]) > 0
    table = measured(PREDICTED, around=Surroundings(land_cover=cover, is_shadow=shadow))
    assert table["veto_share"].tolist() == pytest.approx([0.75, 1 / 3, 0])
    assert table["shadow_share"].tolist() == pytest.approx([0.25, 2 / 3, 0])
    own = Surroundings(land_cover=cover, class_map={10: "cropland", 40: "forest"})
    assert measured(PREDICTED, around=own)["veto_share"].tolist() == pytest.approx([0.25, 2 / 3, 1])


def test_a_missing_probability_is_below_every_bound():
    found = prediction_of(probability(np.array([[0.4, 0.5, 0.8, np.nan]])), options=RefineOptions(seed=0.8))
    assert found.is_known.tolist() == [[True, True, True, False]]
    assert found.is_predicted.tolist() == [[False, True, True, False]]
    assert found.is_seed.tolist() == [[False, False, True, False]]


def test_the_cut_is_given_found_or_the_default():
    table = measured(PREDICTED, [[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
    assert find_cut(table, options=RefineOptions(cut=0.215), has_references=True)[:2] == (0.215, "given")
    assert find_cut(table, options=RefineOptions(), has_references=False)[:2] == (0.5, "default")
    found = find_cut(table, options=RefineOptions(), has_references=True)
    assert (found.share, found.source, found.reference_m2, found.reached_m2) == (0.75, "references", 500.0, 400.0)


@pytest.mark.parametrize(
    ("ranked", "total", "share"),
    [
        ("references", "segments", 1 / 3),  # 300 m² of segment 2 against 300 m²
        ("predictions", "segments", 0.75),  # 400 m² of segment 1 is nearer 300 m² than 700 m²
        ("references", "intersections", 1 / 3),
        ("predictions", "intersections", 0.75),  # 300 m² predicted in segment 1
    ],
)
def test_what_is_ranked_and_what_added_up_are_options(ranked: str, total: str, share: float):
    table = measured(PREDICTED, [[0, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]])
    cut = find_cut(table, options=RefineOptions(ranked=ranked, total=total), has_references=True)
    assert cut.share == pytest.approx(share)


def test_references_that_meet_no_prediction_leave_the_default():
    table = measured(PREDICTED, [[0] * 4, [0] * 4, [1] * 4])
    assert find_cut(table, options=RefineOptions(), has_references=True).source == "default"


def test_references_off_the_segments_are_refused():
    with pytest.raises(InputError, match="no reference patch lies on a segment"):
        find_cut(measured(PREDICTED, [[0] * 4, [0, 0, 0, 1], [0] * 4]), options=RefineOptions(), has_references=True)


def test_objections_name_what_was_found():
    cover = layer([[40] * 4, [10] * 4, [10] * 4])
    shadow = layer([[0, 0, 1, 1], [0, 0, 0, 0], [0] * 4]) > 0
    table = measured([[1, 1, 1, 0], [1, 1, 0, 0], [0] * 4], around=Surroundings(land_cover=cover, is_shadow=shadow))
    options = RefineOptions(max_veto_share=0.6)

    def said(cut: float) -> list[str]:
        return [objection(row, cut=cut, options=options) for row in table.itertuples()]

    assert said(0.5) == [
        "",
        "33.3 % of it was predicted, less than the cut of 50.0 %",
        "nothing of it was predicted",
    ]
    assert said(0.1)[1] == "67 % of it is built_up or cropland or permanent_water"
    lit = options.model_copy(update={"max_veto_share": 0.7})
    assert objection(table.loc[2], cut=0.1, options=lit) == "67 % of it lies in terrain shadow"


def test_pixels_are_counted_by_label():
    assert count_pixels(LABELS).tolist() == [4, 3, 0, 4]
    assert count_pixels(LABELS, LABELS == 2).tolist() == [0, 3, 0, 0]


def test_references_of_any_crs_are_burnt_where_pixel_centres_lie_in_them():
    square = gpd.GeoSeries([shapely.box(500_000, 4_989_980, 500_014, 4_990_000), None], crs="EPSG:32633")
    burnt = burn(gpd.GeoDataFrame(geometry=square).to_crs("EPSG:4326"), grid(3, 4))
    assert burnt.tolist() == [[True, False, False, False]] * 2 + [[False] * 4]
    assert not burn(gpd.GeoDataFrame(geometry=square.iloc[:0]), grid(3, 4)).any()
