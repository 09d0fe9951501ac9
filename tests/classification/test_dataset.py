import numpy as np
import pytest

from highwall.classification.dataset import (
    ChipSet,
    block_mean,
    cut_mosaic,
    footprint_coverage,
    gather_chips,
    mosaic_cells,
)
from highwall.classification.label_tables import Cell, LabelTables, content_key
from highwall.core.errors import InputError
from highwall.core.taxonomy import CHIP_CLASSES


def numbered(n: int) -> np.ndarray:
    """Chips whose every value is their number, from 1."""
    return np.tile(np.arange(1, n + 1, dtype=np.uint8)[:, None, None, None], (1, 48, 48, 3))


def mosaic_of(chips: np.ndarray, *, columns: int) -> np.ndarray:
    rows = [np.concatenate(list(chips[i : i + columns]), axis=1) for i in range(0, len(chips), columns)]
    return np.concatenate(rows, axis=0)


def test_a_mosaic_is_cut_row_by_row():
    np.testing.assert_array_equal(cut_mosaic(mosaic_of(numbered(6), columns=3)), numbered(6))


def test_black_padding_is_dropped():
    chips = numbered(6)
    chips[[2, 5]] = 0
    assert cut_mosaic(mosaic_of(chips, columns=3))[:, 0, 0, 0].tolist() == [1, 2, 4, 5]


@pytest.mark.parametrize(
    "corrupt",
    [np.zeros((48, 50, 3), np.uint8), np.zeros((48, 48), np.uint8), np.zeros((48, 48, 3), np.uint16)],
    ids=["side", "grey", "type"],
)
def test_a_corrupt_mosaic_is_refused(corrupt):
    with pytest.raises(InputError, match="multiple of 48 px"):
        cut_mosaic(corrupt)


def names(found: ChipSet) -> list[str]:
    return [CHIP_CLASSES[number] for number in found.label]


def test_cells_keep_their_row_and_column():
    cells = mosaic_cells(mosaic_of(numbered(6), columns=3))
    np.testing.assert_array_equal(cells[..., 0, 0, 0], [[1, 2, 3], [4, 5, 6]])


def test_a_chip_that_two_families_share_stays_in_the_first():
    found = gather_chips(
        {
            "a_positives_S2L1C_x.png": mosaic_of(numbered(3), columns=3),
            "b_negatives_S2L1C_x.png": mosaic_of(numbered(4), columns=2),
        }
    )
    assert found.family.tolist() == ["a_positives"] * 3 + ["b_negatives"]
    assert found.is_artisanal.tolist() == [True, True, True, False]
    assert found.pixels[:, 0, 0, 0].tolist() == [1, 2, 3, 4]


def test_variants_of_a_mosaic_are_one_family_and_related_families_one_group():
    found = gather_chips(
        {
            "v2_negatives_S2L1C_clear0.05_2019.png": mosaic_of(numbered(1), columns=1),
            "v2_negatives_S2L1C_clear0.75_2019.png": mosaic_of(numbered(2), columns=2),
            "v3_negatives_S2L1C_clear0.75_2019.png": mosaic_of(numbered(3), columns=3),
        },
        tables=LabelTables(group_of={"v2_negatives": "v", "v3_negatives": "v"}),
    )
    assert found.family.tolist() == ["v2_negatives", "v2_negatives", "v3_negatives"]
    assert set(found.group) == {"v"}


def test_a_sorted_mosaic_says_what_each_cell_is_and_the_rest_is_unsure():
    name = "industrial_negatives_S2L1C_x.png"
    table = {Cell(name, 0, 1): "industrial_mine", Cell(name, 1, 0): "none", Cell(name, 0, 0): "unsure"}
    found = gather_chips({name: mosaic_of(numbered(4), columns=2)}, tables=LabelTables(of_cell=table))
    assert names(found) == ["industrial_mine", "none"]
    assert found.pixels[:, 0, 0, 0].tolist() == [2, 3]


def test_one_chip_can_be_called_otherwise_by_its_content():
    chips = numbered(3)
    said = {content_key(chips[0]): "unsure", content_key(chips[2]): "none"}
    mosaic = {"a_positives_S2L1C_x.png": mosaic_of(chips, columns=3)}
    assert names(gather_chips(mosaic, tables=LabelTables(of_content=said))) == ["artisanal_mine", "none"]


def test_mosaics_without_a_known_label_are_refused():
    with pytest.raises(InputError, match="no chip of a known label"):
        gather_chips({"industrial_negatives_S2L1C_x.png": mosaic_of(numbered(4), columns=2)})


def polygon(name: str, *ring: tuple[float, float]) -> dict[str, object]:
    return {"properties": {"class": name, "pixel_xy": [list(point) for point in ring]}}


def test_coverage_is_the_area_of_the_union_without_blank():
    features = [
        polygon("excavation", (2, 4), (10, 4), (10, 8), (2, 8)),
        polygon("dam", (6, 4), (12, 4), (12, 8), (6, 8)),
        polygon("blank", (0, 0), (16, 0), (16, 2), (0, 2)),
    ]
    coverage = footprint_coverage(features, shape=(16, 16))
    assert coverage.sum() == pytest.approx(10 * 4)
    assert coverage[4:8, 2:12].min() == 1.0


def test_half_a_pixel_counts_half():
    coverage = footprint_coverage([polygon("dam", (1, 1), (2.5, 1), (2.5, 3), (1, 3))], shape=(4, 4))
    np.testing.assert_allclose(coverage[1], [0.0, 1.0, 0.5, 0.0])


def test_a_scene_without_polygons_has_no_mine():
    assert not footprint_coverage([], shape=(8, 8)).any()


def test_block_mean_of_the_last_two_axes():
    array = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    expected = [[[2.5, 4.5], [10.5, 12.5]], [[18.5, 20.5], [26.5, 28.5]]]
    np.testing.assert_allclose(block_mean(array, side=2), expected)


def test_a_mosaic_without_a_chip_is_named():
    with pytest.raises(InputError, match="a_positives"):
        gather_chips({"a_positives_S2L1C_x.png": np.zeros((48, 96, 3), np.uint8)})
