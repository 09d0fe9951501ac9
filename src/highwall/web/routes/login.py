"""Logging in and out, choosing a password, and who one is."""

import io
import ipaddress
from typing import Annotated, Final

import segno
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from highwall.twin.login import Attempt, Refused, log_in
from highwall.twin.roles import Person
from highwall.twin.sql import accounts, audit, sessions
from highwall.web.guards import COOKIE, Served, check_own_page, may
from highwall.web.schemas.base import Done, Failure
from highwall.web.schemas.people import ChoosePassword, Login, LoginRefused, Me, SetUp
from highwall.web.services import Services

router = APIRouter(prefix="/api", tags=["login"])
_CUSTOMER_BITS: Final = 64


@router.post(
    "/login", dependencies=[Depends(check_own_page)], responses={401: {"model": LoginRefused}, 429: {"model": Failure}}
)
def login(given: Login, request: Request, response: Response, served: Served) -> Me:
    """Log in; the session's cookie comes with the answer."""
    attempt = Attempt(given.name, given.password, given.code, address_of(request))
    hours = served.options.session_hours
    outcome = log_in(served.database, attempt, now_us=served.clock_us(), hours=hours)
    if isinstance(outcome, Refused):
        return _refusal(outcome)  # type: ignore[return-value]  # FastAPI passes a response on as it is
    set_cookie(response, outcome.token, served)
    return me_of(outcome.user.person)


@router.post("/logout")
def logout(request: Request, response: Response, served: Served, who: Annotated[Person, may(None)]) -> Done:
    """End this session."""
    with served.database.begin() as store:
        sessions.close_session(store, request.cookies.get(COOKIE, ""))
        audit.append(store, who.name, "logout", subject=who.name, detail={}, at_us=served.clock_us())
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=served.options.is_secure)
    return Done()


@router.get("/me")
def me(who: Annotated[Person, may(None)]) -> Me:
    """Tell who is logged in."""
    return me_of(who)


@router.post("/setup", dependencies=[Depends(check_own_page)])
def setup(given: ChoosePassword, served: Served) -> SetUp:
    """Choose a password with a one-time code; a super manager is given the key of an authenticator.

    Codes hold 100 random bits and are looked up by their hash: guessing them needs no further brake.
    """
    now_us = served.clock_us()
    with served.database.begin() as store:
        made = accounts.choose_password(
            store, given.code, given.password, issuer=served.place.title, now_us=now_us, vault=served.database.vault
        )
        sessions.close_sessions(store, made.user.id)
        audit.append(store, made.user.name, "choose_password", subject=made.user.name, detail={}, at_us=now_us)
    return _told(made)


def address_of(request: Request) -> str:
    """Where a request comes from; of IPv6 the network, which is as much as one customer has."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.IPv6Network((address, _CUSTOMER_BITS), strict=False))
    return str(address)


def set_cookie(response: Response, token: str, served: Services) -> None:
    """Give the browser its session: out of reach of scripts, and never sent from another site's page."""
    response.set_cookie(
        COOKIE, token, max_age=int(served.options.session_hours * 3600), path="/", httponly=True, samesite="strict",
        secure=served.options.is_secure,
    )  # fmt: skip


def me_of(person: Person) -> Me:
    """Tell a person's rights."""
    scope = None if person.locations is None else sorted(person.locations)
    return Me(name=person.name, role=person.role, scope=scope, asset_id=person.asset_id, rights=list(person.rights))


def _refusal(refused: Refused) -> JSONResponse:
    what, _, cure = refused.reason.partition("; ")
    content = {"error": {"what": what, "cure": cure}, "needs_code": refused.needs_code}
    headers = {"Retry-After": str(refused.wait_s)} if refused.wait_s else None
    return JSONResponse(content, status_code=429 if refused.wait_s else 401, headers=headers)


def _told(made: accounts.Setup) -> SetUp:
    if made.totp is None:
        return SetUp(name=made.user.name, role=made.user.role)
    picture = io.BytesIO()
    segno.make(made.totp.uri, error="m").save(picture, kind="svg", scale=5, border=4, xmldecl=False)
    return SetUp(
        name=made.user.name, role=made.user.role, totp_secret=made.totp.secret, totp_uri=made.totp.uri,
        totp_qr=picture.getvalue().decode(),
    )  # fmt: skip
