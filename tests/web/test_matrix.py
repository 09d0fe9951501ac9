"""The permission matrix: every route × every role, asked over HTTP; a route without a row fails."""

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts

from highwall.core.errors import ConfigError
from highwall.twin.sql.database import Database
from highwall.web.app import OPEN
from highwall.web.guards import COOKIE, check_guarded
from tests.web.world import ALARM, PREALARM, T0, USERS, World, make_world

ALL, WATCH, AID, TOP = "olga max vera susan", "max vera susan", "vera susan", "susan"
"""Who may: everybody; managers and above; supervisors and above; the super manager alone."""
UNTIL = "2025-06-15T16:00:00Z"
ROWS: dict[str, tuple[str, str, object]] = {
    # route: (who may, an address in everybody's reach, what is sent)
    "GET /api/me": (ALL, "/api/me", None),
    "POST /api/logout": (ALL, "/api/logout", None),
    "GET /api/openapi.json": (ALL, "/api/openapi.json", None),
    "GET /api/site": (ALL, "/api/site", None),
    "GET /api/assets": (ALL, "/api/assets", None),
    "GET /api/assets/{asset_id}": (ALL, "/api/assets/p-anna", None),
    "PUT /api/assets/{asset_id}": (
        WATCH, "/api/assets/m-1", {"kind": "machine", "name": "M", "location_id": "north"},
    ),
    "DELETE /api/assets/{asset_id}": (WATCH, "/api/assets/m-1", None),
    "GET /api/assets/{asset_id}/track": (ALL, "/api/assets/p-anna/track", None),
    "GET /api/locations": (WATCH, "/api/locations", None),
    "PUT /api/locations/{location_id}": (WATCH, "/api/locations/north", {"name": "North"}),
    "DELETE /api/locations/{location_id}": (WATCH, "/api/locations/spare", None),
    "GET /api/datastreams": (ALL, "/api/datastreams", None),
    "GET /api/datastreams/{number}": (ALL, "/api/datastreams/1", None),
    "GET /api/datastreams/{number}/series": (ALL, "/api/datastreams/1/series", None),
    "GET /api/datastreams/{number}/thresholds": (ALL, "/api/datastreams/1/thresholds", None),
    "GET /api/alarms": (ALL, "/api/alarms", None),
    "GET /api/alarms/{number}": (ALL, f"/api/alarms/{ALARM}", None),
    "POST /api/alarms/{number}/acknowledge": (WATCH, f"/api/alarms/{ALARM}/acknowledge", {"note": ""}),
    "POST /api/alarms/{number}/shelve": (WATCH, f"/api/alarms/{ALARM}/shelve", {"until": UNTIL, "why": "w"}),
    "POST /api/alarms/{number}/clear": (WATCH, f"/api/alarms/{ALARM}/clear", {"why": "w"}),
    "POST /api/alarms/{number}/cancel": ("olga", f"/api/alarms/{PREALARM}/cancel", {}),
    "POST /api/alarms/{number}/call-aid": (AID, f"/api/alarms/{ALARM}/call-aid", {"message": "m"}),
    "GET /api/criteria": (WATCH, "/api/criteria", None),
    "GET /api/criteria/proposals": (WATCH, "/api/criteria/proposals", None),
    "POST /api/criteria/proposals": (TOP, "/api/criteria/proposals", {"content": {}, "based_on": 1, "why": "w"}),
    "POST /api/criteria/proposals/{number}/approve": (AID, "/api/criteria/proposals/1/approve", {"why": "w"}),
    "POST /api/criteria/proposals/{number}/reject": (AID, "/api/criteria/proposals/1/reject", {"why": "w"}),
    "GET /api/findings": (WATCH, "/api/findings", None),
    "GET /api/findings/{finding_id}/case.pdf": (WATCH, "/api/findings/F-1/case.pdf", None),
    "POST /api/findings/{finding_id}/confirm": (WATCH, "/api/findings/F-1/confirm", {"why": "w"}),
    "POST /api/findings/{finding_id}/dismiss": (WATCH, "/api/findings/F-1/dismiss", {"why": "w"}),
    "POST /api/findings/{finding_id}/close": (WATCH, "/api/findings/F-1/close", {"why": "w"}),
    "GET /api/gateways": (WATCH, "/api/gateways", None),
    "POST /api/gateways/claims": (TOP, "/api/gateways/claims", {"name": "Gate"}),
    "POST /api/gateways/{gateway_id}/revoke": (TOP, "/api/gateways/g-1/revoke", None),
    "POST /api/gateways/{gateway_id}/commands": (AID, "/api/gateways/g-1/commands", {"verb": "scan"}),
    "GET /api/gateways/{gateway_id}/configurations": (TOP, "/api/gateways/g-1/configurations", None),
    "POST /api/gateways/{gateway_id}/configurations": (
        TOP, "/api/gateways/g-1/configurations", {"content": {}, "why": "w"},
    ),
    "GET /api/tags": (WATCH, "/api/tags", None),
    "POST /api/tags": (WATCH, "/api/tags", {"count": 1}),
    "GET /api/tags/sheet.pdf": (WATCH, "/api/tags/sheet.pdf", None),
    "POST /api/tags/{tag_id}/claim": (WATCH, "/api/tags/tag-3/claim", {"asset_id": "m-1"}),
    "POST /api/tags/{tag_id}/replace": (WATCH, "/api/tags/tag-1/replace", {"by_tag": "tag-4", "why": "w"}),
    "POST /api/tags/replacements/{number}/approve": (AID, "/api/tags/replacements/1/approve", None),
    "POST /api/tags/replacements/{number}/reject": (WATCH, "/api/tags/replacements/1/reject", None),
    "GET /api/users": (TOP, "/api/users", None),
    "POST /api/users": (TOP, "/api/users", {"name": "new", "role": "operator"}),
    "PATCH /api/users/{name}": (TOP, "/api/users/max", {"asset_id": None}),
    "POST /api/users/{name}/code": (TOP, "/api/users/max/code", None),
    "GET /api/tokens": (TOP, "/api/tokens", None),
    "POST /api/tokens": (TOP, "/api/tokens", {"user": "max", "title": "t", "actions": ["sync"]}),
    "DELETE /api/tokens/{number}": (TOP, "/api/tokens/1", None),
    "GET /api/audit": (TOP, "/api/audit", None),
    "GET /api/audit/verify": (TOP, "/api/audit/verify", None),
    "PUT /api/sync/assets/{external_id}": (
        WATCH, "/api/sync/assets/X9", {"kind": "machine", "name": "M", "location_id": "north"},
    ),
    "PUT /api/sync/locations/{external_id}": (AID, "/api/sync/locations/L9", {"name": "East"}),
    "GET /tiles/scene/{date}/{z}/{x}/{y}.png": (ALL, "/tiles/scene/2025-01-01/1/1/1.png", None),
    "GET /tiles/{layer}/{z}/{x}/{y}.png": (ALL, "/tiles/velocity/1/1/1.png", None),
    "GET /api/layers/{key}": (WATCH, "/api/layers/patches", None),
    "GET /api/layers/{key}/series": (WATCH, "/api/layers/velocity/series?lon=0.5&lat=0.5", None),
    "GET /api/zones": (ALL, "/api/zones", None),
    "GET /sta/v1.1": (ALL, "/sta/v1.1", None),
    "GET /sta/v1.1/Things": (ALL, "/sta/v1.1/Things", None),
    "GET /sta/v1.1/Things('{thing_id}')": (ALL, "/sta/v1.1/Things('p-anna')", None),
    "GET /sta/v1.1/Things('{thing_id}')/Locations": (ALL, "/sta/v1.1/Things('p-anna')/Locations", None),
    "GET /sta/v1.1/Things('{thing_id}')/Datastreams": (ALL, "/sta/v1.1/Things('p-anna')/Datastreams", None),
    "GET /sta/v1.1/Locations": (WATCH, "/sta/v1.1/Locations", None),
    "GET /sta/v1.1/Locations('{location_id}')": (WATCH, "/sta/v1.1/Locations('north')", None),
    "GET /sta/v1.1/Datastreams": (ALL, "/sta/v1.1/Datastreams", None),
    "GET /sta/v1.1/Datastreams({number})": (ALL, "/sta/v1.1/Datastreams(1)", None),
    "GET /sta/v1.1/Datastreams({number})/Observations": (ALL, "/sta/v1.1/Datastreams(1)/Observations", None),
    "GET /sta/v1.1/ObservedProperties": (ALL, "/sta/v1.1/ObservedProperties", None),
    "GET /sta/v1.1/ObservedProperties('{property_id}')": (ALL, "/sta/v1.1/ObservedProperties('battery')", None),
    "GET /sta/v1.1/Observations": (ALL, "/sta/v1.1/Observations?$filter=Datastream/id eq 1", None),
}  # fmt: skip
SOCKETS = {"/api/live": ALL}


def routes_of(world: World) -> set[str]:
    """Method and path of every route that is not open to all."""
    found = set()
    for context in iter_route_contexts(world.app.routes):
        if isinstance(context.original_route, APIRoute) and context.path not in OPEN:
            found |= {f"{method} {context.path}" for method in context.methods or ()}
    return found


def test_every_route_has_a_row_and_every_row_a_route(world: World) -> None:
    assert routes_of(world) == set(ROWS)


def test_every_socket_has_a_row(world: World) -> None:
    contexts = iter_route_contexts(world.app.routes)
    sockets = {one.path for one in contexts if isinstance(one.original_route, APIWebSocketRoute)}
    assert sockets == set(SOCKETS)


@pytest.mark.parametrize("user", [*USERS, None])
def test_only_those_may_who_may(world: World, user: str | None) -> None:
    wrong = []
    for route, (who_may, address, sent) in ROWS.items():
        client = world.client(user)
        status = client.request(route.partition(" ")[0], address, json=sent).status_code
        if user is None:
            is_right = status == 401
        elif user in who_may.split():
            is_right = status not in (401, 403) and status < 500
        else:
            is_right = status == 403
        if not is_right:
            wrong.append((route, status))
        if route == "POST /api/logout" and user is not None:
            world.sessions[user] = _new_session(world, user)
    assert wrong == []


def test_every_route_answers_on_every_store(databases: Database) -> None:
    world = make_world(databases)
    failed = []
    with world.client("susan") as client:
        for route, (_, address, sent) in ROWS.items():
            answer = client.request(route.partition(" ")[0], address, json=sent)
            if answer.status_code >= 500:
                failed.append((route, answer.text))
            if route == "POST /api/logout":
                client.cookies.set(COOKIE, _new_session(world, "susan"))
    assert failed == []


def _new_session(world: World, user: str) -> str:
    from highwall.twin.sql import accounts, sessions

    with world.database.begin() as store:
        found = accounts.find_user(store, user)
        return sessions.open_session(store, found.id, now_us=T0, hours=12)


def test_an_application_with_a_bare_route_does_not_start() -> None:
    app = FastAPI()

    @app.get("/api/forgotten")
    def forgotten() -> dict[str, str]:
        return {}

    with pytest.raises(ConfigError, match="/api/forgotten"):
        check_guarded(app, unguarded=OPEN)


def test_open_routes_are_few_and_named() -> None:
    assert {
        "/", "/api/health", "/api/login", "/api/setup", "/api/gateways/claim", "/api/oidc/start", "/api/oidc/callback",
    } == OPEN  # fmt: skip
