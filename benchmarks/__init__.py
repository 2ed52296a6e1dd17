"""Speed and memory of arcana beside an eager loop and other toolkits: ``python -m benchmarks``."""
