import pytest

from highwall.core.taxonomy import (
    CHIP_CLASSES,
    CLASS_NAMES,
    MINING_AREA,
    MINING_CLASSES,
    NONE,
    PRECEDENCE,
    SUBSETS,
    WORLD_COVER,
)


def test_codes_are_one_to_ten_and_names_unique():
    assert sorted(row.code for row in MINING_CLASSES) == list(range(1, 11))
    assert len({row.name for row in MINING_CLASSES}) == 10


@pytest.mark.parametrize("row", [row for row in MINING_CLASSES if row.inside], ids=lambda row: row.name)
def test_what_contains_a_class_exists_and_is_not_itself_contained(row):
    (outer,) = (other for other in MINING_CLASSES if other.name == row.inside)
    assert outer.inside is None
    assert outer.code != row.code


def test_subsets_are_those_of_minecam():
    names = {subset: {row.name for row in MINING_CLASSES if row.subset == subset} for subset in (1, 2, 3)}
    assert names[1] == {"excavation", "preparatory_work_area"}
    assert names[2] == {"dumping_ground"}
    assert len(names[3]) == 7


def test_the_first_chip_class_is_none_and_land_cover_names_are_unique():
    assert CHIP_CLASSES[0] == NONE
    assert len(set(WORLD_COVER.values())) == len(WORLD_COVER)


def test_subset_four_is_the_union_and_precedence_names_each_class_once():
    assert SUBSETS[4] == (MINING_AREA,)
    assert sorted(name for subset in (1, 2, 3) for name in SUBSETS[subset]) == sorted(CLASS_NAMES)
    assert sorted(PRECEDENCE) == sorted(CLASS_NAMES)
