import datetime as dt
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from highwall.activity.findings import COLUMNS, assess
from highwall.activity.options import ActivityOptions

from .tables import TODAY, UTM, patches, permits, square

OPTIONS = ActivityOptions(outline_std_m=30.0, scene_std_m=0.0, permit_std_m=0.0, min_outside_m2=10_000.0)
EVIDENCE = {"scene": "S2A", "inputs": {"patches.parquet": "1220ab"}}
GROUND = [
    square(100, 100, 300),  # inside
    square(900, 100, 400, 300),  # 300 m past the boundary
    square(3000, 0, 500),  # outside any
    square(5000, 100, 200),  # expired
]


def allowed() -> gpd.GeoDataFrame:
    return permits(square(0, 0, 1000), square(5000, 0, 1000), valid_to=["2040-01-01", "2024-06-05"])


def compare(ground: list, permitted: gpd.GeoDataFrame | None = None, **changes: Any):
    table = patches(*ground, **changes)
    return assess(table, allowed() if permitted is None else permitted, on=TODAY, options=OPTIONS, evidence=EVIDENCE)


def test_patches_get_a_status_and_findings_say_why():
    found, findings = compare(GROUND)
    assert found["permit_status"].tolist() == ["inside", "beyond_boundary", "outside_any_permit", "permit_expired"]
    assert findings.columns.tolist() == list(COLUMNS)
    assert findings.crs == UTM
    assert findings["area_m2"].tolist() == pytest.approx([250_000, 90_000, 40_000])
    assert findings["kind"].tolist() == ["outside_any_permit", "beyond_boundary", "permit_expired"]
    assert findings["patch_id"].tolist() == ["P003", "P002", "P004"]
    assert findings["statement"].tolist() == [
        "A mine of about 25.0 ha lies outside any permit in force.",
        "Mine ground of about 9.0 ha, surely 7.5 ha or more, lies beyond the boundary of permit L-1 (Serra SA), up to "
        "300 m past it.",
        "Mine ground of about 4.0 ha was seen 10 days after permit L-2 (Serra SA) had expired.",
    ]
    assert findings["days_lapsed"].tolist() == [0, 0, 10]
    assert set(findings["observed"]) == {"2024-06-15"}


def test_ground_of_a_permit_to_come_is_a_finding():
    future = permits(square(0, 0, 1000), valid_from=["2024-06-16"])
    _, findings = compare([square(0, 0, 500)], future)
    assert findings["statement"].tolist() == [
        "Mine ground of about 25.0 ha was seen before permit L-1 (Serra SA) became valid."
    ]


def test_a_lapsed_permit_of_a_smaller_part_is_named_and_the_columns_stay():
    lapsed = permits(square(0, 0, 200, 500), valid_to=["2021-01-01"])
    _, findings = compare([square(0, 0, 500)], lapsed)
    assert findings["kind"].tolist() == ["outside_any_permit"]
    assert findings["statement"].tolist() == [
        "A mine of about 25.0 ha lies outside any permit in force. Until 2021-01-01 permit L-1 (Serra SA) held 40 % of "
        "it."
    ]
    assert findings[["permit_id", "holder"]].isna().all(axis=None)
    assert findings["days_lapsed"].tolist() == [0]


def test_a_permit_without_a_holder_is_named_by_its_number_alone():
    _, findings = compare([square(500, 0, 1000)], permits(square(0, 0, 1000), holder=[np.nan]))
    assert "the boundary of permit L-1, up to" in findings["statement"][0]
    assert findings["holder"].isna().all()


def test_evidence_is_json_with_the_positional_error():
    _, findings = compare(GROUND)
    for text in findings["evidence"]:
        assert json.loads(text) == EVIDENCE | {"position_std_m": 30.0, "certainty": 0.95}


def test_ids_stay_whatever_the_order_and_differ_between_findings():
    _, first = compare(GROUND)
    _, again = compare(GROUND)
    _, other = compare(GROUND[::-1], allowed().iloc[::-1].reset_index(drop=True))
    assert first["finding_id"].tolist() == again["finding_id"].tolist() == other["finding_id"].tolist()
    assert first["finding_id"].is_unique
    assert first["finding_id"].str.fullmatch(r"F-[0-9a-f]{8}").all()


def test_findings_of_one_place_do_not_share_a_name():
    strips = [square(3000, 30 * number, 600, 20) for number in range(4)]  # representative points 30 m apart
    _, findings = compare(strips)
    assert len(findings) == 4
    assert findings["finding_id"].is_unique


def test_permits_in_another_crs_are_compared_alike():
    found, findings = compare(GROUND, allowed().to_crs("EPSG:4326"))
    assert found["permit_status"].tolist() == ["inside", "beyond_boundary", "outside_any_permit", "permit_expired"]
    assert findings["area_m2"].tolist() == pytest.approx([250_000, 90_000, 40_000], rel=1e-3)


@pytest.mark.parametrize(("permitted", "on"), [(None, TODAY), (allowed(), None)])
def test_without_permits_or_a_date_nothing_is_checked(permitted: gpd.GeoDataFrame | None, on: dt.date | None):
    found, findings = assess(patches(*GROUND), permitted, on=on, options=OPTIONS, evidence={})
    assert set(found["permit_status"]) == {"not_checked"}
    assert findings.empty
    assert findings.columns.tolist() == list(COLUMNS)
    assert findings.crs == UTM


def test_no_patch_gives_no_finding_and_every_column():
    found, findings = compare([])
    assert found.empty
    assert "permit_status" in found
    assert findings.columns.tolist() == list(COLUMNS)
