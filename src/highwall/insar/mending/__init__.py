"""Phases that are off by whole turns: found by closure, mended by it or by bridging.

Reading order: closure, repair, bridging, _closure_kernels.
"""
