"""Small criteria and stores that tests of alarms share."""

from typing import Any

from highwall.telemetry.messages import Event, Priority, Range, Reading, events_message, readings_message
from highwall.twin.criteria import Criteria, read_criteria
from highwall.twin.engine import Engine, Stepped
from highwall.twin.engine_options import EngineOptions
from highwall.twin.roles import Role
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql import gateways, journal, tags, things
from highwall.twin.sql.database import Database

T0 = 1_760_000_000_000_000
"""A time in 2025 [µs]."""
S = 1_000_000
SITE = "pit"
EAGER = EngineOptions(settle_s=0.0, registry_s=0.0)


def level(number: int = 2, **given: Any) -> dict[str, Any]:
    return {"level": number, "owner": "manager", "within_s": 60, **given}


def criterion(name: str = "wide", *, about: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    given.setdefault("levels", [level(when={"reading": "crack_width", "above": 0.01, "silent_after_s": 3600})])
    return {"id": name, "title": f"Title of {name}", "source": "test", "about": about or {"kind": "sensor"}, **given}


def plan(*criteria: dict[str, Any]) -> Criteria:
    return read_criteria({"title": "test", "criteria": list(criteria)})


def install(database: Database, criteria: Criteria, *, at_us: int = T0) -> None:
    """Put criteria in force as version 2, after the shipped ones."""
    with database.begin() as connection:
        criteria_store.install_default(connection, at_us=at_us)
        content = criteria.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        asked = criteria_store.propose(
            connection, content, who="sue", role=Role.SUPER_MANAGER, why="test", at_us=at_us
        )  # fmt: skip
        criteria_store.approve(connection, asked.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=at_us)


def person(database: Database, name: str = "ann", *, tag: str = "tag-1") -> None:
    """Register a person who wears a tag."""
    with database.begin() as connection:
        things.put_asset(connection, things.Asset(name, things.AssetKind.PERSON, name.title()), at_us=T0)
        tags.issue(connection, [tag], at_us=T0)
        tags.claim(connection, tag, asset_id=name, who="sue", at_us=T0)


def enter(database: Database, *names: str) -> None:
    """Let gateways in, so that their silence counts."""
    for name in names:
        code = f"code-of-the-gateway-{name}"
        with database.begin() as connection:
            gateways.open_claim(
                connection, code, gateway_id=name, name=name, location_id=None, who="sue", at_us=T0, expires_us=T0 + S
            )
            gateways.trust(connection, gateways.redeem(connection, code, at_us=T0).id, fingerprint=name, at_us=T0)


class Talker:
    """A gateway that writes into the journal as ingest does."""

    def __init__(self, database: Database, name: str = "gw-1") -> None:
        self._database, self._name = database, name
        self._n = dict.fromkeys(Priority, 0)

    def says(self, *readings: Reading, at_us: int, priority: Priority = Priority.TELEMETRY) -> None:
        numbers = self._numbers(len(readings), priority)
        with self._database.begin() as connection:
            journal.append(
                connection, readings_message(SITE, self._name, numbers, readings), site=SITE, received_us=at_us
            )  # fmt: skip

    def tells(self, *events: Event, at_us: int, priority: Priority = Priority.ALARM) -> None:
        numbers = self._numbers(len(events), priority)
        with self._database.begin() as connection:
            journal.append(connection, events_message(SITE, self._name, numbers, events), site=SITE, received_us=at_us)

    def _numbers(self, n: int, priority: Priority) -> Range:
        first = self._n[priority] + 1
        self._n[priority] += n
        return Range(priority, "e1", first, first + n - 1)


def run_to(engine: Engine, now_us: int) -> Stepped:
    """Step until nothing waits."""
    stepped = engine.step(now_us)
    while stepped.has_more:
        stepped = engine.step(now_us)
    return stepped
