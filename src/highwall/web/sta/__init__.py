"""OGC SensorThings 1.1, for reading: Things, Locations, Datastreams and Observations.

A Thing is an asset; its id is text in quotes. Pages go on behind a key (``$skiptoken`` in ``@iot.nextLink``): the
thousandth page costs what the first one costs. Nothing is counted, and ``$count`` is refused. A filter is evaluated as
rows are read, at most :data:`paging.MOST_ROWS` a request: a page that found little still has a next one.
"""
