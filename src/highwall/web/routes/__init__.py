"""Routes, one noun a module; each module's ``router`` is in :data:`highwall.web.app.ROUTERS`."""
