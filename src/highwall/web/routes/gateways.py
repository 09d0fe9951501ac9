"""Gateways: let in with a one-time code, configured, commanded, put out."""

import hashlib
import json
import re
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection

from highwall.core.errors import ConflictError, MissingInputError
from highwall.telemetry.messages import Command
from highwall.twin.roles import Action, Person
from highwall.twin.secrets import new_code
from highwall.twin.sql import audit, gateways, orders
from highwall.web.guards import Served, may
from highwall.web.schemas.base import Done, Limit, Name
from highwall.web.schemas.gateways import (
    Claimed,
    Claiming,
    ClaimMade,
    CommandTold,
    ConfigurationsTold,
    ConfigurationTold,
    GatewayPage,
    GatewayTold,
    NewClaim,
    NewCommand,
    NewConfiguration,
    VersionTold,
)
from highwall.web.services import GatewayDesk, Services
from highwall.web.showing import SILENT_AFTER_US

router = APIRouter(prefix="/api", tags=["gateways"])
Sees = Annotated[Person, may(Action.SEE_GATEWAYS)]
Commands = Annotated[Person, may(Action.COMMAND_GATEWAY)]
Manages = Annotated[Person, may(Action.MANAGE_GATEWAYS)]
GatewayId = Annotated[Name, Path()]
_CLAIM_US: Final = 24 * 3_600_000_000
"""How long a claim code holds [µs]."""
_MISSED: Final = 4
"""Words about itself that a gateway may miss before it counts as off line."""
_SHOWN: Final = 10
"""Commands that are told with a gateway."""


@router.get("/gateways")
def all_gateways(
    who: Sees, served: Served, after: Annotated[Name | None, Query()] = None, limit: Limit = 200
) -> GatewayPage:
    """List the gateways within reach, with their buffers and last words."""
    with served.database.read() as store:
        found = gateways.gateways(store, after=after or "", limit=limit)
        now_us = served.clock_us()
        told = [shown_gateway(store, one, now_us=now_us) for one in found if _reaches(who, Action.SEE_GATEWAYS, one)]
    return GatewayPage(gateways=told, next=found[-1].id if len(found) == limit else None)


@router.post("/gateways/claims")
def open_claim(given: NewClaim, who: Manages, served: Served) -> ClaimMade:
    """Make the one-time code with which a gateway is let in."""
    now_us, code = served.clock_us(), new_code()
    gateway_id = given.id or _id_of(given.name)
    until_us = now_us + _CLAIM_US
    with served.database.begin() as store:
        _check_claimable(store, who, gateway_id, given)
        gateways.open_claim(
            store, code, gateway_id=gateway_id, name=given.name, location_id=given.location_id, who=who.name,
            at_us=now_us, expires_us=until_us,
        )  # fmt: skip
        detail = given.model_dump(mode="json")
        audit.append(store, who.name, "open_claim", subject=gateway_id, detail=detail, at_us=now_us)
    return ClaimMade(gateway_id=gateway_id, code=code, until=until_us)


@router.post("/gateways/claim")
def claim(given: Claiming, request: Request, served: Served) -> Claimed:
    """Let in the gateway that holds a code; open to all, because the code of 100 random bits is the proof."""
    desk, now_us = _desk(served), served.clock_us()
    with served.database.begin() as store:
        gateway = gateways.redeem(store, given.code.upper(), at_us=now_us)
        certificate, fingerprint = desk.certify(gateway.id, given.csr.encode())
        gateways.trust(store, gateway.id, fingerprint=fingerprint, at_us=now_us)
        detail = {"fingerprint": fingerprint, "address": request.client.host if request.client else "unknown"}
        audit.append(store, f"gateway {gateway.id}", "claim", subject=gateway.id, detail=detail, at_us=now_us)
    desk.refresh()
    return Claimed(
        gateway_id=gateway.id, site=served.place.name, certificate=certificate, authority=desk.authority,
        broker=desk.broker, signing_key=desk.verifying_key,
    )  # fmt: skip


@router.post("/gateways/{gateway_id}/revoke")
def revoke(gateway_id: GatewayId, who: Manages, served: Served) -> Done:
    """Put a gateway out: its certificate counts no more."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        _found(store, who, Action.MANAGE_GATEWAYS, gateway_id)
        if not gateways.revoke(store, gateway_id, at_us=now_us):
            raise ConflictError(f"gateway {gateway_id} is not in; there is nothing to revoke.")
        audit.append(store, who.name, "revoke_gateway", subject=gateway_id, detail={}, at_us=now_us)
    if served.gateways is not None:
        served.gateways.refresh()
    return Done()


@router.post("/gateways/{gateway_id}/commands")
def command(gateway_id: GatewayId, given: NewCommand, who: Commands, served: Served) -> CommandTold:
    """Give a gateway a command; it is sent from the store, and its result comes back with its next words."""
    now_us = served.clock_us()
    order = Command(f"c-{secrets.token_hex(8)}", given.verb, dict(given.arguments))
    with served.database.begin() as store:
        _found(store, who, Action.COMMAND_GATEWAY, gateway_id)
        orders.put_command(store, gateway_id, order, who=who.name, at_us=now_us)
        detail = {"command": order.command_id} | given.model_dump(mode="json")
        audit.append(store, who.name, "command_gateway", subject=gateway_id, detail=detail, at_us=now_us)
    return CommandTold(id=order.command_id, verb=order.verb, who=who.name, at=now_us, result=None, done=None)


@router.get("/gateways/{gateway_id}/configurations")
def configurations(gateway_id: GatewayId, who: Manages, served: Served) -> ConfigurationsTold:
    """List what a gateway was configured with, and what it works by as far as it says."""
    with served.database.read() as store:
        found = _found(store, who, Action.MANAGE_GATEWAYS, gateway_id)
        versions = [_version(one) for one in orders.configurations(store, gateway_id)]
    reported = found.status.config_hash if found.status else ""
    in_force = next((one.version for one in versions if one.sha256 == reported), None)
    return ConfigurationsTold(
        versions=versions, in_force=in_force, reported_hash=reported, content_schema=dict(_desk(served).schema)
    )  # fmt: skip


@router.post("/gateways/{gateway_id}/configurations")
def configure(gateway_id: GatewayId, given: NewConfiguration, who: Manages, served: Served) -> ConfigurationTold:
    """Sign a new version of a gateway's configuration, which is sent from the store."""
    now_us, desk = served.clock_us(), _desk(served)
    with served.database.begin() as store:
        _found(store, who, Action.MANAGE_GATEWAYS, gateway_id)
        version = orders.next_version(store, gateway_id)
        content = json.dumps(given.content | {"gateway": gateway_id, "version": version}, sort_keys=True)
        desk.check(content)
        signed = desk.sign(content)
        orders.put_configuration(store, gateway_id, signed, version=version, who=who.name, at_us=now_us)
        detail = {"version": version, "why": given.why}
        audit.append(store, who.name, "configure_gateway", subject=gateway_id, detail=detail, at_us=now_us)
    return ConfigurationTold(version=version, content=signed.content, who=who.name, at=now_us, outcome=None)


def shown_gateway(store: Connection, one: gateways.Gateway, *, now_us: int) -> GatewayTold:
    """Give a gateway with its last word and its last commands."""
    status = one.status
    given = orders.commands(store, one.id, limit=_SHOWN)
    return GatewayTold(
        id=one.id, name=one.name, location_id=one.location_id, state=_state(store, one, now_us),
        last_heard=one.heard_us,
        waiting={str(key): n for key, n in status.waiting.items()} if status else {},
        buffer_days=status.buffer_days if status else None, config_hash=status.config_hash if status else "",
        version=status.version if status else "", commands=[_command(order) for order in given],
    )  # fmt: skip


def _state(store: Connection, one: gateways.Gateway, now_us: int) -> str:
    if one.revoked_us is not None:
        return "revoked"
    if one.status is None:
        return "waiting"
    age_us = now_us - (one.heard_us or 0)
    is_silent = age_us > SILENT_AFTER_US and age_us > _MISSED * _beat_us(store, one.id)
    return "online" if one.status.online and not is_silent else "offline"


def _beat_us(store: Connection, gateway_id: str) -> int:
    """How often a gateway says a word, by the newest configuration that it was given; 0: it was given none."""
    newest = orders.configurations(store, gateway_id, limit=1)
    limits = json.loads(newest[0].content).get("limits", {}) if newest else {}
    return round(float(limits.get("heartbeat_s", 0)) * 1_000_000)


def _command(order: orders.GivenCommand) -> CommandTold:
    said = order.command
    return CommandTold(
        id=said.command_id, verb=said.verb, who=order.who, at=order.at_us, result=order.result, done=order.done_us
    )  # fmt: skip


def _version(one: orders.Configuration) -> VersionTold:
    return VersionTold(
        version=one.version, content=one.content, who=one.who, at=one.at_us, outcome=one.outcome,
        sha256=hashlib.sha256(one.content.encode()).hexdigest(), reported=one.reported_us,
    )  # fmt: skip


def _found(store: Connection, who: Person, action: Action, gateway_id: str) -> gateways.Gateway:
    found = gateways.gateway(store, gateway_id)
    if found is None:
        raise MissingInputError(f"no gateway {gateway_id!r}; GET /api/gateways lists them.")
    who.check(action, asset_id=None, location_id=found.location_id, what=f"gateway {gateway_id}")
    return found


def _check_claimable(store: Connection, who: Person, gateway_id: str, given: NewClaim) -> None:
    """Refuse a claim out of reach, and one that would take a working gateway's place by its name alone."""
    before = gateways.gateway(store, gateway_id)
    for place in {given.location_id, before.location_id if before else given.location_id}:
        who.check(Action.MANAGE_GATEWAYS, asset_id=None, location_id=place, what=f"gateway {gateway_id}")
    if before is not None and before.is_trusted and given.id is None:
        raise ConflictError(
            f"gateway {gateway_id} is in already; choose another name, or revoke it first to exchange its hardware."
        )


def _reaches(who: Person, action: Action, one: gateways.Gateway) -> bool:
    return who.reaches(action, asset_id=None, location_id=one.location_id)


def _desk(served: Services) -> GatewayDesk:
    if served.gateways is None:
        raise ConflictError("this server lets no gateways in; start it with --secrets FOLDER and a broker.")
    return served.gateways


def _id_of(name: str) -> str:
    """Id of a gateway from its name; where nothing of it can be used, a random one."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or f"gateway-{secrets.token_hex(4)}"
