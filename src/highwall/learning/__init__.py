"""What learning rooms share: how to cut, to split without leaks, to score, and to run a network without its framework.

Reading order: groups (splits), windows (cutting and joining), metrics, calibration, detection and bootstrap (scores),
onnx (running).
Nothing here needs more than numpy and ONNX Runtime, save torch_shim, which training uses.
"""
