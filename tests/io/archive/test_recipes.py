import pytest

from highwall.io.archive.plan import PlannedPair
from highwall.io.archive.recipes import RECIPES, describe, recipe
from tests.io.archives import acquisition, plan


def test_the_page_names_everything_that_is_needed():
    made = plan(acquisition("2018-01-06", bperp_m=0.0), acquisition("2018-01-18", bperp_m=30.0))
    made = made.model_copy(update={"pairs": (made.pairs[0].model_copy(update={"bperp_m": 30.0}),)})
    page = describe(made)
    wanted = [each.name for acquisition in made.acquisitions for each in acquisition.scenes]
    wanted += [*made.orbits, *made.dem_tiles, "20180106_20180118  30", "16:50 UTC: 20180106 20180118", "track 102"]
    assert [word for word in wanted if word not in page] == []


def test_an_unknown_baseline_says_so():
    assert "20180106_20180118  unknown" in describe(plan())


@pytest.mark.parametrize("processor", RECIPES)
def test_every_recipe_is_filled_in(processor):
    text = recipe(plan(), processor)
    assert text.startswith(describe(plan()))
    assert "{" not in text.removeprefix(describe(plan()))


def test_isce_is_told_the_box_in_its_own_order_and_how_far_pairs_reach():
    made = plan()
    far = PlannedPair(first=made.acquisitions[0].date, second=made.acquisitions[2].date)
    text = recipe(made.model_copy(update={"pairs": (*made.pairs, far)}), "isce2")
    assert "-b '44.9 45.1 13.9 14.1' -m 20180106" in text
    assert "-c 2 -p vv" in text
