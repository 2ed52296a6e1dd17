"""Balanced networks of rate units in populations, from a YAML file."""

from arcana.networks.rate.analysis import balance, decode_bump, population_curves, rate_statistics
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.dynamics import RateState
from arcana.networks.rate.files import read_config
from arcana.networks.rate.network import RateNetwork
from arcana.networks.rate.upstream import to_upstream

__all__ = [
    "RateConfig", "RateNetwork", "RateState", "balance", "decode_bump", "population_curves", "rate_statistics",
    "read_config", "to_upstream",
]  # fmt: skip
