"""What a dataset holds."""

from highwall.segmentation.dataset import SPLITS
from highwall.segmentation.labels import rasterise
from highwall.segmentation.statistics import (
    ChipFacts,
    count_inside,
    count_pixels,
    dataset_statistics,
    statistics_text,
)
from tests.segmentation.drawings import box, drawn, grid_of


def chip(scene, split, *shapes, material="MO", mine_type="OP", is_simulated=False):
    mask = rasterise(drawn(*shapes), grid_of())
    return ChipFacts(
        scene, scene[0], split, material, mine_type, is_simulated, count_pixels(mask), count_inside(mask), 100.0
    )


CHIPS = [
    chip("a1", "training", ("excavation", box(0, 0, 10, 10))),
    chip("a1", "training", ("dam", box(0, 0, 4, 5))),
    chip("a2", "training", ("dumping_ground", box(0, 0, 10, 10)), material="MO"),
    chip("b1", "test", ("excavation", box(0, 0, 10, 20)), material="CL", mine_type="OC", is_simulated=True),
    chip("c1", "validation", ("blank", box(0, 0, 5, 5)), material=None, mine_type=None),
]


def test_images_are_counted_once_however_many_chips_they_make():
    table = dataset_statistics(CHIPS)["table"]
    assert table["All"]["1"] == {"test": 1, "validation": 0, "training": 1}
    assert table["All"]["4"] == {"test": 1, "validation": 0, "training": 2}
    assert table["MO"]["3"] == {"test": 0, "validation": 0, "training": 1}
    assert table["CL"]["1"] == table["OC"]["1"] == {"test": 1, "validation": 0, "training": 0}
    assert set(table) == {"All", "RR", "MO", "CL", "MT", "OC", "OP"}


def test_ground_is_that_of_the_pixels():
    found = dataset_statistics(CHIPS)
    assert found["classes"]["excavation"]["training"] == {
        "n_chips": 1, "n_pixels": 100, "area_ha": 1.0, "share": round(100 / 6000, 6),
    }  # fmt: skip
    assert found["classes"]["mining_area"]["training"]["n_pixels"] == 100 + 20 + 100
    assert found["splits"]["training"] == {"n_sites": 1, "n_images": 2, "n_chips": 3}
    assert found["n_simulated_images"] == 1


def test_the_text_names_simulation_and_leaves_out_kinds_without_images():
    text = statistics_text(dataset_statistics(CHIPS))
    assert "Simulated images: 1." in text
    assert "| All | 1 | 0 | 1 | 0 | 0 | 1 | 0 | 0 | 1 | 1 | 0 | 2 |" in text
    assert "| RR |" not in text
    assert "Simulated images: none." in statistics_text(dataset_statistics(CHIPS[:3]))


def test_a_dataset_without_a_split_has_zeros():
    found = dataset_statistics([])
    assert all(sizes["n_chips"] == 0 for sizes in found["splits"].values())
    assert set(found["splits"]) == set(SPLITS)
    assert found["classes"]["dam"]["test"]["share"] == 0.0
