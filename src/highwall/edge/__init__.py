"""Edge: what runs in the pit, on a gateway as small as a Raspberry Pi: hears tags, judges images, loses nothing.

Come in: what tags, sensors and brokers beside the gateway say; images and a chip network (ONNX); words of the server:
watermarks, requests, commands, signed configurations. Go out: readings and events in packs, alarms first; a word about
itself; of images one result with the hashes of image and network, and the chip that is the evidence.

Words: the *outbox* keeps all that is said, on disk, until the server's *watermark* confirms it; a *trial* is the time
in which a new configuration must prove that it reaches the server. Of images: an image is cut into *chips*, the window
that the network learned from, and is as alarming as its most alarming chip; the network's first class is the one in
which nothing was found.

Assumptions: one process holds a gateway's folder; its clock is that of the machine. Nothing here needs more than numpy,
ONNX Runtime, Pillow, pydantic, msgspec, paho-mqtt and cryptography; Bluetooth tags need the extra ``ble``.

Reading order: options, outbox (outbox_file, outbox_opening, pieces), sending, storing, concluding, link, agent; then
radio, readers, autonomy, guard, local_alarms, means, calibration; configuration, execution, registration, renewal,
heartbeat. Images: images, inference, journal, watching. Cracks from sensors: crack_watch, crack_rounds.
"""
