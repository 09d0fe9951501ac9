"""The application, put together from its routes."""

from typing import Final

from fastapi import APIRouter, FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from highwall import __version__
from highwall.web import errors
from highwall.web.guards import check_guarded
from highwall.web.headers import SecurityHeaders
from highwall.web.pages import STATIC, mount_pages
from highwall.web.routes import (
    alarms,
    assets,
    criteria,
    datastreams,
    findings,
    gateways,
    live,
    locations,
    login,
    map,
    oidc,
    site,
    sta,
    sync,
    tags,
    users,
)
from highwall.web.services import Services

ROUTERS: Final[tuple[APIRouter, ...]] = (
    login.router, oidc.router, site.router, assets.router, locations.router, datastreams.router, alarms.router,
    criteria.router, findings.router, gateways.router, tags.router, users.router, sync.router, map.router, live.router,
    sta.router,
)  # fmt: skip
_OF_LOGIN: Final = ("/api/login", "/api/setup", "/api/oidc/start", "/api/oidc/callback")
OPEN: Final = frozenset({"/", "/api/health", "/api/gateways/claim", *_OF_LOGIN})
"""Routes that ask for nobody; every other one names an action."""
_DESCRIPTION: Final = (
    "The live twin of a mine. Log in with POST /api/login, or send a token as `Authorization: Bearer …`. "
    "Requests of a session that change something carry the header `X-Highwall: 1`. Times are ISO 8601 in UTC, "
    "values in SI units."
)


def create_app(services: Services) -> FastAPI:
    """Put the application together.

    Raises
    ------
    ConfigError
        A route names no action and is not open to all.
    """
    app = FastAPI(
        title="Highwall", version=__version__, description=_DESCRIPTION, openapi_url=None, docs_url=None,
        redoc_url=None, redirect_slashes=False, max_body_size=services.options.max_body_bytes,
        responses=errors.FAILURES,
    )  # fmt: skip
    app.state.services = services
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    check_guarded(app, unguarded=OPEN)
    mount_pages(app, services.static or STATIC)
    app.add_middleware(SecurityHeaders, is_secure=services.options.is_secure)
    if services.options.trusted_proxies:
        proxies = [str(network) for network in services.options.trusted_proxies]
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    return app
