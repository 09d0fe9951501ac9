"""From labelled data to networks: trained, tuned, exported, tabulated."""
