"""Roles: whatever is not written is refused, and reach ends at one's own asset or scope."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import AccessError
from highwall.twin.roles import EVERYWHERE, OF_A_SECOND_PERSON, RIGHTS, Action, Person, Reach, Role, check_scope

PLACES = st.sampled_from(["north", "south", "east"])
ROLES = st.sampled_from(Role)
ACTIONS = st.sampled_from(Action)


def test_each_role_may_all_that_the_one_below_may() -> None:
    ordered = [RIGHTS[role] for role in Role]
    for lower, higher in pairwise(ordered):
        assert lower.keys() < higher.keys()


def test_the_papers_rights() -> None:
    holders = {action: {role for role in Role if action in RIGHTS[role]} for action in Action}
    assert holders[Action.PROPOSE_CRITERIA] == {Role.SUPER_MANAGER}
    assert holders[Action.CALL_AID] == {Role.SUPERVISOR, Role.SUPER_MANAGER}
    assert holders[Action.SEE_LOCATIONS] == set(Role) - {Role.OPERATOR}
    watched = {action: reach for action, reach in RIGHTS[Role.OPERATOR].items() if action is not Action.SEE_SITE}
    assert set(watched.values()) == {Reach.OWN}


@given(role=ROLES, action=ACTIONS, scope=st.none() | st.frozensets(PLACES), place=st.none() | PLACES)
def test_reach_never_leaves_the_scope(
    role: Role, action: Action, scope: frozenset[str] | None, place: str | None
) -> None:
    person = Person("x", role, scope, "a-1")
    reaches = person.reaches(action, asset_id="a-2", location_id=place)
    if reaches:
        assert RIGHTS[role][action] is Reach.SCOPE
        assert scope is None or place in scope


@given(role=ROLES, action=ACTIONS, granted=st.frozensets(ACTIONS))
def test_a_token_gives_no_more_than_its_user_has(role: Role, action: Action, granted: frozenset[Action]) -> None:
    token = Person("x", role, granted=granted)
    usable = granted - OF_A_SECOND_PERSON
    assert token.may(action) == (action in usable and action in RIGHTS[role])


def test_own_reach_is_ones_own_asset_alone() -> None:
    person = Person("olga", Role.OPERATOR, None, "p-1")
    assert person.reaches(Action.SEE_TRACKS, asset_id="p-1", location_id=None)
    assert not person.reaches(Action.SEE_TRACKS, asset_id="p-2", location_id=None)
    nobody = Person("olga", Role.OPERATOR, None, None)
    assert not nobody.reaches(Action.SEE_TRACKS, asset_id=None, location_id=None)


def test_what_concerns_the_whole_site_reaches_every_scope_but_no_operator() -> None:
    manager = Person("max", Role.MANAGER, frozenset({"north"}))
    operator = Person("olga", Role.OPERATOR, None, "p-1")
    assert manager.reaches(Action.SEE_ALARMS, asset_id=None, location_id=EVERYWHERE)
    assert not operator.reaches(Action.SEE_ALARMS, asset_id=None, location_id=EVERYWHERE)


def test_check_names_what_is_out_of_reach() -> None:
    manager = Person("max", Role.MANAGER, frozenset({"north"}))
    with pytest.raises(AccessError, match="asset p-2 is not within the reach of max"):
        manager.check(Action.SEE_TRACKS, asset_id="p-2", location_id="south", what="asset p-2")


@pytest.mark.parametrize("scope", [None, frozenset({"north", "south"})])
def test_nobody_hands_on_more_than_one_has(scope: frozenset[str] | None) -> None:
    boss = Person("susan", Role.SUPER_MANAGER, frozenset({"north"}))
    with pytest.raises(AccessError, match="wider"):
        check_scope(boss, scope)
    check_scope(boss, frozenset({"north"}))
    check_scope(Person("all", Role.SUPER_MANAGER), scope)
