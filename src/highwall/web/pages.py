"""The built pages of ``ui/``; where they are not built, a page that says how."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"
"""Where `make ui` puts them."""
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Highwall</title></head>
<body><main><h1>Highwall is running; its pages are not built</h1>
<p>With Node 20, run <code>make ui</code> in the repository, then load this page again.
An installed wheel contains the pages.</p>
<p>The interface for other systems answers below <code>/api</code> and <code>/sta</code>;
after logging in, <code>/api/openapi.json</code> describes it.</p></main></body></html>
"""


class _Pages(StaticFiles):
    """Files of the pages; those of ``assets/`` are named by their content, and kept for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, and say how long it may be kept."""
        response = await super().get_response(path, scope)
        kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        response.headers["Cache-Control"] = kept
        return response


def mount_pages(app: FastAPI, folder: Path) -> None:
    """Serve the built pages below every address that no route takes."""
    if (folder / "index.html").is_file():
        app.mount("/", _Pages(directory=folder, html=True), name="pages")
        return

    @app.get("/", include_in_schema=False, response_class=HTMLResponse)
    def not_built() -> HTMLResponse:
        """Say how the pages are built."""
        return HTMLResponse(_NOT_BUILT, status_code=503)
