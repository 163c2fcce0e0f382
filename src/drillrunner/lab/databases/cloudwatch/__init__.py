"""CloudWatch: metrics that the lab publishes, statistics with percentiles, and alarms that evaluate."""
