"""An alarm, and the words of its life: what is written down of a step, what is told, and what people do about it."""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

import msgspec

from highwall.twin.criteria import Channel
from highwall.twin.roles import Role
from highwall.twin.watch import Subject

ENGINE: Final = "highwall"
"""Who moved an alarm, where nobody did."""
Sort = Literal["condition", "blind", "not_watching"]


class Stage(StrEnum):
    """Where in its life an alarm is."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    CLEARED = "cleared"
    CANCELLED = "cancelled"


OPEN: Final = frozenset({Stage.RAISED, Stage.ACKNOWLEDGED, Stage.SHELVED})


class Alarm(msgspec.Struct, frozen=True):
    """Something that a person must answer."""

    alarm_id: int
    """Microsecond of its raising; even if the engine raised it, odd if the watch over the engine did."""
    criterion: str
    subject: Subject
    sort: Sort
    title: str
    level: int
    stage: Stage
    raised_us: int
    began_us: int
    """Event time at which its condition began."""
    owner: Role
    answer_by_us: int | None
    """Until when it must be answered; None: it is, or need not be yet."""
    is_active: bool = True
    """Whether its condition holds."""
    n_escalated: int = 0
    """Steps of the escalation that were taken."""
    next_us: int | None = None
    """When time alone moves it next."""
    cancel_until_us: int | None = None
    """A pre-alarm: its subject may cancel it until then, and nobody else has been told."""
    shelved_until_us: int | None = None
    actions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    version: int = 0
    """Of the criteria under which it was raised."""
    n_again: int = 0
    """Times that it came back while it was open."""

    @property
    def key(self) -> str:
        """What at most one open alarm is about."""
        return alarm_key(self.criterion, self.subject, self.sort)

    @property
    def is_open(self) -> bool:
        """Whether anybody still has to do with it."""
        return self.stage in OPEN

    @property
    def is_blind(self) -> bool:
        """Whether it says that something cannot be judged."""
        return self.sort == "blind"


class Transition(NamedTuple):
    """One step of an alarm's life, for its record."""

    alarm_id: int
    at_us: int
    who: str
    what: str
    """``raised``, ``confirmed``, ``rose``, ``eased``, ``gone``, ``again``, ``acknowledged``, ``shelved``,
    ``shelf_ended``, ``escalated``, ``told_again``, ``aid_called``, ``cleared``, ``cancelled``, ``noted``."""
    why: str
    level: int


class Notice(NamedTuple):
    """Something to be told to people outside."""

    key: str
    """The same for the same thing: it is told once, however often it is worked out."""
    alarm_id: int
    at_us: int
    what: str
    to: Role
    by: tuple[Channel, ...]
    text: str


class Life(NamedTuple):
    """What a step of an alarm's life leads to."""

    alarm: Alarm
    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()


class Act(msgspec.Struct, frozen=True):
    """What a person does about an alarm."""

    act_id: int
    at_us: int
    alarm_id: int
    what: Literal["acknowledge", "shelve", "clear", "cancel", "call_aid"]
    who: str
    why: str = ""
    until_us: int | None = None


def alarm_key(criterion: str, subject: Subject, sort: Sort) -> str:
    """Name of what at most one open alarm is about."""
    return f"{criterion}|{sort}|{subject}"
