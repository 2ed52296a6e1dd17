"""The circuits as pure functions: currents in, currents out, no state kept anywhere."""
