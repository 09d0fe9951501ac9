"""From the errors of the twin, which know nothing of HTTP, to answers: one table."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from highwall.core.errors import (
    AccessError,
    ConflictError,
    HighwallError,
    InputError,
    LoginError,
    MissingInputError,
    OutputError,
    QueryError,
)
from highwall.web.schemas.base import Failure

STATUS: Final[dict[type[HighwallError], int]] = {
    LoginError: 401,
    AccessError: 403,
    MissingInputError: 404,
    ConflictError: 409,
    QueryError: 400,
    InputError: 422,
    OutputError: 503,
    HighwallError: 500,
}
"""Class of the error → status; the first that fits."""
FAILURES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Failure, "description": "The request cannot be read."},
    401: {"model": Failure, "description": "Nobody is logged in."},
    403: {"model": Failure, "description": "Who asks may not."},
    404: {"model": Failure, "description": "There is no such thing."},
    409: {"model": Failure, "description": "It contradicts what holds."},
    422: {"model": Failure, "description": "A value is missing or out of bounds."},
}
"""What every route may answer besides."""
_CURES: Final[dict[int, str]] = {
    400: "send what the description of the interface asks for.",
    404: "look at the address; /api/openapi.json lists what there is.",
    405: "use a method that the address has; /api/openapi.json lists them.",
    413: "send less at a time.",
    500: "the server's log says more; tell who runs it.",
}
_LOG: Final = logging.getLogger("highwall.web")


def status_of(error: HighwallError) -> int:
    """Status that tells an error."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def failure(status: int, what: str, cure: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer that tells what was found and the cure."""
    return JSONResponse({"error": {"what": what, "cure": cure}}, status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Have every error answered by the table."""
    app.add_exception_handler(HighwallError, _of_twin)
    app.add_exception_handler(RequestValidationError, _of_request)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _unforeseen)


async def _of_twin(request: Request, error: Exception) -> JSONResponse:
    status = status_of(error) if isinstance(error, HighwallError) else 500
    what, _, cure = _clean(str(error)).partition("; ")
    return failure(status, what, cure)


async def _of_request(request: Request, error: Exception) -> JSONResponse:
    """Name the fields that are wrong; what was sent is not repeated, because it may hold a password."""
    told = error.errors() if isinstance(error, RequestValidationError) else []
    said = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in told]
    return failure(422, _clean("; ".join(said)), "send values within these bounds.")


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = _clean(str(error.detail)) if isinstance(error, HTTPException) else ""
    headers = error.headers if isinstance(error, HTTPException) else None
    return failure(status, detail, _CURES.get(status, ""), headers=headers)


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    """Tell that the server is at fault, and nothing of its inside; the log has the rest."""
    _LOG.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__, exc_info=error)
    return failure(500, "the server failed at this request", _CURES[500])


def _clean(text: str) -> str:
    """Text that JSON can carry: half characters, which a request may smuggle in, are replaced."""
    return text.encode("utf-8", "replace").decode()
