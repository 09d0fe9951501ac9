"""Criteria, version by version: proposed by the super manager, in force once a second person has approved."""

from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, Text, func, select, update

from highwall.core.errors import AccessError, InputError
from highwall.twin.criteria import Criteria, default_criteria, read_criteria
from highwall.twin.roles import RIGHTS, Action, Role
from highwall.twin.sql import audit
from highwall.twin.sql.database import METADATA, insert_new

_VERSIONS: Final = Table(
    "criteria_versions",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("proposed_by", String(80), nullable=False),
    Column("approved_by", String(80), nullable=False),
    Column("from_us", BigInteger, nullable=False),
)
_PROPOSALS: Final = Table(
    "criteria_proposals",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("content", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("who", String(80), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("based_on", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", String(80)),
    Column("decided_why", Text),
    Column("decided_us", BigInteger),
)
SHIPPED: Final = "highwall"
"""Who proposed and approved the first version: nobody did, it is the example that is shipped."""


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class Version(NamedTuple):
    """Criteria that are, or were, in force."""

    version: int
    criteria: Criteria
    why: str
    proposed_by: str
    approved_by: str
    from_us: int
    """Until the next version's."""


class Proposal(NamedTuple):
    """Somebody's wish for other criteria."""

    proposal_id: int
    criteria: Criteria
    why: str
    who: str
    at_us: int
    based_on: int
    """Version that it was written from."""
    state: ProposalState
    decided_by: str | None
    decided_why: str | None
    decided_us: int | None


def install_default(connection: Connection, *, at_us: int) -> Version:
    """Put the shipped example in force where there are no criteria yet, and give what is in force."""
    row = _version_row(1, _as_text(default_criteria()), "shipped example, to be set by the super manager", SHIPPED)
    insert_new(connection, _VERSIONS, [row | {"approved_by": SHIPPED, "from_us": at_us}])
    return in_force(connection)


def in_force(connection: Connection) -> Version:
    """Criteria that hold now.

    Raises
    ------
    InputError
        There are none; :func:`install_default` puts the shipped ones in force.
    """
    row = connection.execute(select(_VERSIONS).order_by(_VERSIONS.c.version.desc()).limit(1)).one_or_none()
    if row is None:
        raise InputError("no criteria are in force; start highwall serve once, which installs the shipped example.")
    return _version(row)


def number_in_force(connection: Connection) -> int:
    """Number of the version that holds now; 0: there is none."""
    return int(connection.scalar(select(func.max(_VERSIONS.c.version))) or 0)


def versions(connection: Connection, *, after: int = 0, limit: int = 100) -> list[Version]:
    """Versions in order, from the one after ``after``."""
    wanted = select(_VERSIONS).where(_VERSIONS.c.version > after).order_by(_VERSIONS.c.version).limit(limit)
    return [_version(row) for row in connection.execute(wanted)]


def at(connection: Connection, at_us: int) -> Version:
    """Criteria that were in force at a time; before the first ones, these."""
    known = versions(connection, limit=100_000)
    return ([one for one in known if one.from_us <= at_us] or known[:1] or [in_force(connection)])[-1]


def propose(
    connection: Connection,
    content: dict[str, Any],
    *,
    who: str,
    role: Role,
    why: str,
    at_us: int,
    based_on: int | None = None,
) -> Proposal:
    """Propose other criteria; they are checked whole before anybody sees them.

    Parameters
    ----------
    based_on
        Version that they were written from; None: the one in force.

    Raises
    ------
    AccessError
        The role may not.
    ConfigError
        They make no sense.
    InputError
        No reason is given, nothing would change, or other criteria came in force since they were written.
    """
    _check_role(role, Action.PROPOSE_CRITERIA)
    if not why.strip():
        raise InputError("say why the criteria are to change: it stays in their record.")
    criteria = read_criteria(content)
    now = in_force(connection)
    if based_on is not None:
        _check_basis("this proposal", based_on, now.version)
    if criteria == now.criteria:
        raise InputError(f"these are the criteria of version {now.version}, which is in force.")
    row = {"content": _as_text(criteria), "why": why, "who": who, "at_us": at_us, "based_on": now.version}
    wanted = _PROPOSALS.insert().values(row | {"state": ProposalState.OPEN.value}).returning(_PROPOSALS.c.id)
    made = int(connection.execute(wanted).scalar_one())
    detail = {"why": why, "based_on": now.version}
    audit.append(connection, who, "propose_criteria", subject=f"proposal {made}", detail=detail, at_us=at_us)
    return proposal(connection, made)


def approve(connection: Connection, proposal_id: int, *, who: str, role: Role, why: str = "", at_us: int) -> Version:
    """Put a proposal in force, as a second person.

    Raises
    ------
    AccessError
        The role may not, or it is the person who proposed it.
    InputError
        It was decided already, or other criteria came in force since it was written.
    """
    asked = _to_decide(connection, proposal_id, who=who, role=role)
    now = _held_number(connection)
    _check_basis(f"proposal {proposal_id}", asked.based_on, now)
    row = _version_row(now + 1, _as_text(asked.criteria), asked.why, asked.who)
    connection.execute(_VERSIONS.insert().values(row | {"approved_by": who, "from_us": at_us}))
    _decide(connection, asked, ProposalState.APPROVED, who=who, why=why, at_us=at_us)
    return in_force(connection)


def reject(connection: Connection, proposal_id: int, *, who: str, role: Role, why: str, at_us: int) -> Proposal:
    """Refuse a proposal, as a second person.

    Raises
    ------
    AccessError
        The role may not, or it is the person who proposed it.
    InputError
        It was decided already, or no reason is given.
    """
    asked = _to_decide(connection, proposal_id, who=who, role=role)
    if not why.strip():
        raise InputError("say why the proposal is refused: it stays in its record.")
    _decide(connection, asked, ProposalState.REJECTED, who=who, why=why, at_us=at_us)
    return proposal(connection, proposal_id)


def proposal(connection: Connection, proposal_id: int) -> Proposal:
    """One proposal.

    Raises
    ------
    InputError
        There is none of this number.
    """
    row = connection.execute(select(_PROPOSALS).where(_PROPOSALS.c.id == proposal_id)).one_or_none()
    if row is None:
        raise InputError(f"there is no proposal {proposal_id}; list them to find its number.")
    return _proposal(row)


def proposals(
    connection: Connection, *, state: ProposalState | None = None, after: int = 0, limit: int = 100
) -> list[Proposal]:
    """Proposals in order, from the one after ``after``; of one state if asked for."""
    wanted = select(_PROPOSALS).where(_PROPOSALS.c.id > after).order_by(_PROPOSALS.c.id).limit(limit)
    if state is not None:
        wanted = wanted.where(_PROPOSALS.c.state == state.value)
    return [_proposal(row) for row in connection.execute(wanted)]


def _to_decide(connection: Connection, proposal_id: int, *, who: str, role: Role) -> Proposal:
    _check_role(role, Action.APPROVE_CRITERIA)
    locked = select(_PROPOSALS).where(_PROPOSALS.c.id == proposal_id).with_for_update()
    connection.execute(locked).one_or_none()
    asked = proposal(connection, proposal_id)
    if asked.who == who:
        raise AccessError(f"{who} wrote proposal {proposal_id}; a second person must decide on it.")
    if asked.state is not ProposalState.OPEN:
        raise InputError(f"proposal {proposal_id} was {asked.state} by {asked.decided_by}.")
    return asked


def _held_number(connection: Connection) -> int:
    """Number of the version that holds now; whoever else asks for it so waits until this transaction ends."""
    newest = select(_VERSIONS.c.version).order_by(_VERSIONS.c.version.desc()).limit(1)
    connection.execute(newest.with_for_update())
    return number_in_force(connection)  # asked again: another may have come in force while this one waited


def _check_basis(what: str, based_on: int, now: int) -> None:
    if based_on != now:
        raise InputError(f"{what} was written against version {based_on}, and {now} is in force; have it written anew.")


def _decide(connection: Connection, asked: Proposal, state: ProposalState, *, who: str, why: str, at_us: int) -> None:
    values = {"state": state.value, "decided_by": who, "decided_why": why, "decided_us": at_us}
    connection.execute(update(_PROPOSALS).where(_PROPOSALS.c.id == asked.proposal_id).values(values))
    detail = {"why": why, "proposed_by": asked.who, "based_on": asked.based_on}
    subject = f"proposal {asked.proposal_id}"
    audit.append(connection, who, f"criteria_{state}", subject=subject, detail=detail, at_us=at_us)


def _check_role(role: Role, action: Action) -> None:
    if action not in RIGHTS[role]:
        raise AccessError(f"a {role.replace('_', ' ')} may not {action.replace('_', ' ')}.")


def _version_row(version: int, content: str, why: str, who: str) -> dict[str, Any]:
    return {"version": version, "content": content, "why": why, "proposed_by": who}


def _as_text(criteria: Criteria) -> str:
    return msgspec.json.encode(criteria.model_dump(mode="json", by_alias=True, exclude_defaults=True)).decode()


@lru_cache(maxsize=64)
def _parsed(content: str) -> Criteria:
    return read_criteria(msgspec.json.decode(content))


def _version(row: Any) -> Version:
    return Version(row.version, _parsed(row.content), row.why, row.proposed_by, row.approved_by, row.from_us)


def _proposal(row: Any) -> Proposal:
    return Proposal(
        row.id, _parsed(row.content), row.why, row.who, row.at_us, row.based_on, ProposalState(row.state),
        row.decided_by, row.decided_why, row.decided_us,
    )  # fmt: skip
