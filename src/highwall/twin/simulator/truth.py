"""The truth beside a simulation, as JSON data: who was where, what the ground did, who lied when."""

from typing import Any, Final

import numpy as np

from highwall.twin.simulator.ground import SENSORS, opening
from highwall.twin.simulator.layout import Layout, height
from highwall.twin.simulator.radio import NOISE_DB, PATH_LOSS_EXPONENT, SENSITIVITY_DBM, SHADOWING_DB
from highwall.twin.simulator.simulation import Simulation

_POINTS = 200
"""Of the crack's opening that are told."""
_NAMES: Final = {
    "crack": "Crack gauge", "piezo": "Piezometer", "prism": "Prism", "tilt": "Tiltmeter", "weather": "Weather station",
}  # fmt: skip
"""Kind of sensor, as its id begins → as people call it."""


def truth_of(simulation: Simulation, *, start_us: int) -> dict[str, Any]:
    """All that is known of a simulation, for JSON. Local positions are metres east and north of the centre."""
    script = simulation.script
    return {
        "simulated": True,
        "start_us": start_us,
        "options": simulation.options.model_dump(mode="json"),
        "site": site_of(simulation.layout),
        "timelines": {asset_id: timeline.told() for asset_id, timeline in simulation.timelines.items()},
        "incidents": [incident._asdict() for incident in script.incidents],
        "faults": [fault._asdict() for fault in script.faults],
        "cuts": [cut._asdict() for cut in script.cuts],
        "floods": [flood._asdict() for flood in script.floods],
        "crack": _crack(simulation),
        "sensors": [sensor._asdict() | {"datastream": sensor.datastream} for sensor in SENSORS],
    }


def site_of(layout: Layout) -> dict[str, Any]:
    """What a twin must be told of the site before it listens: locations, assets, tags, beacons, gateways."""
    return {
        "center": [layout.lon, layout.lat],
        "locations": [
            {
                "id": place.location_id, "name": place.name, "procedure_id": place.procedure_id,
                "n_staff": place.n_staff, "polygon": layout.outline(place).round(7).tolist(),
            }
            for place in layout.places
        ],
        "assets": [
            {
                "id": bearer.asset_id, "kind": bearer.kind, "name": bearer.name, "location_id": bearer.location_id,
                "tag_id": bearer.tag_id, "gateway_id": bearer.gateway_id,
            }
            for bearer in layout.bearers
        ] + [
            {
                "id": thing, "kind": "sensor", "name": _name(thing), "tag_id": thing, "gateway_id": gateway,
                **_position(layout, local),
            }
            for thing, (gateway, local) in {s.thing: (s.gateway, s.local) for s in SENSORS}.items()
        ],
        "beacons": [
            {"id": beacon.beacon_id, "power_dbm": beacon.power_dbm, **_position(layout, beacon.local)}
            for beacon in layout.beacons
        ],
        "gateways": [{"id": gateway, **_position(layout, local)} for gateway, local in layout.gateways.items()],
        "radio": {
            "path_loss_exponent": PATH_LOSS_EXPONENT, "shadowing_db": SHADOWING_DB, "noise_db": NOISE_DB,
            "sensitivity_dbm": SENSITIVITY_DBM,
        },
    }  # fmt: skip


def _name(thing: str) -> str:
    """How people call a sensor: its kind and number."""
    kind, _, number = thing.partition("-")
    return f"{_NAMES.get(kind, kind.capitalize())} {number}"


def _crack(simulation: Simulation) -> dict[str, Any] | None:
    crack = simulation.script.crack
    if crack is None:
        return None
    seconds = np.linspace(0.0, crack.failure_s, _POINTS, endpoint=False)
    return crack._asdict() | {"seconds": seconds.round(1).tolist(), "opening_m": opening(crack, seconds).tolist()}


def _position(layout: Layout, local: tuple[float, float]) -> dict[str, float]:
    lon, lat = layout.to_lonlat(np.array(local)).tolist()
    return {"lon": lon, "lat": lat, "height_m": float(height(np.array(local)))}
