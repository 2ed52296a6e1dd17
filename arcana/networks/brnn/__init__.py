"""Recurrent networks in which conductances set the time constant."""
