"""Edge: what runs beside the camera, on a gateway as small as a Raspberry Pi, and sends home results, not images.

Come in: a chip network (ONNX, with its facts inside) and images or chips as files. Goes out: one line an image, with
class, probability, the hashes of image and network, and the time: enough to prove later which image and which network a
result came from.

An image is cut into *chips*, the window that the network learned from, and is as alarming as its most alarming chip.
The network's first class is the one in which nothing was found.

Assumptions: images hold the levels of the network's radiometry, its bands in its order; memory is bounded by one
decoded image and one batch of chips. Nothing here needs more than numpy, ONNX Runtime, Pillow and pydantic.

Reading order: options, images, inference, journal.
"""
