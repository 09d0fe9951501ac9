"""From maps and images to objects and patches, and what became of them."""
