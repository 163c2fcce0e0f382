"""Practise a regional failover until nobody fears the real one."""

__version__ = "0.1.0"
