"""`highwall demo --live`: the simulated site with its twin in one process, from a tag in the pit to a browser's map.

All of it is simulated. Bus and gateways live in memory and on threads, the store in a file below the demo's folder.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from highwall.core.errors import ConfigError
from highwall.telemetry.tag_options import RssiOptions
from highwall.twin.bus import MemoryBus
from highwall.twin.engine_options import EngineOptions
from highwall.twin.roles import Role
from highwall.twin.simulator import Scenario, Simulation, SimulationOptions, simulate, site_of
from highwall.twin.sql import accounts
from highwall.twin.sql.database import Database
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.pit import enter_pit, gateways_at_work
from highwall.workflows.live.run import place_of
from highwall.workflows.live.serve import Running, Serving, answer, running
from highwall.workflows.run import Say, silent
from highwall.workflows.watching.demo import demo

SITE: Final = "demo"
PASSWORD: Final = "seven grey stones"
"""Of everybody in the demo; it listens on this machine alone."""
PEOPLE: Final[dict[str, Role]] = {
    "operator": Role.OPERATOR, "manager": Role.MANAGER, "supervisor": Role.SUPERVISOR, "chief": Role.SUPER_MANAGER,
}  # fmt: skip
TROUBLE_S: Final = 45.0
"""s, from the start to the first fall."""
_HOURS: Final = 0.5
_GROUND_S: Final = 5.0


class Shown(NamedTuple):
    """A demo that runs."""

    twin: Running
    simulation: Simulation
    authenticator: str | None
    """Key of the super manager's authenticator, on a new store."""


def live_demo(out: Path, *, seed: int, host: str, port: int, say: Callable[[str], None]) -> None:
    """Show the live twin until the process is told to end; the site is simulated first where it is not there yet.

    Raises
    ------
    ConfigError
        The port is not on this machine: everybody's password is known.
    """
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigError(f"the demo listens on this machine alone, not at {host}: its passwords are known.")
    with shown(out, seed=seed, say=say) as demonstration:
        say(f"http://{host}:{port}: log in as {', '.join(PEOPLE)}; everybody's password is {PASSWORD!r}")
        if demonstration.authenticator:
            say(f"chief also needs a code of an authenticator; its key is {demonstration.authenticator}")
        say(f"somebody falls after {TROUBLE_S:.0f} s; a gateway loses its link; a crack opens within the half hour")
        answer(demonstration.twin, host=host, port=port)


@contextmanager
def shown(out: Path, *, seed: int, say: Say = silent) -> Iterator[Shown]:
    """Run twin and gateways of a demo until the block ends."""
    runs = _runs(out, seed=seed, say=say)
    folder = out / "live"
    folder.mkdir(parents=True, exist_ok=True)
    lon, lat = place_of(ServeConfig(site=SITE), runs).center
    simulation = simulate(_options(seed, lon=lon, lat=lat))
    serving = Serving(f"sqlite:///{folder / 'twin.db'}", "memory", runs, None, _config(out, simulation))
    with running(serving, say=say) as twin:
        if not isinstance(twin.bus, MemoryBus):
            raise ConfigError("the demo runs on the bus in memory.")
        at_us = time.time_ns() // 1000
        with twin.database.begin() as store:
            enter_pit(store, simulation, at_us=at_us)
        key = _enter_people(twin.database, simulation, at_us=at_us)
        with gateways_at_work(folder, simulation, twin.bus, site=SITE, say=say):
            yield Shown(twin, simulation, key)


def _runs(out: Path, *, seed: int, say: Say) -> Sequence[Path]:
    runs = (out / "earlier", out / "run")
    if not all((run / "summary.json").is_file() for run in runs):
        demo(out, seed=seed, say=say)
    return runs


def _options(seed: int, *, lon: float, lat: float) -> SimulationOptions:
    return SimulationOptions(
        seed=seed, hours=_HOURS, lon=lon, lat=lat, first_event_s=TROUBLE_S, ground_interval_s=_GROUND_S,
        scenarios=(Scenario.FALL, Scenario.CUT_LINK, Scenario.CRACK),
    )  # fmt: skip


def _config(out: Path, simulation: Simulation) -> ServeConfig:
    radio = site_of(simulation.layout)["radio"]
    rssi = RssiOptions(noise_db=radio["noise_db"], exponent=radio["path_loss_exponent"])
    return ServeConfig(
        site=SITE, title="Simulated mine", time_zone="America/Sao_Paulo", permits=out / "site" / "permits.gpkg",
        engine=EngineOptions(rssi=rssi),
    )  # fmt: skip


def _enter_people(database: Database, simulation: Simulation, *, at_us: int) -> str | None:
    """Enter one user of each role; the operator is the first person of the pit."""
    with database.read() as store:
        known = {user.name for user in accounts.all_users(store)}
    key = None
    worker = next(one.asset_id for one in simulation.layout.bearers if one.kind == "person")
    for name, role in PEOPLE.items():
        if name in known:
            continue
        with database.begin() as store:
            accounts.add_user(store, name, role, at_us=at_us, asset_id=worker if role is Role.OPERATOR else None)
            code = accounts.issue_code(store, name, at_us=at_us)
            made = accounts.choose_password(
                store, code, PASSWORD, issuer="Highwall demo", now_us=at_us, vault=database.vault
            )
        key = made.totp.secret if made.totp else key
    return key
