"""`highwall serve`: ingest, engine, watchdog, notices and pages of one site, in one process.

The process may be killed at any time: what is acknowledged is in the journal, what was worked out is in the store with
the engine's cursor, and the next start goes on from there.
"""

import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from highwall.core.errors import ConfigError
from highwall.report.tag_sheet import tag_sheet_pdf
from highwall.twin.broker import AUTHORITY_FILE as AUTHORITY
from highwall.twin.broker import CERTIFICATE_FILE, KEY_FILE
from highwall.twin.bus import MemoryBus, MessageBus
from highwall.twin.engine import Engine
from highwall.twin.ingest import Ingest
from highwall.twin.mqtt import MqttBus, MqttOptions
from highwall.twin.oidc import OidcClient
from highwall.twin.sql import accounts, audit, criteria, journal, schema, zones
from highwall.twin.sql.database import Database, open_database
from highwall.web.app import create_app
from highwall.web.live import Hub
from highwall.web.services import GatewayDesk, Services
from highwall.workflows.live.gateways import open_desk, prepare_secrets
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.renewals import Renewals
from highwall.workflows.live.rounds import threads_of, threads_of_pages
from highwall.workflows.live.run import findings_book, imagery_of, place_of, point_series, readings_of, zones_of
from highwall.workflows.live.sensor_groups import read_groups

FIRST_USER: Final = "super"
"""Name of the super manager whom a new store begins with."""
_STORE_KEY: Final = "store.key"
_LOG: Final = logging.getLogger("highwall.serve")


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Serving:
    """What is served, from where, to whom."""

    store: str = "sqlite:///highwall.db"
    bus: str = "memory"
    """``memory``, ``mqtt://HOST:PORT`` or ``mqtts://HOST:PORT``."""
    runs: Sequence[Path] = ()
    secrets: Path | None = None
    """Folder of the authority and the keys; None: no gateway is let in."""
    config: ServeConfig = field(default_factory=ServeConfig)
    is_pages_only: bool = False
    """Whether another process runs ingest, engine and all that tells people; this one answers browsers."""


class Running(NamedTuple):
    """A twin that works."""

    app: FastAPI
    services: Services
    database: Database
    bus: MessageBus
    engine: Engine | None
    """None: another process has it."""
    setup_code: str | None
    """One-time code of the first super manager, on a new store."""


@contextmanager
def running(
    serving: Serving, *, clock_us: Callable[[], int] = now_us, say: Callable[[str], None] = lambda message: None
) -> Iterator[Running]:
    """Open the store, and begin to listen, to work out and to tell; ends in order when the block ends.

    Raises
    ------
    ConfigError
        The store, the bus or a file cannot be opened.
    """
    with ExitStack() as closing:
        database = open_database(serving.store, key=_key_file(serving))
        closing.callback(database.close)
        code = _prepared(database, serving, at_us=clock_us(), say=say)
        bus = _bus(serving)
        closing.callback(bus.close)
        services = _services(database, bus, serving, clock_us)
        if serving.is_pages_only:
            engine, threads = None, threads_of_pages(services)
        else:
            engine = engine_of(database, serving.config)
            ingest = Ingest(database, bus, site=serving.config.site, options=serving.config.ingest, clock=clock_us)
            threads = threads_of(services, engine, serving.config)
            closing.enter_context(ingest)
            if services.gateways is not None:
                Renewals(database, bus, services.gateways, site=serving.config.site, clock_us=clock_us).listen()
        for thread in threads:
            thread.start()
            closing.callback(thread.close)
        yield Running(create_app(services), services, database, bus, engine, code)


def serve(serving: Serving, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until the process is told to end.

    Raises
    ------
    ConfigError
        The store, the bus or a file cannot be opened.
    """
    with running(serving, say=say) as twin:
        scheme = "https" if serving.config.certificate else "http"
        say(f"{twin.services.place.title}: {scheme}://{host}:{port}")
        if twin.setup_code is not None:
            say(f"first start: log in as {FIRST_USER!r}; choose a password with this one-time code: {twin.setup_code}")
        answer(twin, host=host, port=port, certificate=serving.config.certificate, key=serving.config.key)


def answer(twin: Running, *, host: str, port: int, certificate: Path | None = None, key: Path | None = None) -> None:
    """Answer browsers and other systems until the process is told to end."""
    signal.signal(signal.SIGTERM, _end)  # uvicorn raises it again once the last answer is out
    uvicorn.run(
        twin.app, host=host, port=port, log_level="warning", access_log=False, server_header=False, ws_max_size=2**16,
        proxy_headers=False,
        timeout_graceful_shutdown=5, ssl_certfile=_text(certificate), ssl_keyfile=_text(key),
    )  # fmt: skip


def _end(number: int, frame: object) -> None:
    """Leave the block of a running twin in order."""
    raise SystemExit(0)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def new_code(store: str, name: str) -> str:
    """Make a one-time code with which a user chooses a new password, as when a super manager lost the authenticator.

    Raises
    ------
    MissingInputError
        There is no such user.
    """
    database = open_database(store)
    try:
        at_us = now_us()
        schema.prepare(database, now_us=at_us)
        with database.begin() as connection:
            code = accounts.issue_code(connection, name, at_us=at_us)
            audit.append(connection, "console", "issue_code", subject=name, detail={}, at_us=at_us)
        return code
    finally:
        database.close()


def _prepared(database: Database, serving: Serving, *, at_us: int, say: Callable[[str], None]) -> str | None:
    """Bring the store to the present schema, tell loudly what happened to it, and put in what runs have found."""
    events = schema.prepare(database, now_us=at_us)
    if serving.is_pages_only:
        return None
    for event in events:
        say(f"STORE {event.what.upper()}: {event.detail}")
        _LOG.warning("store %s: %s", event.what, event.detail)
    with database.begin() as connection:
        schema.mark_told(connection, upto=max((event.event_id for event in events), default=0))
        criteria.install_default(connection, at_us=at_us)
        code = accounts.first_super_manager(connection, name=FIRST_USER, at_us=at_us)
        head = audit.head(connection)
        locked_out = accounts.locked_out(connection, database.vault)
    say(f"head of the audit log: {head}")
    if locked_out:
        told = f"KEY MISSING: {database.vault.where} does not open the authenticators of {', '.join(locked_out)}"
        say(f"{told}; put the key back, or give each a code with --new-code NAME")
        _LOG.error(told)
    if serving.runs:
        _enter_run(database, serving.runs[-1], site=serving.config.site, at_us=at_us)
    return code


def _enter_run(database: Database, run: Path, *, site: str, at_us: int) -> None:
    """Put a run's zones in place of the earlier ones, and its displacements into the journal, once."""
    said, message = zones_of(run), readings_of(run, site=site)
    with database.begin() as connection:
        for kind, found in said.items():
            zones.replace_zones(connection, kind, found, at_us=at_us)
        if message is not None:
            journal.append_all(connection, [message], site=site, received_us=at_us)


def engine_of(database: Database, config: ServeConfig) -> Engine:
    """Engine of a site as serve.yaml has it."""
    groups = None if config.neighbours is None else read_groups(config.neighbours)
    return Engine(database, site=config.site, options=config.engine, groups=groups)


def _key_file(serving: Serving) -> Path | None:
    """File of the store's key, where there is no place beside the store."""
    is_elsewhere = serving.store.startswith("postgresql") and serving.secrets is not None
    return serving.secrets / _STORE_KEY if is_elsewhere and serving.secrets else None


def _bus(serving: Serving) -> MessageBus:
    """Open the way to gateways; what pages have for them goes through the store, and the engine's process sends it."""
    if serving.bus == "memory" or serving.is_pages_only:
        return MemoryBus()
    parts = urlsplit(serving.bus)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or not parts.port:
        raise ConfigError(f"bus {serving.bus!r}; give memory, mqtt://HOST:PORT or mqtts://HOST:PORT.")
    client = f"highwall-{serving.config.site}-server"
    if parts.scheme == "mqtt":
        return MqttBus(MqttOptions(host=parts.hostname, port=parts.port, client_id=client))
    folder = _secrets(serving)
    return MqttBus(
        MqttOptions(
            host=parts.hostname, port=parts.port, client_id=client, authority=folder / AUTHORITY,
            certificate=folder / CERTIFICATE_FILE, key=folder / KEY_FILE,
        )
    )  # fmt: skip


def _secrets(serving: Serving) -> Path:
    """Return the folder of secrets, with all that a broker needs in it."""
    if serving.secrets is None:
        raise ConfigError("an mqtts bus needs certificates; give --secrets FOLDER, where they are made.")
    host = serving.config.broker.rpartition(":")[0]
    hosts = tuple(dict.fromkeys(one for one in (host, "localhost", "127.0.0.1") if one))
    prepare_secrets(serving.secrets, site=serving.config.site, hosts=hosts, options=serving.config.mosquitto)
    return serving.secrets


def _services(database: Database, bus: MessageBus, serving: Serving, clock_us: Callable[[], int]) -> Services:
    config, runs = serving.config, serving.runs
    place = place_of(config, runs)
    return Services(
        database, place, clock_us, Hub(start_us=clock_us()), config.pages, imagery_of(runs, permits=config.permits),
        findings=findings_book(runs[-1]) if runs else None, bus=bus, gateways=_desk(database, serving),
        tag_sheet=partial(tag_sheet_pdf, title=place.title), oidc=OidcClient(config.oidc) if config.oidc else None,
        point_series=point_series(runs[-1]) if runs else None,
    )  # fmt: skip


def _desk(database: Database, serving: Serving) -> GatewayDesk | None:
    if serving.secrets is None:
        return None
    return open_desk(_secrets(serving), database, site=serving.config.site, address=serving.config.broker)
