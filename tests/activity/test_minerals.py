import pytest

from highwall.activity.findings import assess
from highwall.activity.minerals import OTHER_MINERAL, other_mineral
from highwall.activity.options import ActivityOptions

from .tables import TODAY, patches, permits, square

OPTIONS = ActivityOptions(boundary_tolerance_m=50.0, min_outside_m2=10_000.0)
MINE = square(100, 100, 300)


def permitted(*minerals, **columns):
    return permits(*[square(2000 * n, 0, 1000) for n in range(len(minerals))], mineral=list(minerals), **columns)


@pytest.mark.parametrize(
    ("mine_class", "mineral", "is_other"),
    [
        ("iron_open_pit", "Iron ore", False),
        ("iron_open_pit", "clay, sandstone", True),
        ("clay_open_pit", "clay, sandstone", False),
        ("coal_gangue_dump", "IRON", True),
        ("iron_open_pit", None, False),  # the permit does not say
        ("excavation", "clay", False),  # no type
    ],
)
def test_a_mine_must_yield_what_its_permit_is_for(mine_class, mineral, is_other):
    found = other_mineral(mine_class, MINE, permitted(mineral), on=TODAY)
    assert (found is not None) == is_other
    if found is not None:
        assert found.kind == OTHER_MINERAL
        assert found.geometry.area == pytest.approx(MINE.area)


def test_only_a_valid_permit_that_holds_most_of_the_mine_is_compared():
    assert other_mineral("iron_open_pit", square(900, 0, 300), permitted("clay"), on=TODAY) is None
    lapsed = permitted("clay", valid_to=["2020-01-01"])
    assert other_mineral("iron_open_pit", MINE, lapsed, on=TODAY) is None


def test_another_mineral_is_a_finding_beside_the_status():
    table = patches(MINE, square(2100, 100, 200), mine_class=["iron_open_pit", "iron_open_pit"])
    found, findings = assess(table, permitted("iron", "clay"), on=TODAY, options=OPTIONS, evidence={})
    assert found["permit_status"].tolist() == ["inside", "inside"]
    assert findings["statement"].tolist() == [
        "A mine of the type iron open pit of about 4.0 ha lies on permit L-2 (Serra SA), which is for clay."
    ]
    assert findings["patch_id"].tolist() == ["P002"]
