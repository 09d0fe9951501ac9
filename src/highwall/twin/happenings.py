"""What gateways tell of themselves and of what they conclude alone, as far as somebody must hear of it.

Most events need nobody: a configuration that was applied, an outbox that began empty. What is left is said in one
sentence, which is the evidence of the alarm that follows.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, get_args

from highwall.telemetry.messages import Event

EventKind = Literal["outbox_created", "outbox_full", "lost_before_outbox", "config_report", "local_alarm"]
KINDS: Final[tuple[str, ...]] = get_args(EventKind)
"""Kinds of events that criteria can ask for."""


class Happening(NamedTuple):
    """Something that a gateway told."""

    kind: str
    said: str
    """In words, the same for the same thing."""
    holds: bool = True
    """Whether it is so from now on; no: it is over."""
    level: int = 0
    """Of a local alarm; 0 for all else."""


def happening_of(event: Event) -> Happening | None:
    """Read an event of a gateway; None: nobody needs to hear of it."""
    read = _READ.get(event.kind)
    return None if read is None else read(event)


def _replaced(event: Event) -> Happening | None:
    damaged = event.data.get("set_aside")
    if not isinstance(damaged, list) or not damaged:
        return None
    return Happening(event.kind, "its outbox was damaged and replaced by an empty one")


def _full(event: Event) -> Happening:
    return Happening(event.kind, "its outbox is full, and it gives up what is oldest")


def _lost(event: Event) -> Happening:
    return Happening(event.kind, "its disk took nothing, and items were lost")


def _configured(event: Event) -> Happening | None:
    outcome = event.data.get("outcome")
    if outcome not in ("refused", "rolled_back"):
        return None
    return Happening(event.kind, f"configuration {event.subject} was {outcome.replace('_', ' ')}")


def _alarmed(event: Event) -> Happening:
    criterion, level = event.data.get("criterion"), event.data.get("level")
    name = f" {criterion}" if isinstance(criterion, str) else ""
    level = level if isinstance(level, int) else 0
    return Happening(event.kind, f"local alarm{name} of {event.subject}", level > 0, level)


_READ: Final[dict[str, Callable[[Event], Happening | None]]] = {
    "outbox_created": _replaced, "outbox_full": _full, "lost_before_outbox": _lost, "config_report": _configured,
    "local_alarm": _alarmed,
}  # fmt: skip
