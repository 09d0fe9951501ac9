"""Counting segments block by block."""

import numpy as np
import pandas as pd
import pytest

from highwall.patches.evidence import Surroundings, measure, prediction_of
from highwall.patches.options import RefineOptions
from highwall.patches.survey import Layers, compressed, survey

from .maps import PIXEL_M2, probability

OPTIONS = RefineOptions()
LABELS = np.array([[1, 1, 1, 0, 4], [2, 2, 1, 4, 4], [2, 3, 3, 3, 4], [2, 5, 5, 3, 4]], np.int32)
MINE = np.array([[0.9, 0.9, 0.1, 0.9, 0.2], [0.6, 0.2, 0.9, 0.1, 0.1], [0.1] * 5, [np.nan, 0.8, 0.9, 0.1, 0.1]])
PREDICTION = probability(MINE)
SEGMENTS = PREDICTION.isel(band=0, drop=True).copy(data=LABELS)


def read(window):
    part = {"y": window.rows, "x": window.cols}
    cover = SEGMENTS.copy(data=np.where(LABELS == 4, 50, 10)).isel(part)
    return Layers(PREDICTION.isel(part), SEGMENTS.isel(part), Surroundings(land_cover=cover))


@pytest.mark.parametrize("block_px", [1, 2, 3, 10])
def test_counts_of_blocks_add_up_to_those_of_the_scene(block_px):
    found = survey(read, LABELS.shape, options=OPTIONS, block_px=block_px)
    layers = read(type("Whole", (), {"rows": slice(None), "cols": slice(None)}))
    whole = measure(
        LABELS, prediction=prediction_of(PREDICTION, options=OPTIONS), is_reference=None, around=layers.around,
        veto=OPTIONS.veto, pixel_m2=PIXEL_M2,
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.table, whole, check_index_type=False)
    assert found.boxes.loc[3].tolist() == [2, 4, 1, 4]
    assert found.boxes.loc[4].tolist() == [0, 4, 3, 5]
    pairs = [[1, 2], [1, 3], [1, 4], [2, 3], [2, 5], [3, 4], [3, 5]]
    assert found.touching.tolist() == pairs  # 1 and 4 meet at a corner, 2 and 5 at a side of the lowest row


def test_labels_are_compressed_in_their_order():
    numbers, layer = compressed(np.array([[0, 900, 7], [7, 0, 900]]))
    assert numbers.tolist() == [7, 900]
    assert layer.tolist() == [[0, 2, 1], [1, 0, 2]]


def test_blocks_are_told_as_they_are_done():
    told = []
    survey(read, LABELS.shape, options=OPTIONS, block_px=3, advance=lambda *what: told.append(what))
    assert told == [("segments, blocks", done, 4) for done in (1, 2, 3, 4)]
