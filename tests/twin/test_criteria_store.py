"""Criteria in the store: versions, and the two people that each new one needs."""

import threading
import time
from typing import Any

import pytest

from highwall.core.errors import AccessError, ConfigError, InputError
from highwall.twin.criteria import default_criteria
from highwall.twin.roles import Role
from highwall.twin.sql import audit
from highwall.twin.sql import criteria as store
from highwall.twin.sql.criteria import ProposalState
from highwall.twin.sql.database import Database
from tests.twin.plans import T0, criterion, plan

_OTHER = plan(criterion()).model_dump(mode="json", by_alias=True, exclude_defaults=True)


@pytest.fixture
def twin(databases: Database) -> Database:
    with databases.begin() as connection:
        store.install_default(connection, at_us=T0)
    return databases


def test_the_shipped_example_comes_first_and_once(twin: Database) -> None:
    with twin.begin() as connection:
        assert store.install_default(connection, at_us=T0 + 5).version == 1
        first = store.in_force(connection)
    assert first.criteria == default_criteria()
    assert first.from_us == T0


def test_two_people_change_the_criteria_and_the_audit_log_says_so(twin: Database) -> None:
    with twin.begin() as connection:
        asked = store.propose(
            connection, _OTHER, who="sue", role=Role.SUPER_MANAGER, why="new wall", at_us=T0 + 1
        )  # fmt: skip
        assert store.in_force(connection).version == 1
        made = store.approve(connection, asked.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0 + 2)
        assert (made.version, made.proposed_by, made.approved_by, made.from_us) == (2, "sue", "tom", T0 + 2)
        assert [version.version for version in store.versions(connection)] == [1, 2]
        assert store.proposals(connection, state=ProposalState.OPEN) == []
        actions = [(entry.who, entry.action) for entry in audit.page(connection)]
    assert actions == [("tom", "criteria_approved"), ("sue", "propose_criteria")]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MANAGER, Role.SUPERVISOR])
def test_only_the_super_manager_proposes(twin: Database, role: Role) -> None:
    with twin.begin() as connection, pytest.raises(AccessError, match="may not"):
        store.propose(connection, _OTHER, who="mia", role=role, why="w", at_us=T0)


def test_nobody_approves_his_own_wish(twin: Database) -> None:
    with twin.begin() as connection:
        asked = store.propose(connection, _OTHER, who="sue", role=Role.SUPER_MANAGER, why="w", at_us=T0)
        with pytest.raises(AccessError, match="second person"):
            store.approve(connection, asked.proposal_id, who="sue", role=Role.SUPER_MANAGER, at_us=T0)
        with pytest.raises(AccessError, match="may not"):
            store.approve(connection, asked.proposal_id, who="mia", role=Role.MANAGER, at_us=T0)


def test_a_proposal_is_decided_once(twin: Database) -> None:
    with twin.begin() as connection:
        asked = store.propose(connection, _OTHER, who="sue", role=Role.SUPER_MANAGER, why="w", at_us=T0)
        with pytest.raises(InputError, match="say why"):
            store.reject(connection, asked.proposal_id, who="tom", role=Role.SUPERVISOR, why=" ", at_us=T0)
        store.reject(connection, asked.proposal_id, who="tom", role=Role.SUPERVISOR, why="too lax", at_us=T0)
        with pytest.raises(InputError, match="was rejected by tom"):
            store.approve(connection, asked.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0)
        with pytest.raises(InputError, match="no proposal 99"):
            store.proposal(connection, 99)


def test_a_proposal_against_an_old_version_is_not_approved(twin: Database) -> None:
    with twin.begin() as connection:
        one, other = (
            store.propose(connection, {**_OTHER, "title": title}, who="sue", role=Role.SUPER_MANAGER, why="w", at_us=T0)
            for title in ("one", "other")
        )
        store.approve(connection, one.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0)
        with pytest.raises(InputError, match="written anew"):
            store.approve(connection, other.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0)


def test_of_two_approvals_at_once_one_is_refused(twin: Database) -> None:
    with twin.begin() as connection:
        one, other = (
            store.propose(connection, {**_OTHER, "title": title}, who="sue", role=Role.SUPER_MANAGER, why="w", at_us=T0)
            for title in ("one", "other")
        )
    refused: list[InputError] = []

    def approve_other() -> None:
        try:
            with twin.begin() as connection:
                store.approve(connection, other.proposal_id, who="tim", role=Role.SUPERVISOR, at_us=T0 + 2)
        except InputError as error:
            refused.append(error)

    second = threading.Thread(target=approve_other)
    with twin.begin() as connection:
        store.approve(connection, one.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0 + 1)
        second.start()
        time.sleep(0.3)  # the second waits for the first
    second.join()
    assert "written anew" in str(refused[0])
    with twin.read() as connection:
        assert store.in_force(connection).criteria.title == "one"
        assert store.proposal(connection, other.proposal_id).state is ProposalState.OPEN


def test_a_proposal_is_of_the_version_that_it_was_written_from(twin: Database) -> None:
    given: dict[str, Any] = {"who": "sue", "role": Role.SUPER_MANAGER, "why": "w", "at_us": T0}
    with twin.begin() as connection:
        first = store.propose(connection, _OTHER, based_on=1, **given)
        store.approve(connection, first.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0)
        with pytest.raises(InputError, match="against version 1, and 2 is in force; have it written anew"):
            store.propose(connection, {**_OTHER, "title": "late"}, based_on=1, **given)
        assert store.propose(connection, {**_OTHER, "title": "late"}, based_on=2, **given).based_on == 2


def test_nonsense_is_refused_before_anybody_sees_it(twin: Database) -> None:
    with twin.begin() as connection:
        given = {"who": "sue", "role": Role.SUPER_MANAGER, "at_us": T0}
        with pytest.raises(ConfigError):
            store.propose(connection, {"title": "x", "criteria": [{}]}, why="w", **given)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="say why"):
            store.propose(connection, _OTHER, why="", **given)  # type: ignore[arg-type]
        same = default_criteria().model_dump(mode="json", by_alias=True)
        with pytest.raises(InputError, match="which is in force"):
            store.propose(connection, same, why="w", **given)  # type: ignore[arg-type]
