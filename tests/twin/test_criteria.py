"""Criteria: the shipped example, and what cannot be written."""

import pytest

from highwall.core.errors import ConfigError
from highwall.twin.conditions import ReadingIs
from highwall.twin.criteria import default_criteria, read_criteria
from tests.twin.plans import criterion, level, plan


def test_the_shipped_example_covers_what_a_mine_must_watch() -> None:
    found = {one.id: one for one in default_criteria().criteria}
    assert {
        "crack-growth", "tilt-rate", "displacement-velocity", "pore-pressure", "vibration", "man-down", "battery-low",
        "gateway-silent", "zone-entered", "twin-silent",
    } <= found.keys()  # fmt: skip
    assert found["gateway-silent"].is_about_watching
    assert {leaf.reading for leaf in found["crack-growth"].leaves() if isinstance(leaf, ReadingIs)} == {"crack_width"}


def test_every_shipped_criterion_says_where_its_thresholds_come_from() -> None:
    for one in default_criteria().criteria:
        assert "example" in one.source or any(word.isdigit() for word in one.source.replace("(", " ").split()), one.id


def test_what_is_urgent_is_escalated_in_time() -> None:
    for one in default_criteria().criteria:
        for each in one.levels:
            assert each.level < 3 or each.escalation, f"{one.id} level {each.level} ends with its owner"
            assert each.level < 4 or each.within_s <= 120


def test_criteria_survive_json_without_their_defaults() -> None:
    criteria = default_criteria()
    assert read_criteria(criteria.model_dump(mode="json", by_alias=True, exclude_defaults=True)) == criteria


def test_the_fingerprint_changes_with_a_threshold() -> None:
    one, other = (
        plan(criterion(levels=[level(when={"reading": "tilt", "above": bound})])).criteria[0] for bound in (1.0, 2.0)
    )
    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [", "no YAML"),
        ({"title": "x", "criteria": [criterion("a"), criterion("a")]}, "same id: a"),
        ({"title": "x", "criteria": [criterion(levels=[])]}, "criteria.0.levels"),
        (
            {"title": "x", "criteria": [criterion(levels=[level(3, when={"state": "health", "among": ["down"]})])]},
            "asked of asset, not of a sensor",
        ),
        ({"title": "x", "criteria": [criterion(levels=[level(2, when={"silent": "word", "for_s": 1})] * 2)]}, "rise"),
        (
            {
                "title": "x",
                "criteria": [
                    criterion(
                        levels=[
                            level(
                                when={"silent": "word", "for_s": 1},
                                escalation=[{"after_s": 5, "to": "supervisor"}, {"after_s": 1, "to": "supervisor"}],
                            )
                        ]
                    )
                ],
            },
            "order of time",
        ),
    ],
)
def test_faults_are_named_with_their_place(content: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_criteria(content)  # type: ignore[arg-type]
