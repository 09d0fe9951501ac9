"""The server of the twin's trials: ingest and engine in one process, as small as it can be, that may be killed."""

import os
import threading
import time
from collections.abc import Iterable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from highwall.telemetry.messages import Priority
from highwall.twin.bus import MessageBus
from highwall.twin.engine import Engine
from highwall.twin.ingest import Ingest, IngestOptions
from highwall.twin.sql import criteria, schema, tags, things
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.things import Asset, AssetKind
from twin_parts import SITE, Shaken, Source, connected, now_us

OPTIONS: Final = IngestOptions(retry_s=0.2, patience_s=2.0)


def furnish(database: Database, sources: Iterable[Source]) -> None:
    """Prepare a store: the shipped criteria, and a machine for each of some tags."""
    schema.prepare(database, now_us=0)
    names = [source.tag(Priority.TELEMETRY, index) for source in sources for index in range(10)]
    with database.begin() as connection:
        criteria.install_default(connection, at_us=0)
        tags.issue(connection, names, at_us=0)
        for name in names:
            machine = Asset(f"of-{name}", AssetKind.MACHINE, name)
            things.put_asset(connection, machine, at_us=0)
            tags.claim(connection, name, asset_id=machine.id, who="trial", at_us=0)


def server(url: str, port: int, seed: int) -> None:
    """Take messages in, shaken, and work them out; ends only when it is killed, or the store does not let it begin."""
    database = open_database(url)
    with connected("server", port) as bus:
        shaken: MessageBus = Shaken(bus, seed=seed + os.getpid())
        with Ingest(database, shaken, site=SITE, options=OPTIONS):
            work(Engine(database, site=SITE), threading.Event())


def worker(url: str, port: int, number: int) -> None:
    """Take the messages of a shared subscription in, and work nothing out."""
    database = open_database(url)
    options = OPTIONS.model_copy(update={"shared_group": "ingest"})
    with connected(f"worker-{number}", port) as bus, Ingest(database, bus, site=SITE, options=options):
        threading.Event().wait()


def engine(url: str) -> None:
    """Work out what others take in."""
    database: Database = open_database(url)
    work(Engine(database, site=SITE), threading.Event())


def work(engine: Engine, stop: threading.Event) -> None:
    """Step as a service does: at once where more waits, after a pause where the store does not take it."""
    while not stop.is_set():
        try:
            has_more = engine.step(now_us()).has_more
        except SQLAlchemyError as error:
            print(f"engine waits: {str(error)[:120]}", flush=True)
            has_more = False
        if not has_more:
            time.sleep(0.1)
