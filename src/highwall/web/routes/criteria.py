"""The criteria of alarms: proposed by the super manager, decided on by a second person."""

from typing import Annotated

from fastapi import APIRouter

from highwall.telemetry.observed import OBSERVED
from highwall.twin.roles import Action, Person
from highwall.twin.sql import criteria
from highwall.web.guards import Served, may
from highwall.web.routes.datastreams import shown_unit
from highwall.web.schemas.alarms import CriteriaTold, NewProposal, Proposals, ProposalTold, VersionTold
from highwall.web.schemas.base import After, Limit, Number, Why

router = APIRouter(prefix="/api/criteria", tags=["criteria"])
Sees = Annotated[Person, may(Action.SEE_CRITERIA)]
Proposes = Annotated[Person, may(Action.PROPOSE_CRITERIA)]
Decides = Annotated[Person, may(Action.APPROVE_CRITERIA)]


@router.get("")
def in_force(who: Sees, served: Served) -> CriteriaTold:
    """Tell the criteria that hold, and the versions before."""
    with served.database.read() as store:
        return _current(criteria.in_force(store), criteria.versions(store, limit=1000))


@router.get("/proposals")
def proposals(who: Sees, served: Served, after: After = None, limit: Limit = 100) -> Proposals:
    """List the proposals."""
    with served.database.read() as store:
        found = criteria.proposals(store, after=after or 0, limit=limit)
    return Proposals(proposals=[_proposal(one) for one in found])


@router.post("/proposals")
def propose(given: NewProposal, who: Proposes, served: Served) -> ProposalTold:
    """Propose other criteria; they are checked whole."""
    with served.database.begin() as store:
        made = criteria.propose(
            store, given.content, who=who.name, role=who.role, why=given.why, at_us=served.clock_us(),
            based_on=given.based_on,
        )  # fmt: skip
    return _proposal(made)


@router.post("/proposals/{number}/approve")
def approve(number: Number, given: Why, who: Decides, served: Served) -> CriteriaTold:
    """Put a proposal of another person in force."""
    with served.database.begin() as store:
        made = criteria.approve(
            store, number, who=who.name, role=who.role, why=given.why, at_us=served.clock_us()
        )  # fmt: skip
        return _current(made, criteria.versions(store, limit=1000))


@router.post("/proposals/{number}/reject")
def reject(number: Number, given: Why, who: Decides, served: Served) -> ProposalTold:
    """Refuse a proposal of another person."""
    with served.database.begin() as store:
        return _proposal(
            criteria.reject(store, number, who=who.name, role=who.role, why=given.why, at_us=served.clock_us())
        )  # fmt: skip


def _current(version: criteria.Version, before: list[criteria.Version]) -> CriteriaTold:
    content = version.criteria.model_dump(mode="json", by_alias=True)
    units = {name: shown_unit(known) for name, known in OBSERVED.items()}
    versions = [_version(one) for one in before]
    return CriteriaTold(version=version.version, content=content, versions=versions, units=units)


def _version(one: criteria.Version) -> VersionTold:
    return VersionTold(
        version=one.version, why=one.why, proposed_by=one.proposed_by, approved_by=one.approved_by,
        is_shipped=one.approved_by == one.proposed_by == criteria.SHIPPED, at=one.from_us,
    )  # fmt: skip


def _proposal(one: criteria.Proposal) -> ProposalTold:
    return ProposalTold(
        id=one.proposal_id, content=one.criteria.model_dump(mode="json", by_alias=True), why=one.why, who=one.who,
        at=one.at_us, based_on=one.based_on, state=one.state, decided_by=one.decided_by, decided_why=one.decided_why,
        decided=one.decided_us,
    )  # fmt: skip
