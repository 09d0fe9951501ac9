"""Image to mining land cover: the probability of ten classes at each pixel, and of all mining land."""
