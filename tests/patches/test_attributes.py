import numpy as np
import pytest
import shapely

from highwall.patches.attributes import COLUMNS, describe


def test_attributes_are_taken_over_the_pixels_of_each_label():
    labels = np.array([[1, 1, 0, 2]], "i4")
    probability = np.array([[[0.1, 0.3, 0.9, 0.2]], [[0.6, 0.1, 0.0, 0.1]], [[0.3, 0.6, 0.1, 0.7]]])
    outlines = {1: shapely.box(0, 0, 20, 10), 2: shapely.box(30, 0, 40, 10)}
    table = describe(labels, outlines, probability=probability, classes=["none", "artisanal_mine", "industrial_mine"])
    assert tuple(table.columns) == COLUMNS
    assert table["label"].tolist() == [1, 2]
    assert table["mine_class"].tolist() == ["industrial_mine", "industrial_mine"]
    assert table["probability_mean"].tolist() == pytest.approx([0.8, 0.8])
    assert table["probability_max"].tolist() == pytest.approx([0.9, 0.8])
    assert table["area_m2"].tolist() == [200.0, 100.0]
    assert table["perimeter_m"].tolist() == [60.0, 40.0]


def test_no_label_gives_an_empty_table_with_every_column():
    table = describe(np.zeros((2, 2), "i4"), {}, probability=np.zeros((2, 2, 2)), classes=["none", "artisanal_mine"])
    assert tuple(table.columns) == COLUMNS
    assert table.empty
