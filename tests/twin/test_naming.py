"""Names in place of ids, in what is told to people outside."""

import pytest

from highwall.twin.sql import gateways, tags, things, zones
from highwall.twin.sql.naming import named_line, named_text

T0 = 1_790_000_000_000_000
SQUARE = {"type": "Polygon", "coordinates": [[[20.0, 0.0], [20.002, 0.0], [20.002, 0.002], [20.0, 0.002], [20.0, 0.0]]]}


@pytest.fixture
def site(databases):
    """A wall with a gauge's tag, a gateway and a zone that have names."""
    with databases.begin() as store:
        things.put_asset(store, things.Asset("wall-7", things.AssetKind.STRUCTURE, "North wall"), at_us=T0)
        tags.issue(store, ["t-19"], at_us=T0)
        tags.claim(store, "t-19", asset_id="wall-7", who="sue", at_us=T0)
        gateways.open_claim(
            store, "A" * 40, gateway_id="gw-3", name="Dump office", location_id=None, who="sue", at_us=T0,
            expires_us=T0 + 1,
        )  # fmt: skip
        zones.put_zones(
            store, [zones.Zone("blast-1", zones.ZoneKind.EXCLUSION, "Blast of Friday", SQUARE, {}, "map", T0)]
        )
    return databases


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("t-19/crack_width: 21 mm, above 20 mm", "North wall, crack width: 21 mm, above 20 mm"),
        ("wall-7/rssi/b-2: -80 dBm, below -70 dBm", "North wall, signal strength (b-2): -80 dBm, below -70 dBm"),
        ("t-19/own_words: 3, above 2", "North wall, own words: 3, above 2"),
        ("wall-7: motion is idle", "North wall: motion is idle"),
        ("gw-3: no word for 10 min", "Dump office: no word for 10 min"),
        ("certainly in zone blast-1", "certainly in zone Blast of Friday"),
        ("n-4/tilt: 3 °", "n-4, tilt: 3 °"),
        ("nobody is wall-7: so", "nobody is wall-7: so"),
        ("in zone nowhere", "in zone nowhere"),
    ],
)
def test_a_line_of_evidence_calls_by_name_what_has_one(site, line: str, read: str) -> None:
    with site.read() as store:
        assert named_line(store, line) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            "Level 3: Crack opens (sensor:t-19): t-19/crack_width: 21 mm; t-19/tilt: 2 °. Do: gw-3: go",
            "Level 3: Crack opens (North wall): North wall, crack width: 21 mm; North wall, tilt: 2 °. Do: gw-3: go",
        ),
        ("Level 2: Silent (gateway:gw-3)", "Level 2: Silent (Dump office)"),
        ("Level 2: Wet (zone:blast-1). Do: go", "Level 2: Wet (Blast of Friday). Do: go"),
        ("Level 2: New (asset:n-4): n-4: motion is idle", "Level 2: New (n-4): n-4: motion is idle"),
        ("wall-7: A slope moves (asset:wall-7)", "wall-7: A slope moves (North wall)"),
        ("sue calls for outside aid: wall-7: a rope", "sue calls for outside aid: wall-7: a rope"),
    ],
)
def test_a_notice_keeps_its_title_and_actions(site, text: str, read: str) -> None:
    with site.read() as store:
        assert named_text(store, text) == read
