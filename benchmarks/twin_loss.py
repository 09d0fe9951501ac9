"""Loss trial of the live twin: kill, cut, fill, shake, and count what is missing and what is there twice.

Gateways with an outbox, a Mosquitto with persistence, a server (ingest, journal, engine) on SQLite or PostgreSQL, each
a process. While readings flow, members are killed with SIGKILL at random (PostgreSQL itself too, by that or by its
immediate stop), the line to the broker is cut, the disk under the outboxes, the broker and the store is filled to the
last byte, and the server's messages come late, twice and out of order. Then every reading must be there once, and the
engine's work equal to a replay of the journal in order.

::

    python benchmarks/twin_loss.py                         # 210,000 readings, 40 kills
    python benchmarks/twin_loss.py --readings 5000 --kills 6 --rate 500
    python benchmarks/twin_loss.py --database postgresql   # the store on a PostgreSQL, which is killed too
"""

import argparse
import dataclasses
import multiprocessing
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.exc import OperationalError

from harness import Row, report
from highwall.telemetry.messages import Priority
from highwall.twin.sql import datastreams, journal, losses, observations, states
from highwall.twin.sql.database import Database, open_database
from twin_parts import Broker, Disk, Link, Member, Source, gateway, now_us
from twin_replay import Difference, compared, in_order
from twin_server import furnish, server

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.twin import postgresql

PATIENCE_S = 300.0
"""How long everything may take to arrive after the last trouble [s]."""


@dataclass(frozen=True)
class Plan:
    """What one trial does."""

    n_readings: int
    n_kills: int
    rate: float
    """Readings in a second, of all gateways."""
    n_gateways: int = 3
    seed: int = 8
    store: str = ""
    """Address of an empty store; by default SQLite on the trial's own disk."""

    def sources(self, from_us: int) -> list[Source]:
        """What its gateways read, from then on."""
        each, rate = self.n_readings // self.n_gateways, self.rate / self.n_gateways
        return [Source(f"gw-{index}", each, rate, from_us) for index in range(1, self.n_gateways + 1)]


class Outcome(NamedTuple):
    """What one trial showed."""

    n_readings: int
    n_lost: int
    n_twice: int
    n_wrong: int
    """Readings that are there with another value or under another datastream."""
    n_given_up: int
    """Numbers that a gateway announced as lost; here none may be."""
    n_set_aside: int
    n_kills: dict[str, int]
    n_kills_in_flow: int
    """Kills before the last reading was durable."""
    n_cuts: int
    n_fills: int
    seconds: float
    differences: list[Difference]
    """In what the engine's work differs from a replay in order."""


def main() -> int:
    """Run the trial and write its row."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--readings", type=int, default=210_000)
    arguments.add_argument("--kills", type=int, default=40)
    arguments.add_argument("--rate", type=float, default=2000.0, help="readings in a second, of all gateways")
    arguments.add_argument("--seed", type=int, default=8)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="where the store is")
    arguments.add_argument("--no-report", action="store_true", help="print, but write no results")
    given = arguments.parse_args()
    plan = Plan(given.readings, given.kills, given.rate, seed=given.seed)
    outcome = trial_on_postgresql(plan) if given.database == "postgresql" else trial(plan)
    print(outcome._replace(differences=outcome.differences[:5]))
    if not given.no_report:
        name = "twin_loss_postgresql" if given.database == "postgresql" else "twin_loss"
        report(name, rows(outcome), title="Loss trial of the live twin")
    return int(bool(outcome.n_lost or outcome.n_twice or outcome.n_wrong or outcome.differences or outcome.n_given_up))


def trial_on_postgresql(plan: Plan) -> Outcome:
    """Run one trial whose store is a PostgreSQL that is killed like the other members."""
    with postgresql.killable(is_durable=True) as started, postgresql.database(started.address, "loss") as address:
        given = dataclasses.replace(plan, store=address.render_as_string(hide_password=False))
        return trial(given, killable=started)


def trial(plan: Plan, *, killable: postgresql.Server | None = None) -> Outcome:
    """Run one trial from an empty store to the last reading.

    Parameters
    ----------
    killable
        Server of the store, where it is one.
    """
    with ExitStack() as closing:
        disk = Disk(size_mib=512)
        closing.callback(disk.remove)
        url = plan.store or f"sqlite:///{disk.folder / 'twin.db'}"
        database = open_database(url)
        closing.callback(database.close)
        sources = plan.sources(now_us() + 5_000_000)
        furnish(database, sources)
        stage = Stage(plan, sources, disk, url, killable)
        closing.callback(stage.end)
        started = time.monotonic()
        n_in_flow = stage.play(lambda: arrived(database, stage.sources))
        stage.settle(lambda: is_done(database, stage.sources))
        stage.end()
        return judged(database, stage, n_in_flow=n_in_flow, seconds=time.monotonic() - started)


class Stage:
    """The members of one trial and their troubles."""

    def __init__(
        self, plan: Plan, sources: list[Source], disk: Disk, url: str, database: postgresql.Server | None
    ) -> None:
        self._plan, self._disk, self._database = plan, disk, database
        self._chance = random.Random(plan.seed)
        context: Any = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["twin_parts", "twin_server"])
        self._broker = Broker(disk.folder / "broker")
        self._link = Link(self._broker.port)
        self.sources = sources
        self._servers = [Member(context, server, url, self._broker.port, plan.seed)]
        self._wait_for_session()
        self._gateways = [Member(context, gateway, disk.folder, source, self._link.port) for source in self.sources]
        kinds = ("server", "broker", "gateway") if database is None else ("server", "broker", "gateway", "database")
        self.n_kills = dict.fromkeys(kinds, 0)
        self.n_cuts = self.n_fills = 0

    def play(self, n_arrived: Callable[[], int]) -> int:
        """Make trouble until all kills are done, spread over the time in which readings come; count those in flow."""
        total = sum(source.total(priority) for source in self.sources for priority in Priority)
        in_flow = n_known = 0
        for index in range(self._plan.n_kills):
            self._await_share(0.85 * index / self._plan.n_kills * total, n_arrived)
            self._tend(self._chance.uniform(0.0, 0.6))
            n_known = max(n_known, n_arrived())  # while the store is away it tells nothing
            in_flow += n_known < total
            self._kill_one()
            self._other_trouble()
        return in_flow

    def settle(self, is_done: Callable[[], bool]) -> None:
        """Leave the members in peace until everything has arrived."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_done():
            if time.monotonic() > deadline:
                print("not everything arrived in time", file=sys.stderr)
                return
            self._tend(0.5)

    def end(self) -> None:
        """Kill every member."""
        for member in (*self._gateways, *self._servers, self._broker):
            member.kill()

    def _tend(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for member in (self._broker, *self._servers, *self._gateways):
                member.tend()
            if self._database is not None:
                self._database.tend()
            time.sleep(0.1)

    def _await_share(self, n_wanted: float, n_arrived: Callable[[], int]) -> None:
        """Wait until so many readings are durable, or for as long as nothing that works can take."""
        deadline = time.monotonic() + 30.0
        while n_arrived() < n_wanted and time.monotonic() < deadline:
            self._tend(0.1)

    def _kill_one(self) -> None:
        """Kill each kind of member once, then any."""
        untouched = [kind for kind, n in self.n_kills.items() if n == 0]
        often = ["server", "server", "broker", "gateway"] + (["database"] * 2 if self._database is not None else [])
        kind = self._chance.choice(untouched or often)
        self.n_kills[kind] += 1
        if kind == "database" and self._database is not None:
            self._database.kill(self._chance.choice((signal.SIGKILL, signal.SIGQUIT)))
            return
        victims: list[Member | Broker] = {
            "server": [*self._servers],
            "broker": [self._broker],
            "gateway": [*self._gateways],
        }[kind]
        self._chance.choice(victims).kill()

    def _other_trouble(self) -> None:
        if self._chance.random() < 0.3:
            self._link.cut()
            self._tend(self._chance.uniform(0.2, 1.0))
            self._link.mend()
            self.n_cuts += 1
        if self._disk.can_fill and self._chance.random() < 0.25:
            self._disk.fill()
            self._tend(self._chance.uniform(0.5, 1.5))
            self._disk.free()
            self.n_fills += 1

    def _wait_for_session(self) -> None:
        """Let the server's session be there before any gateway publishes, as it is where a server is set up."""
        time.sleep(2.0)


def arrived(database: Database, sources: list[Source]) -> int:
    """How many numbers are durable at the server; none, while nobody there can tell."""
    try:
        with database.read() as connection:
            return sum(stream.watermark for stream in journal.streams(connection))
    except OperationalError:
        return 0


def is_done(database: Database, sources: list[Source]) -> bool:
    """Whether everything is durable, and worked out."""
    try:
        with database.read() as connection:
            heads, cursors = journal.heads(connection), states.cursors(connection)
    except OperationalError:
        return False
    total = sum(source.total(priority) for source in sources for priority in Priority)
    return sum(heads.values()) >= total and all(cursors.get(stream, 0) >= head for stream, head in heads.items())


def judged(database: Database, stage: Stage, *, n_in_flow: int, seconds: float) -> Outcome:
    """Compare what is there with what must be, and with a replay in order."""
    there: dict[tuple[str, Priority, int], list[tuple[str, float | None]]] = {}
    with database.read() as connection:
        names = {one.id: one.name for one in datastreams.datastreams(connection, limit=1_000_000)}
        streams = {stream.stream_id: stream for stream in journal.streams(connection)}
        for month in observations.months(connection):
            for row in observations.rows_of_month(connection, month):
                key = streams[row.stream_id].gateway, streams[row.stream_id].priority, row.number
                there.setdefault(key, []).append((names[row.datastream_id], row.value))
        n_given_up = sum(lost.last - lost.first + 1 for lost in losses.lost_ranges(connection, limit=10_000))
        n_set_aside = len(losses.dead_letters(connection, limit=10_000))
    wanted = dict(_expected(stage.sources))
    return Outcome(
        n_readings=len(wanted),
        n_lost=len(wanted.keys() - there.keys()),
        n_twice=sum(len(found) - 1 for found in there.values()),
        n_wrong=sum(there[key][0] != told for key, told in wanted.items() if key in there)
        + len(there.keys() - wanted.keys()),
        n_given_up=n_given_up,
        n_set_aside=n_set_aside,
        n_kills=stage.n_kills,
        n_kills_in_flow=n_in_flow,
        n_cuts=stage.n_cuts,
        n_fills=stage.n_fills,
        seconds=seconds,
        differences=compared(database, in_order(database, stage.sources)),
    )


def _expected(sources: list[Source]) -> Iterator[tuple[tuple[str, Priority, int], tuple[str, float]]]:
    for source in sources:
        for priority in Priority:
            for number in range(source.first(priority), source.total(priority) + 1):
                told = source.datastream(priority, number), source.value(number)
                yield (source.gateway, priority, number), told


def rows(outcome: Outcome) -> list[Row]:
    """What the documents show of a trial."""
    kills = ", ".join(f"{n} of the {who}" for who, n in outcome.n_kills.items())
    note = (
        f"{sum(outcome.n_kills.values())} kills -9 ({kills}; {outcome.n_kills_in_flow} in flow), "
        f"{outcome.n_cuts} cuts, {outcome.n_fills} full disks, late, twice, out of order; {outcome.seconds:.0f} s"
    )
    return [
        Row("readings that were sent", "1", outcome.n_readings, note=note),
        Row("readings lost", "1", outcome.n_lost),
        Row("readings twice", "1", outcome.n_twice),
        Row("readings wrong", "1", outcome.n_wrong),
        Row("differences from a replay in order", "1", len(outcome.differences)),
    ]


if __name__ == "__main__":
    sys.exit(main())
