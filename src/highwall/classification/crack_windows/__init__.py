"""Cracks from sensors: windows of strain and movement to crack or no crack (Yu et al. 2023, eq. 1).

In come windows (window, sample, channel) of strain [1], opening [m], tilt [rad] and temperature [K], NaN where a
reading is missing; out comes the probability that a crack is present at the sensor by the end of each window.

Two classifiers have one interface, `classifier.CrackWindowClassifier`: gradient boosting on features that an engineer
can name, and a small 1-D network on the readings. Both are files that numpy and ONNX Runtime run. What is known of both
was measured on **simulated** windows (`simulate`): we know of no open record of sensors beside a mine crack.

Reading order: windows, simulate, features, classifier, then boosting and convolution (these train), scores.
"""
