"""The time loop compiled for GPUs with Triton: forward, and backward by recomputation."""
