"""The time loop compiled for the processor at hand: forward, and backward by recomputation."""
