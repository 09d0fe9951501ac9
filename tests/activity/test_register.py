import datetime as dt

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.activity.findings import assess
from highwall.activity.options import ActivityOptions
from highwall.activity.register import Register, updated
from highwall.core.errors import InputError, MissingInputError

from .tables import UTM, patches, permits, square

OPTIONS = ActivityOptions()
EVERYWHERE = square(-5000, -5000, 20_000)
FIRST, SECOND, THIRD = dt.date(2024, 3, 1), dt.date(2024, 6, 1), dt.date(2024, 9, 1)
NOW = dt.datetime(2024, 10, 1, 12, tzinfo=dt.UTC)


def findings(*ground, on: dt.date = FIRST) -> gpd.GeoDataFrame:
    return assess(patches(*ground), permits(square(0, 0, 1000)), on=on, options=OPTIONS, evidence={})[1]


def run(register: Register, *ground, on: dt.date, clear=EVERYWHERE) -> Register:
    return updated(register, findings(*ground, on=on), on=on, clear=clear, at=NOW)


EMPTY = Register(crs=UTM)
PIT = square(3000, 0, 500)


def test_a_finding_enters_as_new_with_the_last_clear_look_before_it():
    found = run(run(EMPTY, on=FIRST), PIT, on=SECOND)
    (entry,) = found.entries
    assert (entry.state, entry.first_seen, entry.last_seen, entry.last_clear) == ("new", SECOND, SECOND, FIRST)
    assert entry.facts["statement"].startswith("A mine of about 25.0 ha")
    assert [event.what for event in entry.events] == ["found"]


SEEN_AT = {
    dt.date(2024, month, 1): has_pit for month, has_pit in ((2, 0), (4, 1), (5, 1), (6, 0), (8, 1), (9, 0), (10, 0))
}
FOUND_AT = {on: findings(*([PIT] if has_pit else []), on=on) for on, has_pit in SEEN_AT.items()}


@settings(max_examples=40, deadline=None)
@given(st.permutations(sorted(SEEN_AT)))
def test_scenes_in_any_order_give_a_finding_the_same_dates(order: list[dt.date]):
    register = EMPTY
    for on in order:
        register = updated(register, FOUND_AT[on], on=on, clear=EVERYWHERE, at=NOW)
    (entry,) = register.entries
    assert (entry.first_seen, entry.last_seen) == (dt.date(2024, 4, 1), dt.date(2024, 8, 1))
    assert (entry.last_clear, entry.absent_since) == (dt.date(2024, 2, 1), dt.date(2024, 9, 1))


def test_a_scene_of_between_forgets_no_later_miss():
    """But a later look that shows the ground as part of a larger finding is no miss."""
    gone = run(run(EMPTY, PIT, on=FIRST), on=THIRD)
    assert run(gone, PIT, on=SECOND).entries[0].absent_since == THIRD
    grown = run(EMPTY, square(3000, 0, 1000, 500), on=SECOND)
    parts = run(grown, square(3000, 0, 450, 500), square(3600, 0, 400, 500), on=FIRST)
    assert [entry.absent_since for entry in parts.entries] == [None, None]


def test_a_look_through_cloud_is_no_clear_look():
    found = run(run(EMPTY, on=FIRST, clear=square(0, 0, 1000)), PIT, on=SECOND)
    assert found.entries[0].last_clear is None


def test_a_second_run_updates_and_never_duplicates():
    once = run(EMPTY, PIT, on=FIRST)
    again = run(once, square(3010, 10, 520), on=SECOND)
    (entry,) = again.entries
    assert entry.finding_id == once.entries[0].finding_id
    assert (entry.first_seen, entry.last_seen) == (FIRST, SECOND)
    assert entry.facts["area_m2"] == pytest.approx(520**2)
    assert run(again, square(3010, 10, 520), on=SECOND) == again


def test_an_older_scene_only_moves_the_first_date_back():
    found = run(run(EMPTY, PIT, on=SECOND), square(3000, 0, 400), on=FIRST)
    (entry,) = found.entries
    assert (entry.first_seen, entry.last_seen) == (FIRST, SECOND)
    assert entry.facts["area_m2"] == pytest.approx(500**2)


def test_other_ground_and_other_kinds_are_findings_of_their_own():
    found = run(run(EMPTY, PIT, on=FIRST), PIT, square(8000, 0, 500), square(700, 0, 600), on=SECOND)
    assert sorted(entry.kind for entry in found.entries) == ["beyond_boundary", *["outside_any_permit"] * 2]


def test_what_a_clear_look_misses_is_absent_and_a_cloud_hides_nothing_away():
    once = run(EMPTY, PIT, on=FIRST)
    clouded = run(once, on=SECOND, clear=square(0, 0, 1000))
    assert clouded.entries[0].absent_since is None
    gone = run(clouded, on=THIRD)
    assert (gone.entries[0].absent_since, gone.entries[0].state) == (THIRD, "new")
    back = run(gone, PIT, on=dt.date(2024, 12, 1))
    assert back.entries[0].absent_since is None


def decided(register: Register, state: str, **changes) -> Register:
    said = {"by": "A. Analyst", "why": "seen on the ground", "at": NOW} | changes
    return register.decided(register.entries[0].finding_id, state, **said)


def test_people_decide_and_a_run_keeps_what_they_decided():
    confirmed = decided(run(EMPTY, PIT, on=FIRST), "confirmed")
    again = run(confirmed, PIT, on=SECOND)
    assert again.entries[0].state == "confirmed"
    assert [event.what for event in again.entries[0].events] == ["found", "new → confirmed"]
    closed = decided(again, "closed")
    assert closed.entries[0].events[-1].why == "seen on the ground"


def test_a_closed_finding_that_comes_up_again_is_a_new_one():
    closed = decided(run(EMPTY, PIT, on=FIRST), "closed")
    again = run(closed, PIT, on=SECOND)
    assert [entry.state for entry in again.entries] == ["closed", "new"]
    assert again.entries[1].finding_id == f"{again.entries[0].finding_id}-2"


@pytest.mark.parametrize(("side", "state"), [(520, "dismissed"), (700, "new")])
def test_a_dismissed_finding_is_brought_up_again_when_it_has_grown(side: float, state: str):
    dismissed = decided(run(EMPTY, PIT, on=FIRST), "dismissed")
    assert run(dismissed, square(3000, 0, side), on=SECOND).entries[0].state == state


def test_decisions_need_a_name_a_reason_and_a_way_there():
    register = run(EMPTY, PIT, on=FIRST)
    with pytest.raises(InputError, match="say who decides"):
        decided(register, "confirmed", why=" ")
    with pytest.raises(InputError, match="is closed, which cannot become dismissed; it can become confirmed"):
        decided(decided(register, "closed"), "dismissed")
    with pytest.raises(MissingInputError, match=r"no finding 'F-0' in the register"):
        register.decided("F-0", "confirmed", by="A", why="B", at=NOW)


def test_a_register_comes_back_from_json_as_it_was():
    register = decided(run(EMPTY, PIT, square(700, 0, 600), on=FIRST), "confirmed")
    assert Register.model_validate_json(register.model_dump_json()) == register


def test_a_run_that_did_not_look_for_such_findings_misses_none_and_is_no_clear_look():
    """Without permits nothing can break them: that is neither their absence nor a clear look before."""
    unpermitted = updated(EMPTY, findings(), on=FIRST, clear=EVERYWHERE, at=NOW, kinds=())
    found = run(unpermitted, PIT, on=SECOND)
    assert found.entries[0].last_clear is None
    again = updated(found, findings(), on=THIRD, clear=EVERYWHERE, at=NOW, kinds={"protected_area_entered"})
    assert again.entries[0].absent_since is None


def test_a_scene_of_before_the_closing_opens_no_second_finding():
    closed = decided(run(EMPTY, PIT, on=SECOND), "closed")
    assert [entry.state for entry in run(closed, PIT, on=SECOND).entries] == ["closed"]
    assert [entry.first_seen for entry in run(closed, PIT, on=FIRST).entries] == [FIRST]


def test_the_last_clear_look_is_always_before_the_first_sight():
    register = run(run(EMPTY, on=SECOND), PIT, on=THIRD)
    assert register.entries[0].last_clear == SECOND
    assert run(register, PIT, on=FIRST).entries[0].last_clear is None
    filled = run(run(run(EMPTY, on=FIRST), PIT, on=THIRD), on=SECOND)  # the scene between them comes last
    assert filled.entries[0].last_clear == SECOND


def test_a_second_run_of_a_scene_that_finds_nothing_more_makes_the_finding_absent():
    """As when the permits are put right and the scene is assessed again."""
    assert run(run(EMPTY, PIT, on=FIRST), on=FIRST).entries[0].absent_since == FIRST


def test_findings_that_grow_into_one_are_not_absent():
    two = run(EMPTY, square(3000, 0, 500), square(3600, 0, 400), on=FIRST)
    one = run(two, square(3000, 0, 1000, 500), on=SECOND)
    assert len(one.entries) == 2
    assert [entry.absent_since for entry in one.entries] == [None, None]


def test_a_dismissed_finding_that_creeps_is_brought_up_once_it_has_grown_by_half_in_all():
    register = decided(run(EMPTY, PIT, on=FIRST), "dismissed")
    register = run(register, square(3000, 0, 570), on=SECOND)
    assert register.entries[0].state == "dismissed"
    assert run(register, square(3000, 0, 650), on=THIRD).entries[0].state == "new"
