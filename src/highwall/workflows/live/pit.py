"""A simulated pit put into a twin: its places, people, machines, sensors and beacons, and gateways that hear them."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from highwall.edge.registration import IDENTITY_FILE, Identity
from highwall.telemetry.messages import Message, Sighted
from highwall.twin.bus import Acknowledge, Handler, MemoryBus
from highwall.twin.secrets import new_code
from highwall.twin.simulator import PitRadio, Simulation, site_of
from highwall.twin.sql import gateways, tags, things, zones
from highwall.twin.sql.things import Asset, AssetKind, Location
from highwall.twin.sql.zones import Zone, ZoneKind
from highwall.workflows.live.gateway import run

_WHO: Final = "simulation"
_CLAIM_US: Final = 60_000_000


def enter_pit(connection: Connection, simulation: Simulation, *, at_us: int) -> None:
    """Put everything of a simulated pit into a store; what is there already stays as it is."""
    site = site_of(simulation.layout)
    for place in site["locations"]:
        polygon = json.dumps({"type": "Polygon", "coordinates": [_closed(place["polygon"])]})
        things.put_location(
            connection, Location(place["id"], place["name"], polygon, place["n_staff"], place["procedure_id"])
        )
    for one in site["assets"]:
        things.put_asset(connection, _asset(one), at_us=at_us)
    _bind(connection, {one["tag_id"]: one["id"] for one in site["assets"]}, at_us=at_us)
    zones.put_zones(connection, [_beacon(one, at_us=at_us) for one in site["beacons"]])
    for gateway in site["gateways"]:
        _let_in(connection, gateway["id"], at_us=at_us)


@contextmanager
def gateways_at_work(
    folder: Path, simulation: Simulation, bus: MemoryBus, *, site: str, say: Callable[[str], None]
) -> Iterator[None]:
    """Run the pit's gateways in real time, each on a thread with an outbox of its own, until the block ends.

    A gateway whose link the simulation cuts goes on hearing, and tells later.
    """
    stop, start_us = threading.Event(), time.time_ns() // 1000
    working = []
    for gateway in simulation.layout.gateways:
        home = folder / gateway
        _write_identity(home, gateway, site=site)
        line = _Line(bus, _link_of(simulation, gateway, start_us=start_us))
        radio = _EndlessPit(simulation, gateway, start_us=start_us)
        options = {"radio": radio, "stop": stop, "say": say, "open_bus": lambda destination, will, line=line: line}
        working.append(threading.Thread(target=run, args=(home,), kwargs=options, name=gateway, daemon=True))
    for thread in working:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in working:
            thread.join()


class _EndlessPit:
    """What a gateway hears of a simulation that begins again when it is over."""

    def __init__(self, simulation: Simulation, gateway: str, *, start_us: int) -> None:
        self._simulation, self._gateway, self._start_us = simulation, gateway, start_us
        self._radio = PitRadio(simulation, gateway, start_us=start_us, now_us=start_us)

    def listen(self, *, is_on: bool) -> None:
        """Turn listening on or off."""
        self._radio.listen(is_on=is_on)

    def heard(self, now_us: int) -> Sighted:
        """Give what was said since the last call."""
        said = self._radio.heard(now_us)
        if self._radio.is_over:
            self._start_us += round(self._simulation.options.duration_s * 1e6)
            self._radio = PitRadio(self._simulation, self._gateway, start_us=self._start_us, now_us=self._start_us)
        return said

    def close(self) -> None:
        """Leave."""
        self._radio.close()


class _Line:
    """One gateway's line to a bus in this process, which the simulation may cut."""

    def __init__(self, bus: MemoryBus, is_up: Callable[[], bool]) -> None:
        self._bus, self._is_up = bus, is_up

    @property
    def is_connected(self) -> bool:
        """Whether the line is up."""
        return self._is_up()

    def publish(self, message: Message) -> None:
        """Pass a message on; while the line is cut it is lost, and the outbox says it again."""
        if self._is_up():
            self._bus.publish(message)

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Have the server's words handled while the line is up; others come again with the next watermark."""

        def pass_on(message: Message, acknowledge: Acknowledge) -> None:
            if self._is_up():
                handler(message, acknowledge)
            else:
                acknowledge()

        self._bus.subscribe(pattern, pass_on)

    def close(self) -> None:
        """Leave the bus to the others."""


def _link_of(simulation: Simulation, gateway: str, *, start_us: int) -> Callable[[], bool]:
    def is_up() -> bool:
        seconds = (time.time_ns() // 1000 - start_us) / 1e6
        return not simulation.script.is_cut(gateway, seconds % simulation.options.duration_s)

    return is_up


def _asset(one: dict[str, Any]) -> Asset:
    return Asset(
        one["id"], AssetKind(one["kind"]), one["name"], one.get("location_id"), longitude=one.get("lon"),
        latitude=one.get("lat"), height_m=one.get("height_m"),
    )  # fmt: skip


def _bind(connection: Connection, owners: dict[str, str], *, at_us: int) -> None:
    new = {tag: asset for tag, asset in owners.items() if tags.tag(connection, tag) is None}
    tags.issue(connection, list(new), at_us=at_us)
    for tag, asset in new.items():
        tags.claim(connection, tag, asset_id=asset, who=_WHO, at_us=at_us)


def _beacon(one: dict[str, Any], *, at_us: int) -> Zone:
    point = {"type": "Point", "coordinates": [one["lon"], one["lat"], one.get("height_m", 0.0)]}
    return Zone(one["id"], ZoneKind.BEACON, one["id"], point, {"power_dbm": one["power_dbm"]}, _WHO, at_us)


def _let_in(connection: Connection, gateway_id: str, *, at_us: int) -> None:
    """Enter a gateway as if it had been claimed; in one process nobody asks for its certificate."""
    if gateways.gateway(connection, gateway_id) is not None:
        return
    code = new_code()
    gateways.open_claim(
        connection, code, gateway_id=gateway_id, name=gateway_id, location_id=None, who=_WHO, at_us=at_us,
        expires_us=at_us + _CLAIM_US,
    )  # fmt: skip
    gateways.redeem(connection, code, at_us=at_us)
    gateways.trust(connection, gateway_id, fingerprint="0" * 64, at_us=at_us)


def _write_identity(home: Path, gateway: str, *, site: str) -> None:
    """Write who a gateway is; its broker is this process, and nobody signs configurations."""
    home.mkdir(parents=True, exist_ok=True)
    (home / IDENTITY_FILE).write_bytes(msgspec.json.encode(Identity(gateway, site, "localhost", 8883, "")))


def _closed(ring: list[list[float]]) -> list[list[float]]:
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]
