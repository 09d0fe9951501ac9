"""The life of findings: new → confirmed or dismissed → closed, over all runs of a site.

A run updates the register and never repeats itself: a finding of a known kind, on the same ground and against the same
permit, is the known one, with its newer outline. What people decided stays. A known finding that a run does not repeat
is *absent*, but only where the run had a clear look at its ground and looked for such findings: a cloud closes nothing,
a run without permits misses no breach of them, and nothing closes itself.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, Literal, Self

import geopandas as gpd
import shapely
from pydantic import BaseModel, ConfigDict, Field

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError, MissingInputError

State = Literal["new", "confirmed", "dismissed", "closed"]
MOVES: Final[dict[str, tuple[str, ...]]] = {
    "new": ("confirmed", "dismissed", "closed"),
    "confirmed": ("closed", "dismissed"),
    "dismissed": ("confirmed", "closed"),
    "closed": ("confirmed",),
}
"""State → the states that it may go to."""
SAME_SHARE: Final = 0.3
"""Share of the smaller of two grounds that they must have in common to be one finding [1]."""
CLEAR_SHARE: Final = 0.8
"""Share of a finding's ground that must be clear for a run to miss it [1]."""
GROWN: Final = 1.5
"""Growth of a dismissed finding from which it is brought up again [1]."""


class Event(BaseModel):
    """Something that happened to a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: dt.datetime
    by: str = Field(min_length=1)
    what: str
    why: str = ""


class Entry(BaseModel):
    """One finding through its life."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    finding_id: str
    kind: str
    state: State = "new"
    first_seen: dt.date
    last_seen: dt.date
    last_clear: dt.date | None = Field(None, description="last clear look at this ground before it was first seen")
    absent_since: dt.date | None = Field(None, description="first clear look without it, since it was last seen")
    dismissed_m2: float | None = Field(None, description="area when it was last dismissed [m²]")
    facts: dict[str, Any] = Field(description="columns of the finding at its last sight, but for its ground")
    ground: str = Field(description="WKT, in the CRS of the register")
    events: tuple[Event, ...] = ()

    @property
    def geometry(self) -> Any:
        """Ground as a geometry."""
        return shapely.from_wkt(self.ground)

    @property
    def permit_id(self) -> str | None:
        """Permit that it is held against."""
        return self.facts.get("permit_id")

    def told(self, event: Event, **changes: Any) -> Self:
        """Copy with an event, and with what it changed."""
        return self.model_copy(update={**changes, "events": (*self.events, event)})


class Look(BaseModel):
    """One run's look at the site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: dt.date
    clear: str = Field(description="WKT of the ground that was seen clearly")
    kinds: tuple[str, ...] | None = Field(None, description="kinds of findings that were looked for; all if none")

    def is_clear_of(self, kind: str, ground: Any) -> bool:
        """Tell whether a finding of this kind on this ground would have shown."""
        is_sought = self.kinds is None or kind in self.kinds
        return is_sought and _clear_share(ground, shapely.from_wkt(self.clear)) >= CLEAR_SHARE


class Register(BaseModel):
    """All findings of a site, and every look at it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crs: str
    entries: tuple[Entry, ...] = ()
    looks: tuple[Look, ...] = ()

    def find(self, finding_id: str) -> Entry:
        """Return one finding.

        Raises
        ------
        MissingInputError
            There is none of this name.
        """
        for entry in self.entries:
            if entry.finding_id == finding_id:
                return entry
        known = [entry.finding_id for entry in self.entries]
        raise MissingInputError(f"no finding {finding_id!r} in the register{nearest_name(finding_id, known)}")

    def decided(self, finding_id: str, state: State, *, by: str, why: str, at: dt.datetime) -> Self:
        """Return the register after a person's decision.

        Raises
        ------
        MissingInputError
            There is no such finding.
        InputError
            Its state does not go to the new one, or who decides and why is not said.
        """
        entry = self.find(finding_id)
        if not by.strip() or not why.strip():
            raise InputError(f"say who decides on {finding_id} and why: both stay in its record.")
        if state not in MOVES[entry.state]:
            raise InputError(
                f"{finding_id} is {entry.state}, which cannot become {state}; it can become "
                f"{' or '.join(MOVES[entry.state])}."
            )
        event = Event(at=at, by=by, what=f"{entry.state} → {state}", why=why)
        area = entry.geometry.area if state == "dismissed" else entry.dismissed_m2
        return self._with(entry.told(event, state=state, dismissed_m2=area))

    def _with(self, *changed: Entry) -> Self:
        new = {entry.finding_id: entry for entry in changed}
        kept = [new.pop(entry.finding_id, entry) for entry in self.entries]
        return self.model_copy(update={"entries": (*kept, *new.values())})


def updated(
    register: Register,
    findings: gpd.GeoDataFrame,
    *,
    on: dt.date,
    clear: Any,
    at: dt.datetime,
    kinds: Collection[str] | None = None,
) -> Register:
    """Return the register after a run.

    Parameters
    ----------
    register
        As the run before left it.
    findings
        Of ``activity.findings.assess``, in the register's CRS.
    on
        Date of the scene.
    clear
        Ground that was seen clearly, a geometry in the register's CRS.
    at
        When the run was made.
    kinds
        Kinds of findings that the run looked for; all by default.
    """
    sought = None if kinds is None else tuple(sorted(kinds))
    look = Look(on=on, clear=shapely.to_wkt(clear, rounding_precision=1), kinds=sought)
    looks = _with_look(register.looks, look)
    free = list(register.entries)
    found: list[Entry] = []
    for row in findings.itertuples():
        known = _same(row, free, on=on)
        if known is not None:
            free.remove(known)
            found.append(_seen_again(known, row, on=on, at=at))
        else:
            name = _free_name(str(row.finding_id), register.entries, found)
            found.append(_new(row, name, on=on, at=at))
    rows = list(findings.itertuples())
    missed = [_missed(entry, on=on) for entry in free if _is_missed(entry, rows, look)]
    earlier = [entry for entry in free if on < entry.first_seen]
    last = [_ended(entry, looks, (*found, *free)) if on == entry.last_seen else entry for entry in found]
    dated = [_begun(entry, looks) if on <= entry.first_seen else entry for entry in (*last, *missed, *earlier)]
    return register._with(*dated).model_copy(update={"looks": looks})


def _same(row: Any, entries: Sequence[Entry], *, on: dt.date) -> Entry | None:
    """Known finding that a new one is: most ground in common; a closed one only at scenes of before it was closed."""
    best, most = None, SAME_SHARE
    for entry in entries:
        if entry.state == "closed" and on > entry.last_seen:
            continue
        common = _in_common(row, entry)
        if common >= most:
            best, most = entry, common
    return best


def _in_common(row: Any, entry: Entry) -> float:
    """Share of the smaller ground that two findings have in common; none if their kinds or permits differ [1]."""
    if entry.kind != row.kind or entry.permit_id != _plain(row.permit_id):
        return 0.0
    ground = entry.geometry
    smaller = min(ground.area, row.geometry.area)
    return float(ground.intersection(row.geometry).area / smaller) if smaller else 0.0


def _begun(entry: Entry, looks: Iterable[Look]) -> Entry:
    """Entry with the last look before it was first seen that would have shown it."""
    ground, kind = entry.geometry, entry.kind
    before = [look.on for look in looks if look.on < entry.first_seen and look.is_clear_of(kind, ground)]
    return entry.model_copy(update={"last_clear": max(before, default=None)})


def _ended(entry: Entry, looks: Iterable[Look], others: Iterable[Entry]) -> Entry:
    """Entry with the first look after it was last seen that missed it: scenes may come in any order."""
    ground, kind = entry.geometry, entry.kind
    akin = [each for each in others if each is not entry and _in_common(entry, each) >= SAME_SHARE]
    later = [
        look.on
        for look in looks
        if look.on > entry.last_seen
        and look.is_clear_of(kind, ground)
        and not any(each.first_seen <= look.on <= each.last_seen for each in akin)
    ]
    return entry.model_copy(update={"absent_since": min(later, default=None)})


def _new(row: Any, name: str, *, on: dt.date, at: dt.datetime) -> Entry:
    event = Event(at=at, by="highwall", what="found", why=f"scene of {on.isoformat()}")
    return Entry(
        finding_id=name, kind=row.kind, first_seen=on, last_seen=on, facts=_facts(row),
        ground=shapely.to_wkt(row.geometry, rounding_precision=3), events=(event,),
    )  # fmt: skip


def _seen_again(entry: Entry, row: Any, *, on: dt.date, at: dt.datetime) -> Entry:
    """Take the newer outline; a look at an older scene only moves the first date back."""
    if on < entry.last_seen:
        return entry.model_copy(update={"first_seen": min(on, entry.first_seen)})
    changes: dict[str, Any] = {
        "last_seen": on, "facts": _facts(row),
        "ground": shapely.to_wkt(row.geometry, rounding_precision=3),
    }  # fmt: skip
    before = entry.dismissed_m2 or entry.geometry.area
    grown = row.geometry.area / before if before else 1.0
    if entry.state == "dismissed" and grown >= GROWN:
        event = Event(at=at, by="highwall", what="dismissed → new", why=f"its ground has grown {grown:.1f} times")
        return entry.told(event, state="new", **changes)
    return entry.model_copy(update=changes)


def _is_missed(entry: Entry, rows: Iterable[Any], look: Look) -> bool:
    """Tell whether a look would have shown a finding and did not; one that has become part of another is shown."""
    if look.on < entry.last_seen or any(_in_common(row, entry) >= SAME_SHARE for row in rows):
        return False
    return look.is_clear_of(entry.kind, entry.geometry)


def _missed(entry: Entry, *, on: dt.date) -> Entry:
    since = on if entry.absent_since is None else min(on, entry.absent_since)
    return entry.model_copy(update={"absent_since": since})


def _clear_share(ground: Any, clear: Any) -> float:
    return float(ground.intersection(clear).area / ground.area) if ground.area else 0.0


def _with_look(looks: tuple[Look, ...], look: Look) -> tuple[Look, ...]:
    others = [each for each in looks if each != look]
    return tuple(sorted([*others, look], key=lambda each: each.on))


def _free_name(name: str, known: Iterable[Entry], found: Iterable[Entry]) -> str:
    """Name that no finding bears: a closed one keeps its own, and what comes up there later is numbered."""
    taken = {entry.finding_id for entry in (*known, *found)}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _facts(row: Any) -> dict[str, Any]:
    columns = [name for name in row._fields if name not in {"Index", "geometry", "finding_id", "kind"}]
    return {name: _plain(getattr(row, name)) for name in columns}


def _plain(value: Any) -> Any:
    """Value as JSON has it; what is missing is None."""
    if value is None or value != value:  # NaN is not itself
        return None
    return value.item() if hasattr(value, "item") else value
