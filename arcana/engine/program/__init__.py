"""The equations as an expression graph, and its derivative: what the compiled kernels are made from."""
