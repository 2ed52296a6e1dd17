"""The parts of placement: what to place, how good a placement is, and the searches for a better one."""
