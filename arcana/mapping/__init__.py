"""From a network's graph to the settings of a chip. No torch here."""
