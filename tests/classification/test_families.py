import pytest

from highwall.classification.families import LabelRule, read_name
from highwall.core.errors import InputError


@pytest.mark.parametrize(
    ("stem", "family", "level"),
    [
        ("v2.4_amazon_positives_S2L1C_clear0.75_2019-01-01_2020-01-01", "v2.4_amazon_positives", "L1C"),
        ("landslides_andes_S2L2A_clear0.05_2023-01-01_2024-01-01", "landslides_andes", "L2A"),
        ("v0.4-6SSL4EO-MLP_bolivia_2023_negatives_S2L1C_clear0.05", "v0.4-6SSL4EO-MLP_bolivia_2023_negatives", "L1C"),
        ("my own chips", "my own chips", "unknown"),
    ],
)
def test_a_name_is_taken_apart(stem, family, level):
    assert read_name(stem) == (family, level)


@pytest.mark.parametrize(
    ("family", "is_positive", "is_assumed"),
    [
        ("v2.4_amazon_positives", True, False),
        ("bolivar_2020_thresh_0.8_sumbsample_5_positives_cleaned", True, False),
        ("MinesPos2023", True, False),
        ("industrial_negatives2025-08", False, False),
        ("mines_negatives", False, False),
        ("site_neg_2", False, False),
        ("v3_false_positives", False, False),
        ("hard-false-pos_2024", False, False),
        ("false_negatives_2023", True, False),
        ("landslides_andes", False, True),
        ("landslide2025-08", False, True),
        ("position_fixes", False, True),
    ],
)
def test_the_name_says_what_the_chips_are(family, is_positive, is_assumed):
    label = LabelRule().label(family)
    assert (label.is_positive, label.is_assumed) == (is_positive, is_assumed)


@pytest.mark.parametrize(
    "family", ["old_mines", "garimpo_2024", "illegal-mining", "quarries", "positives_and_negatives"]
)
def test_a_name_that_could_mean_either_is_not_guessed(family):
    with pytest.raises(InputError, match="--positives"):
        LabelRule().label(family)


def test_patterns_of_the_user_come_first():
    rule = LabelRule(positives="^old_", negatives="landslide|mines")
    assert rule.label("old_mines").is_positive
    assert rule.label("Landslide_positives") == (False, "--negatives landslide|mines", False)
    assert rule.label("v3_positives").is_positive


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(InputError, match="no regular expression"):
        LabelRule(positives="(")
