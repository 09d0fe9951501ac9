"""What the application serves from, put together by whoever starts it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from highwall.telemetry.messages import SignedConfig
from highwall.twin.bus import MessageBus
from highwall.twin.oidc import OidcClient
from highwall.twin.sql.database import Database
from highwall.web.live import Hub
from highwall.web.options import WebOptions


@dataclass(frozen=True)
class RunLayer:
    """A file of a run that the map can show."""

    key: str
    title: str
    path: Path
    legend: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """A scene of a date, as the base of the map."""

    date: str
    path: Path
    bands: tuple[int, int, int] = (3, 2, 1)
    """Numbers of its red, green and blue band."""


@dataclass(frozen=True)
class Place:
    """The site as the pages show it."""

    name: str
    """On the wire."""
    title: str
    time_zone: str
    """Name of the IANA data base, as ``America/Sao_Paulo``."""
    center: tuple[float, float]
    bounds: tuple[float, float, float, float]
    """West, south, east, north [degree]."""


@dataclass(frozen=True)
class Imagery:
    """What was seen from space."""

    scenes: Sequence[Scene] = ()
    rasters: Sequence[RunLayer] = ()
    vectors: Sequence[RunLayer] = ()


@dataclass(frozen=True)
class FindingsBook:
    """The register of findings of a run, which lies in a file."""

    read: Callable[[], list[dict[str, Any]]]
    """Findings as ``schemas.findings`` has them, the undecided first."""
    decide: Callable[[str, str, str, str], dict[str, Any]]
    """Finding, new state, who and why → the finding after the decision."""
    case: Callable[[str], Path | None] = lambda finding_id: None
    """Finding → its case file to print (PDF), where the run has one."""


def patch_thing(patch_id: str) -> str:
    """Under which name the motion of a run's patch is read."""
    return f"patch-{patch_id.lower()}"


PointSeries = Callable[[float, float], dict[str, Any] | None]
"""Longitude and latitude → how the ground moved there, as ``schemas.site`` has it; None: nothing is known."""


@dataclass(frozen=True)
class GatewayDesk:
    """What letting gateways in and out takes: it lies in the server's folder of secrets."""

    certify: Callable[[str, bytes], tuple[str, str]]
    """Gateway and its request (PEM) → its certificate (PEM) and fingerprint.  Raises InputError."""
    authority: str
    """Certificate of the authority (PEM)."""
    broker: str
    """Address of the broker, as gateways reach it."""
    verifying_key: str
    """With which gateways check configurations."""
    sign: Callable[[str], SignedConfig]
    refresh: Callable[[], None]
    """Tell the broker who may come at present."""
    schema: Mapping[str, Any] = field(default_factory=dict)
    """What a configuration may hold, as JSON Schema, its bounds and units included."""
    check: Callable[[str], object] = lambda content: None
    """Refuses a configuration that no gateway would take.  Raises InputError."""


@dataclass(frozen=True)
class Services:
    """Everything that routes use."""

    database: Database
    place: Place
    clock_us: Callable[[], int]
    hub: Hub
    options: WebOptions = field(default_factory=WebOptions)
    imagery: Imagery = field(default_factory=Imagery)
    findings: FindingsBook | None = None
    bus: MessageBus | None = None
    gateways: GatewayDesk | None = None
    tag_sheet: Callable[[Sequence[str]], bytes] | None = None
    """Tags → a sheet of barcodes to print (PDF)."""
    oidc: OidcClient | None = None
    point_series: PointSeries | None = None
    static: Path | None = None
    """Folder of the built pages."""
