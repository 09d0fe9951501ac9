"""Cracks in photographs: from chips of a camera's picture to lines with a length and a width.

In come levels (3, y, x) of red, green and blue, 0…255, such as a drone takes a few metres from a face; out go the
probability of a crack at every pixel, the cracks' lines, and what they measure in pixels. The network is the one for
mines, `classification.network`, with finer cells and two classes.

To use a network, numpy, scipy, scikit-image and ONNX Runtime suffice: mapping, geometry. To train one, torch is needed:
sampling, train. `simulate` draws photographs that nobody took.

A satellite's 10 m pixels cannot show cracks. What Yu et al. 2023 score as crack detection is mine or no mine.

Reading order: photograph, mapping, geometry (with tracing), scores, simulate (with surfaces), sampling, train, card.
"""
