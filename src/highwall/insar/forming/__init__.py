"""Single-look images → unwrapped interferograms.

Reading order: slcs, multilook, coherence, interferogram, filtering, unwrapping, spanning_tree.
"""
