"""Scenes of many places and years from a STAC archive: what it holds, which pass to take, how the bytes come over.

Reading order: options, places, search, passes, checks, transfer, carrier, layers, record.
"""
