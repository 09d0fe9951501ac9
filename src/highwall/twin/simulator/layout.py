"""Where everything stands: the pit and its places, beacons, gateways, and the things on them."""

from typing import Final, NamedTuple

import numpy as np

from highwall.twin.simulator.chance import Floats, chance
from highwall.twin.simulator.options import SimulationOptions

METRES_PER_DEGREE: Final = 111_320.0
"""m, one degree of latitude, near enough for a site of a kilometre."""
PIT_AXES_M: Final = (260.0, 190.0)
"""m, half axes of the pit's crest, east and north."""
PIT_DEPTH_M: Final = 45.0
RIM_HEIGHT_M: Final = 850.0
"""m, height of the ground around the pit."""
HAUL_ROAD: Final = ((70.0, -60.0), (170.0, 10.0), (290.0, -60.0), (330.0, -200.0), (420.0, -290.0))
"""m, local: from the loading face over the ramp to the dump."""
CRACK: Final = (-190.0, 150.0)
"""m, local: the crack at the crest."""

Point = tuple[float, float]


class Place(NamedTuple):
    """A named part of the site."""

    location_id: str
    name: str
    centre: Point
    """m, local."""
    half_m: Point
    """m, half width and half height of its rectangle; of the pit, half axes."""
    procedure_id: str
    """Operating procedure that holds there."""
    n_staff: int
    """How many are expected."""


class Beacon(NamedTuple):
    """A radio beacon on a mast."""

    beacon_id: str
    local: Point
    """m."""
    power_dbm: float
    """dBm, signal strength at 1 m."""


class Bearer(NamedTuple):
    """A person or machine and the tag that speaks for it."""

    asset_id: str
    kind: str
    """``person`` or ``machine``."""
    name: str
    tag_id: str
    gateway_id: str
    location_id: str
    """Where it belongs."""


_PLACES: Final = (
    Place("pit", "Main pit", (0.0, 0.0), PIT_AXES_M, "OP-110", 4),
    Place("dump", "South-east dump", (430.0, -300.0), (90.0, 70.0), "OP-210", 1),
    Place("plant", "Processing plant", (390.0, 240.0), (80.0, 60.0), "OP-310", 2),
    Place("workshop", "Workshop", (-400.0, -180.0), (50.0, 40.0), "OP-410", 1),
    Place("office", "Site office", (-430.0, 250.0), (40.0, 30.0), "OP-010", 1),
)
_BEACONS: Final = (
    (-240.0, 140.0), (-120.0, 190.0), (40.0, 205.0), (200.0, 140.0), (275.0, 0.0), (200.0, -150.0), (60.0, -60.0),
    (-60.0, -195.0), (-220.0, -110.0), (-60.0, 40.0), (120.0, 60.0), (-130.0, -60.0), (-400.0, -180.0),
    (-430.0, 250.0), (390.0, 240.0), (330.0, 180.0), (430.0, -300.0), (340.0, -210.0),
    (-330.0, 190.0), (-310.0, -140.0), (340.0, 90.0), (-320.0, 30.0),
)  # fmt: skip
_GATEWAYS: Final = {"gw-pit": (-270.0, 60.0), "gw-plant": (350.0, 180.0)}
_FIRST: Final = ("Ada", "Bela", "Caro", "Dana", "Eda", "Femi", "Gil", "Hana", "Ivo", "Juno", "Kai", "Lena")
_LAST: Final = ("Almeida", "Brandt", "Chen", "Duarte", "Eriksen", "Farah", "Gomes", "Haas", "Ito", "Jansen", "Kone")
_POWER_DBM: Final = -55.0


class Layout(NamedTuple):
    """The whole site."""

    lon: float
    lat: float
    """Degrees, of the local origin."""
    places: tuple[Place, ...]
    beacons: tuple[Beacon, ...]
    gateways: dict[str, Point]
    """Local position by id [m]."""
    bearers: tuple[Bearer, ...]

    def place(self, location_id: str) -> Place:
        """The place with an id."""
        return next(place for place in self.places if place.location_id == location_id)

    def to_lonlat(self, local: Floats) -> Floats:
        """Degrees east and north of local positions: (…, 2) to (…, 2)."""
        scale = METRES_PER_DEGREE * np.array([np.cos(np.radians(self.lat)), 1.0])
        return np.asarray(np.array([self.lon, self.lat]) + np.asarray(local, dtype=np.float64) / scale)

    def outline(self, place: Place) -> Floats:
        """Ring of a place in degrees, closed: (n, 2)."""
        angle = np.linspace(0.0, 2.0 * np.pi, 33)
        ring = np.column_stack([np.cos(angle), np.sin(angle)])
        if place.location_id != "pit":
            ring = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)])
        return self.to_lonlat(np.array(place.centre) + ring * place.half_m)


def height(local: Floats) -> Floats:
    """Height of the ground [m] at local positions (…, 2): level, with the pit as a bowl of three benches."""
    share = np.linalg.norm(np.asarray(local) / PIT_AXES_M, axis=-1)
    depth = np.clip(np.floor((1.0 - share) * 4.0) + 1.0, 0.0, 3.0) / 3.0 * PIT_DEPTH_M
    return np.asarray(RIM_HEIGHT_M - np.where(share < 1.0, depth, 0.0))


def layout_of(options: SimulationOptions) -> Layout:
    """Lay the site out around the options' centre."""
    beacons = tuple(Beacon(f"beacon-{n}", local, _POWER_DBM) for n, local in enumerate(_BEACONS, start=1))
    return Layout(options.lon, options.lat, _PLACES, beacons, dict(_GATEWAYS), _bearers(options))


def _bearers(options: SimulationOptions) -> tuple[Bearer, ...]:
    random = chance(options.seed, "names")
    homes = [place.location_id for place in _PLACES for _ in range(place.n_staff)]
    found = []
    for n in range(options.n_people):
        name = f"{_FIRST[n % len(_FIRST)]} {_LAST[int(random.integers(len(_LAST)))]}"
        home = homes[n % len(homes)]
        found.append(Bearer(f"person-{n + 1}", "person", name, f"tag-{n + 1}", _gateway_of(home), home))
    for n in range(options.n_machines):
        kind = "excavator" if n % 3 == 0 else "truck"
        tag = f"machine-{n + 1}"
        found.append(Bearer(f"{kind}-{n + 1}", "machine", f"{kind.capitalize()} {n + 1}", tag, "gw-pit", "pit"))
    return tuple(found)


def _gateway_of(location_id: str) -> str:
    return "gw-plant" if location_id in ("plant", "dump") else "gw-pit"
