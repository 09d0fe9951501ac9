import geopandas as gpd
import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.patches.accuracy import area_similarity, by_cause, by_size, by_type, compare_objects, summarize

from .tables import rectangles


def test_identification_as_the_paper_counts_it():
    everything = [(100 * n, 0, 100 * n + 50, 50) for n in range(238)]
    references = gpd.GeoDataFrame(geometry=rectangles(*everything).geometry)
    scores = summarize(compare_objects(references, references.iloc[:228]))
    assert scores.loc["all", "n_identified"] == 228
    assert round(100 * scores.loc["all", "identification_accuracy"], 2) == 95.80


def test_held_out_patches_are_scored_apart():
    references = rectangles((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10), is_held_out=[True, True, False])
    scores = summarize(compare_objects(references, rectangles((0, 0, 10, 10), (40, 0, 50, 8))))
    assert scores["n"].tolist() == [3, 2, 1]
    assert scores["identification_accuracy"].tolist() == pytest.approx([2 / 3, 1 / 2, 1])
    assert scores["area_similarity"].tolist() == pytest.approx([0.9, 1.0, 0.8])
    assert scores["share_similar"].tolist() == [0.5, 1.0, 0.0]
    assert scores["iou"].tolist() == pytest.approx([0.9, 1.0, 0.8])


def test_what_many_cover_together_has_no_similarity_and_does_not_lower_the_others():
    """Three larger patches cover a third of the second reference each: none shares half of the smaller of the two."""
    references = rectangles((0, 0, 10, 10), (100, 0, 106, 1))
    cover = [(80, 0, 102, 1), (102, 0, 104, 50), (104, 0, 126, 1)]
    scores = summarize(compare_objects(references, rectangles((0, 0, 10, 10), *cover)))
    assert scores.loc["all", "n_identified"] == 2
    assert scores.loc["all", ["area_similarity", "share_similar", "iou"]].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("east", "is_identified"), [(4.9, False), (5.0, True), (10.0, True)])
def test_a_patch_is_identified_from_the_stated_share_on(east: float, is_identified: bool):
    accuracy = compare_objects(rectangles((0, 0, 10, 10)), rectangles((0, 0, east, 10)), min_overlap=0.5)
    assert accuracy.references["is_identified"].tolist() == [is_identified]


def test_fragments_count_together():
    accuracy = compare_objects(rectangles((0, 0, 10, 10)), rectangles((0, 0, 4, 10), (5, 0, 10, 10)))
    (row,) = accuracy.references.itertuples()
    assert (row.n_found, row.found_m2, row.covered_share) == (2, 90.0, pytest.approx(0.9))
    assert (row.area_similarity, row.iou) == (pytest.approx(0.9), pytest.approx(0.9))


def test_area_similarity_says_nothing_of_place():
    accuracy = compare_objects(rectangles((0, 0, 10, 10)), rectangles((5, 0, 15, 10)))
    (row,) = accuracy.references.itertuples()
    assert row.area_similarity == 1.0
    assert row.iou == pytest.approx(1 / 3)


def test_the_papers_similarities_by_type_weigh_to_more_than_its_mean():
    n, mean = np.array([112, 74, 28, 14]), np.array([0.81, 0.80, 0.78, 0.76])
    assert n.sum() == 228
    assert round(float((n * mean).sum() / n.sum()), 2) == 0.80  # printed: 0.78


def test_similarity_is_symmetric_and_missing_without_area():
    np.testing.assert_allclose(
        area_similarity(np.array([1.0, 4.0, 0.0]), np.array([4.0, 1.0, 2.0])), [0.25, 0.25, np.nan]
    )


def test_omission_and_commission_by_size():
    references = rectangles((0, 0, 50, 50), (100, 0, 150, 50), (200, 0, 400, 100))
    found = rectangles((0, 0, 50, 50), (200, 0, 400, 100), (1000, 0, 1010, 10))
    table = by_size(compare_objects(references, found), edges_m2=(0, 2_500, 20_000, np.inf))
    assert table["n_references"].tolist() == [0, 2, 1]
    assert table["n_omitted"].tolist() == [0, 1, 0]
    assert table["omission"].tolist()[1:] == [0.5, 0.0]
    assert np.isnan(table["omission"].iloc[0])
    assert table["n_commissions"].tolist() == [1, 0, 0]
    assert table["commission"].tolist() == [1.0, 0.0, 0.0]


def test_causes_come_from_the_patch_else_from_the_layer():
    found = rectangles(
        (0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10), (60, 0, 70, 10), cause=[None, None, "road", None]
    )
    layer = rectangles(
        (0, 0, 6, 10),
        (6, 0, 10, 10),
        (20, 0, 24, 10),
        (40, 0, 50, 10),
        cause=["wind_farm", "shadow", "shadow", "shadow"],
    )
    accuracy = compare_objects(rectangles((60, 0, 70, 10), cause=["weathered_face"]), found, causes=layer)
    assert accuracy.found["cause"].tolist() == ["wind_farm", "unexplained", "road", "unexplained"]
    table = by_cause(accuracy)
    assert table.index.tolist() == ["road", "unexplained", "weathered_face", "wind_farm"]
    assert table["n_commissions"].tolist() == [1, 1, 0, 1]
    assert table["n_references"].tolist() == [0, 0, 1, 0]


def test_nothing_found_omits_all():
    accuracy = compare_objects(rectangles((0, 0, 10, 10)), rectangles())
    scores = summarize(accuracy)
    assert scores.loc["all", "identification_accuracy"] == 0.0
    assert np.isnan(scores.loc["all", "iou"])
    assert by_cause(accuracy)["n_omitted"].tolist() == [1]


def test_no_references_make_every_patch_a_commission():
    accuracy = compare_objects(rectangles(), rectangles((0, 0, 10, 10)))
    assert accuracy.found["is_commission"].tolist() == [True]
    assert np.isnan(summarize(accuracy).loc["all", "identification_accuracy"])


def test_shares_and_layers_are_checked():
    with pytest.raises(InputError, match="min_overlap is 0"):
        compare_objects(rectangles(), rectangles(), min_overlap=0)
    with pytest.raises(InputError, match="it needs one named cause"):
        compare_objects(rectangles(), rectangles(), causes=rectangles((0, 0, 1, 1)))


def test_references_are_scored_by_their_type():
    references = rectangles((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10))
    found = rectangles((0, 0, 10, 8), (40, 0, 50, 10))
    scores = by_type(compare_objects(references, found), ["iron", "iron", "coal"])
    assert scores.index.tolist() == ["coal", "iron"]
    assert scores["n"].tolist() == [1, 2]
    assert scores["identification_accuracy"].tolist() == [1.0, 0.5]
    assert scores["area_similarity"].tolist() == pytest.approx([1.0, 0.8])
