"""The archive's metadata service on this machine: passes of a made-up Sentinel-1 over a place, in the form of CMR."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import asf_search
import numpy as np
from asf_search.baseline.calc import get_granule_position

CMR = "https://cmr.earthdata.nasa.gov"
INCIDENCE = np.deg2rad(39.0)


class Archive(NamedTuple):
    """A running server."""

    session: asf_search.ASFSession
    """Asks it instead of CMR."""
    asked: list[list[tuple[str, str]]]
    """Forms that it was sent."""


class Rerouted(asf_search.ASFSession):
    """A session whose questions to CMR go to this machine."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def post(self, url: str, **more: Any) -> Any:
        return super().post(url.replace(CMR, self.address), **more)


@contextmanager
def cmr_server(granules: Sequence[dict[str, Any]], *, status: int = 200) -> Iterator[Archive]:
    """Serve granules as CMR does; ``status`` other than 200 refuses all."""
    asked: list[list[tuple[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked.append(form)
            found = [granule for granule in granules if _matches(granule, form)]
            content = {"hits": len(found), "items": found} if status == 200 else {"errors": ["closed for repair"]}
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    session = Rerouted(f"http://127.0.0.1:{server.server_port}")
    try:
        yield Archive(session, asked)
    finally:
        session.close()
        server.shutdown()
        server.server_close()
        thread.join()


def granule(
    day: str,
    *,
    track: int = 102,
    direction: str = "ASCENDING",
    orbit: int = 1000,
    slice_number: int = 0,
    bperp_m: float = 0.0,
    platform: str = "A",
    burst: str | None = None,
    centre: tuple[float, float] = (14.0, 45.0),
) -> dict[str, Any]:
    """One granule of a pass on a day; slices follow each other northward by 1.5 degrees, as do their outlines."""
    lon, lat = centre[0], centre[1] + 1.5 * slice_number
    start, stop = (f"{day}T16:50:{second:02d}.000Z" for second in (5 + 25 * slice_number, 30 + 25 * slice_number))
    stamp = start[:19].replace("-", "").replace(":", "")
    name = f"S1{platform}_IW_SLC__1SDV_{stamp}_{stamp}_{orbit:06d}_ABCDEF_{slice_number:04d}"
    if burst:
        name = f"S1_{burst}_{stamp}_VV_{orbit:04X}-BURST"
    attributes = {
        "ASCENDING_DESCENDING": direction, "PATH_NUMBER": track, "FRAME_NUMBER": 145 + slice_number,
        "PROCESSING_TYPE": "BURST" if burst else "SLC", "ASF_PLATFORM": f"Sentinel-1{platform}", "BEAM_MODE": "IW",
        "POLARIZATION": "VV" if burst else "VV+VH", "ASC_NODE_TIME": f"{day}T16:38:00.000000",
        "BURST_ID_FULL": burst,
        "CENTER_LON": lon, "CENTER_LAT": lat, **_orbit_vectors(day, (lon, lat), bperp_m),
    }  # fmt: skip
    corners = [(lon - 1.3, lat - 0.8), (lon + 1.3, lat - 0.8), (lon + 1.3, lat + 0.8), (lon - 1.3, lat + 0.8)]
    return {
        "meta": {"concept-id": f"G{orbit}-ASF", "collection-concept-id": "C1-ASF"},
        "umm": {
            "GranuleUR": name if burst else f"{name}-SLC",
            "CollectionReference": {"ShortName": "SENTINEL-1_BURSTS" if burst else f"SENTINEL-1{platform}_SLC"},
            "Platforms": [{"ShortName": f"Sentinel-1{platform}", "Instruments": [{"ShortName": "C-SAR"}]}],
            "TemporalExtent": {"RangeDateTime": {"BeginningDateTime": start, "EndingDateTime": stop}},
            "SpatialExtent": {"HorizontalSpatialDomain": {"Geometry": {"GPolygons": [{"Boundary": {
                "Points": [{"Longitude": x, "Latitude": y} for x, y in [*corners, corners[0]]]}}]}}},
            "OrbitCalculatedSpatialDomains": [{"OrbitNumber": orbit}],
            "DataGranule": {
                "Identifiers": [{"IdentifierType": "ProducerGranuleId", "Identifier": name}],
                "ProductionDateTime": stop,
            },
            "AdditionalAttributes": [
                {"Name": key, "Values": [str(value)]} for key, value in attributes.items() if value is not None
            ],
            "RelatedUrls": [{"Type": "GET DATA", "URL": f"https://datapool.asf.alaska.edu/SLC/S1/{name}.zip"}],
        },
    }  # fmt: skip


def _orbit_vectors(day: str, centre: tuple[float, float], bperp_m: float) -> dict[str, str]:
    """Positions and velocities 60 s before and after, on a straight flight north, moved across the line of sight."""
    lon = np.deg2rad(centre[0])
    ground = get_granule_position(centre[1], centre[0])
    up = ground / np.linalg.norm(ground)
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    velocity = 7500.0 * np.cross(up, east)
    look = np.cos(INCIDENCE) * up - np.sin(INCIDENCE) * east
    across = np.cross(velocity, look)
    satellite = ground + 9e5 * look + bperp_m * across / np.linalg.norm(across)
    vectors = {}
    for name, minute, seconds in (("PRE", 49, -60.0), ("POST", 51, 60.0)):
        moment = f"{day}T16:{minute}:22.000000"
        for kind, vector in (("POSITION", satellite + seconds * velocity), ("VELOCITY", velocity)):
            vectors[f"SV_{kind}_{name}"] = ",".join([*(f"{part:.6f}" for part in vector), moment])
    return vectors


def _matches(granule: dict[str, Any], form: list[tuple[str, str]]) -> bool:
    """Whether a granule answers the conditions on attributes and time that asf_search sends."""
    umm = granule["umm"]
    attributes = {each["Name"]: each["Values"][0] for each in umm["AdditionalAttributes"]}
    begin = umm["TemporalExtent"]["RangeDateTime"]["BeginningDateTime"]
    short_names = [value for key, value in form if key == "shortName"]
    if short_names and umm["CollectionReference"]["ShortName"] not in short_names:
        return False
    for key, value in form:
        if key == "temporal" and not value[:10] <= begin[:10] <= value.split(",")[1][:10]:
            return False
        if key.startswith("attribute"):
            _, name, wanted, *rest = value.split(",")
            if name in attributes and attributes[name].upper() not in {
                wanted.upper(),
                *(each.upper() for each in rest),
            }:
                return False
    return True
