"""Imagined alarms and notices, and what is told of them."""

from highwall.twin.alarm import Alarm, Notice, Stage
from highwall.twin.bulletin import Bulletin, Spot
from highwall.twin.roles import Role
from highwall.twin.sql.notices import OutgoingNotice
from highwall.twin.watch import Subject

AT_US = 1_790_000_000_123_456
"""2026-09-21T14:13:20.123Z"""
SITE = "copper-hill"
SPOT = Spot("Ana Díaz", -70.5, -33.2, 12.5)


def alarm(**changes) -> Alarm:
    facts = {
        "alarm_id": AT_US, "criterion": "man-down", "subject": Subject("asset", "p-7"), "sort": "condition",
        "title": "A person is down", "level": 4, "stage": Stage.RAISED, "raised_us": AT_US, "began_us": AT_US,
        "owner": Role.SUPERVISOR, "answer_by_us": AT_US + 60_000_000, "actions": ("send the nearest", "stop machines"),
        "evidence": ("Ana is down since 14:13 <fall & stillness>",),
    }  # fmt: skip
    return Alarm(**(facts | changes))


def notice(
    what: str = "raised", *, by: tuple[str, ...] = ("webhook",), to: Role = Role.SUPERVISOR, at_us: int = AT_US
) -> Notice:
    return Notice(f"{AT_US}:{what}:4:{at_us}", AT_US, at_us, what, to, by, "Level 4: A person is down (asset:p-7)")


def outgoing(
    what: str = "raised", *, channel: str = "webhook", number: int = 1, to: Role = Role.SUPERVISOR, at_us: int = AT_US,
    n_tries: int = 0,
) -> OutgoingNotice:  # fmt: skip
    text = "Level 4: A person is down (asset:p-7)"
    key = f"{AT_US}:{what}:4:{at_us}:{to}:{channel}"
    return OutgoingNotice(number, key, AT_US, at_us, what, to, channel, text, n_tries)


def bulletin(of: OutgoingNotice | None = None, *, earlier=(), spot: Spot = SPOT, **changes) -> Bulletin:
    return Bulletin(SITE, of or outgoing(), alarm(**changes), spot, tuple(earlier))
