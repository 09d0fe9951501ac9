"""The archive of Sentinel-1: what it holds over an area, a plan of pairs, orders at its processor.

Reading order: plan, search, tracks, needs, recipes, ledger, orders.
"""
