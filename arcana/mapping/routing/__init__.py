"""The parts of the router: places in a core, tags on the way, words at the end."""
