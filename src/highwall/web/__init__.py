"""The web server: what the twin knows, for browsers and other systems, each within the rights of who asks.

Come in: requests, each with a session's cookie or a token; what the engine changed, for those who watch live. Go out:
JSON under ``/api``, OGC SensorThings under ``/sta``, tiles of scenes under ``/tiles``, and the pages of ``ui/`` once
they are built. Nothing is fetched from elsewhere: the pages work on a network without a way out.

Words: a *person* is who asks, with role and scope (``twin.roles``); a *guard* finds the person and refuses whoever may
not; the *hub* holds the last of everything that changes, for the live socket.

Every route names the action it needs; the application refuses to start with one that does not. Routes are thin: they
check reach, call the store or the twin, write the audit log in the same transaction, and give a model of ``schemas``.

Reading order: services, guards, errors, app, then routes and their schemas; live; tiles and layers; sta.
"""
