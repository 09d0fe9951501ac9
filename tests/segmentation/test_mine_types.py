"""Types of mines as classes: the fifth set, from polygons to the class of a pixel."""

import numpy as np

from highwall.core.taxonomy import CLASS_NAMES, CLASS_SETS, MINE_TYPES, MINERAL_OF_TYPE, MINING_CLASSES
from highwall.segmentation.decision import CODES, codes_of, decide
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.labels import BITS, MINING_BITS, OUTSIDE, from_codes, rasterise, target_of
from highwall.segmentation.tally import Said, tally_scene
from tests.segmentation.drawings import box, drawn, grid_of
from tests.segmentation.networks_made import facts

TYPES = CLASS_SETS[5]


def test_types_have_bits_and_codes_of_their_own():
    codes = [each.code for each in (*MINING_CLASSES, *MINE_TYPES)]
    assert len(set(codes)) == len(codes)
    assert not {11, 12} & set(codes)  # blank, and any mine ground
    assert len(set(BITS.values())) == len(BITS)
    assert max(BITS.values()) < OUTSIDE
    assert set(MINERAL_OF_TYPE) == set(TYPES)
    assert not set(TYPES) & set(CLASS_NAMES)


def test_drawn_types_become_a_target_and_the_footprint():
    grid = grid_of()
    mask = rasterise(drawn(("iron_open_pit", box(5, 5, 15, 25)), ("coal_gangue_dump", box(20, 5, 30, 15))), grid)
    target = target_of(mask, 5)
    assert np.count_nonzero(target == 1 + TYPES.index("iron_open_pit")) == 200
    assert np.count_nonzero(target == 1 + TYPES.index("coal_gangue_dump")) == 100
    assert np.array_equal((mask & MINING_BITS) != 0, target > 0)
    assert np.array_equal(target_of(mask, 4) > 0, target > 0)
    assert not target_of(mask, 1).any()


def test_codes_of_types_are_read():
    codes = np.array([[0, 14, 16, 255]])
    assert from_codes(codes).tolist() == [[0, BITS["iron_open_pit"], BITS["sandstone_open_pit"], OUTSIDE]]


def test_a_network_of_types_says_one_of_them_or_none():
    metadata = facts(subsets=(5,))
    assert metadata.classes == TYPES
    probability = np.zeros((4, 1, 3), dtype=np.float32)
    probability[1, 0, 0], probability[2, 0, 1] = 0.9, 0.7
    said = decide(probability, metadata)
    assert codes_of(said, metadata, subset=5).tolist() == [[CODES["iron_open_pit"], CODES["clay_open_pit"], 0]]
    mask = np.array([[BITS["iron_open_pit"], BITS["iron_open_pit"], 0]], dtype=np.uint16)
    tally = tally_scene(mask, Said(TYPES, said), valid=np.ones((1, 3), dtype=bool), options=EvaluationOptions())
    assert tally.subsets[5][2].tolist() == [0.0, 0.0, 1.0, 1.0, 0.0]  # drawn as iron: once iron, once clay
