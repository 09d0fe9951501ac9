"""From scenes and photographs to maps: mines, land cover, what came up, what changed, cracks."""
