"""Who may do what: one table of roles and actions, in which whatever is not written is refused.

The rights are those of Yu et al. 2023, section 3.1.4: operators are watched and see what is known of themselves;
managers watch the staff and places in their scope; supervisors may besides call outside aid; the super manager alone
sets the criteria.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from highwall.core.errors import AccessError


class Role(StrEnum):
    """What a person is at the mine, least rights first."""

    OPERATOR = "operator"
    MANAGER = "manager"
    SUPERVISOR = "supervisor"
    SUPER_MANAGER = "super_manager"


class Action(StrEnum):
    """What can be asked of the twin."""

    SEE_SITE = "see_site"
    SEE_ASSETS = "see_assets"
    SEE_TRACKS = "see_tracks"
    SEE_READINGS = "see_readings"
    SEE_ALARMS = "see_alarms"
    CANCEL_ALARM = "cancel_alarm"
    SEE_LOCATIONS = "see_locations"
    SEE_FINDINGS = "see_findings"
    SEE_CRITERIA = "see_criteria"
    SEE_GATEWAYS = "see_gateways"
    SEE_TAGS = "see_tags"
    ANSWER_ALARM = "answer_alarm"
    DECIDE_FINDING = "decide_finding"
    EDIT_ASSETS = "edit_assets"
    BIND_TAGS = "bind_tags"
    SYNC = "sync"
    CALL_AID = "call_aid"
    COMMAND_GATEWAY = "command_gateway"
    APPROVE_TAGS = "approve_tags"
    APPROVE_CRITERIA = "approve_criteria"
    PROPOSE_CRITERIA = "propose_criteria"
    MANAGE_GATEWAYS = "manage_gateways"
    MANAGE_USERS = "manage_users"
    READ_AUDIT = "read_audit"


class Reach(StrEnum):
    """How far a right goes."""

    OWN = "own"
    """What is bound to the person's own asset."""
    SCOPE = "scope"
    """What belongs to the person's locations; everything where none are named."""


EVERYWHERE: Final = "*"
"""Location of what concerns the whole site: whoever watches any part of it is told."""
_OF_OPERATOR: Final = {
    Action.SEE_SITE: Reach.SCOPE,
    Action.SEE_ASSETS: Reach.OWN,
    Action.SEE_TRACKS: Reach.OWN,
    Action.SEE_READINGS: Reach.OWN,
    Action.SEE_ALARMS: Reach.OWN,
    Action.CANCEL_ALARM: Reach.OWN,
}
_OF_MANAGER: Final = {
    Action.SEE_SITE: Reach.SCOPE,
    Action.SEE_ASSETS: Reach.SCOPE,
    Action.SEE_TRACKS: Reach.SCOPE,
    Action.SEE_READINGS: Reach.SCOPE,
    Action.SEE_ALARMS: Reach.SCOPE,
    Action.CANCEL_ALARM: Reach.OWN,
    Action.SEE_LOCATIONS: Reach.SCOPE,
    Action.SEE_FINDINGS: Reach.SCOPE,
    Action.SEE_CRITERIA: Reach.SCOPE,
    Action.SEE_GATEWAYS: Reach.SCOPE,
    Action.SEE_TAGS: Reach.SCOPE,
    Action.ANSWER_ALARM: Reach.SCOPE,
    Action.DECIDE_FINDING: Reach.SCOPE,
    Action.EDIT_ASSETS: Reach.SCOPE,
    Action.BIND_TAGS: Reach.SCOPE,
    Action.SYNC: Reach.SCOPE,
}
_OF_SUPERVISOR: Final = _OF_MANAGER | {
    Action.CALL_AID: Reach.SCOPE,
    Action.COMMAND_GATEWAY: Reach.SCOPE,
    Action.APPROVE_TAGS: Reach.SCOPE,
    Action.APPROVE_CRITERIA: Reach.SCOPE,
}
_OF_SUPER_MANAGER: Final = _OF_SUPERVISOR | {
    Action.PROPOSE_CRITERIA: Reach.SCOPE,
    Action.MANAGE_GATEWAYS: Reach.SCOPE,
    Action.MANAGE_USERS: Reach.SCOPE,
    Action.READ_AUDIT: Reach.SCOPE,
}
RIGHTS: Final[dict[Role, dict[Action, Reach]]] = {
    Role.OPERATOR: _OF_OPERATOR,
    Role.MANAGER: _OF_MANAGER,
    Role.SUPERVISOR: _OF_SUPERVISOR,
    Role.SUPER_MANAGER: _OF_SUPER_MANAGER,
}
"""The permission matrix: what is not in it is refused."""
OF_A_SECOND_PERSON: Final = frozenset({Action.APPROVE_CRITERIA, Action.APPROVE_TAGS})
"""Decisions for which someone must be there: through a token, whoever made it could take them alone."""


@dataclass(frozen=True)
class Person:
    """Who asks, as far as rights depend on it."""

    name: str
    role: Role
    locations: frozenset[str] | None = None
    """Location ids in scope; None: the whole site."""
    asset_id: str | None = None
    """The asset that stands for this person."""
    granted: frozenset[Action] | None = None
    """Actions that an API token was given; None: all of the role's."""

    @property
    def rights(self) -> dict[Action, Reach]:
        """Every action that this person may do, and how far."""
        own = RIGHTS[self.role]
        if self.granted is None:
            return own
        granted = self.granted - OF_A_SECOND_PERSON
        return {action: own[action] for action in own if action in granted}

    def may(self, action: Action) -> bool:
        """Whether the person may do this to anything at all."""
        return action in self.rights

    def reaches(self, action: Action, *, asset_id: str | None, location_id: str | None) -> bool:
        """Whether the person may do this to an asset, or to what belongs to it or to a location."""
        reach = self.rights.get(action)
        if reach is None:
            return False
        if reach is Reach.OWN:
            return asset_id is not None and asset_id == self.asset_id
        return self.locations is None or location_id == EVERYWHERE or location_id in self.locations

    def covers(self, locations: Set[str] | None) -> bool:
        """Whether a scope lies within the person's own; None: the whole site."""
        return self.locations is None or (locations is not None and locations <= self.locations)

    def check(self, action: Action, *, asset_id: str | None, location_id: str | None, what: str) -> None:
        """Refuse what is out of reach.

        Raises
        ------
        AccessError
            The person may not do this here.
        """
        if not self.reaches(action, asset_id=asset_id, location_id=location_id):
            raise AccessError(f"{what} is not within the reach of {self.name}; ask someone whose scope covers it.")


def check_scope(person: Person, locations: Set[str] | None) -> None:
    """Refuse to hand on a scope wider than one's own.

    Raises
    ------
    AccessError
        The scope names locations that the person does not reach.
    """
    if not person.covers(locations):
        raise AccessError(
            f"{person.name} cannot give a scope wider than {sorted(person.locations or ())}; name fewer places."
        )
