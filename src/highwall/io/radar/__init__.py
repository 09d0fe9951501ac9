"""Doors of radar: interferograms in every format that reaches us, single-look images, what goes with them.

Reading order: pictures, pairs, assembly (how any format becomes one stack); one module a format; interferograms, slc
and stacks (what workflows call); gacos, lookup; mintpy_export, radar_item.
"""
