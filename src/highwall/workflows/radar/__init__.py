"""From the archive and coregistered images to motion of the ground."""
