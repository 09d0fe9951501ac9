"""OGC SensorThings 1.1, for reading: Things, Locations, Datastreams and Observations.

A Thing is an asset; its id is text in quotes. Pages go on behind a key (``$skiptoken`` in ``@iot.nextLink``): the
thousandth page costs what the first one costs, and ``$skip`` is refused. A filter is evaluated as rows are read, at
most :data:`paging.MOST_ROWS` a request: a page that found little still has a next one. ``$count`` is answered where the
store can count by a key: sets without a filter, and readings by time; else it is refused. ``$expand`` follows what
:mod:`expanding` lists, nested, with the rights and the reach of whoever asks at every step.

Reading order: filters, expansion, query (what is asked); entities, sets (what there is); paging, expanding.
"""
