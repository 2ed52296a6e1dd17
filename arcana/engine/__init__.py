"""The time loop. Here the reference one, in eager torch."""
