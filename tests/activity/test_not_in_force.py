import geopandas as gpd
import pytest

from highwall.activity.not_in_force import COMING, ENDED, not_in_force
from highwall.activity.permits import by_validity

from .tables import TODAY, permits, square

GROUND = square(0, 0, 1000)


def told(permitted: gpd.GeoDataFrame, *, least_share: float = 0.05) -> list[str]:
    parts = not_in_force(GROUND, by_validity(permitted, TODAY), least_share=least_share)
    return [part.describe() for part in parts]


def test_lapsed_and_coming_permits_say_how_much_they_hold_and_until_or_from_when():
    ground = square(0, 0, 400, 1000), square(400, 0, 300, 1000)
    permitted = permits(*ground, valid_from=["2000-01-01", "2030-01-01"], valid_to=["2021-01-01", "2040-01-01"])
    assert told(permitted) == [
        "Until 2021-01-01 permit L-1 (Serra SA) held 40 % of it.",
        "From 2030-01-01 permit L-2 (Serra SA) will hold 30 % of it.",
    ]


def test_what_is_in_force_or_undated_is_not_told():
    permitted = permits(GROUND, GROUND, valid_from=["2000-01-01", None], valid_to=["2040-01-01", None])
    assert told(permitted) == []


def test_a_margin_is_not_told():
    lapsed = permits(square(0, 0, 50, 1000), valid_to=["2021-01-01"])  # 5 %
    assert told(lapsed) == []
    assert told(lapsed, least_share=0.04) != []


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_records_of_one_permit_the_last_to_end_counts(order: int):
    """Its first boundary held more; that of its last record, in two pieces, held a fifth."""
    ground = [square(0, 0, 900, 1000), square(0, 0, 100, 1000), square(800, 0, 100, 1000)]
    days = ["2010-12-31", "2020-12-31", "2020-12-31"]
    lapsed = permits(*ground[::order], permit_id=["L-1"] * 3, valid_to=days[::order])
    assert told(lapsed) == ["Until 2020-12-31 permit L-1 (Serra SA) held 20 % of it."]


def test_the_next_to_begin_counts_and_the_largest_part_comes_first():
    ground = square(0, 0, 300, 1000), square(0, 0, 300, 1000), square(300, 0, 450, 1000)
    coming = permits(
        *ground, permit_id=["L-1", "L-1", "L-2"], holder=["A", "A", None],
        valid_from=["2031-01-01", "2030-01-01", "2029-01-01"],
    )  # fmt: skip
    assert told(coming) == [
        "From 2029-01-01 permit L-2 will hold 45 % of it.", "From 2030-01-01 permit L-1 (A) will hold 30 % of it."
    ]  # fmt: skip


def test_a_part_carries_its_record_and_on_which_side_of_the_date_it_lies():
    ground = square(0, 0, 400, 1000), square(400, 0, 300, 1000)
    permitted = permits(*ground, valid_from=["2000-01-01", "2030-01-01"], valid_to=["2021-01-01", "2040-01-01"])
    first, second = not_in_force(GROUND, by_validity(permitted, TODAY), least_share=0.05)
    assert (first.permit["permit_id"], first.share, first.day) == ("L-1", pytest.approx(0.4), ENDED)
    assert (second.permit["permit_id"], second.share, second.day) == ("L-2", pytest.approx(0.3), COMING)


def test_ground_without_area_lies_nowhere():
    line = square(0, 0, 1000).boundary
    held = by_validity(permits(GROUND, valid_to=["2021-01-01"]), TODAY)
    assert not_in_force(line, held, least_share=0.05) == []
