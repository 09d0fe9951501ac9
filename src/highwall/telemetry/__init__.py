"""Telemetry: what tags, sensors and gateways say, read without loss and judged without being overwritten.

Come in: packs of readings and events from gateways (JSON, validated as it is decoded), Sparkplug B payloads, LoRaWAN
uplinks of network servers, logger files. Go out: readings in SI units, each with a quality flag beside its raw value;
motion and man-down states of people; positions from signal strength, always with a radius.

Words: a *datastream* is one property of one thing, named ``thing/property[/qualifier]``; a *reading* is one result of
it at one time; times are microseconds since 1970 UTC. A *sequence* counts what a gateway said in one priority class;
the *watermark* is the number up to which all of it is durable at the server.

Assumptions: numpy and msgspec alone, so that a gateway can run all of it. Nothing here reads files or clocks.

Reading order: messages, observed, watermark; then the readers sparkplug, lorawan, decentlab; then qc and mandown.
"""
