"""A chip network small enough for tests."""

from highwall.classification.options import NetworkOptions

SMALL_NETWORK = NetworkOptions(stem_width=8, growth=4, n_layers=2, neck_width=8, reduction=2, dropout=0.0)
