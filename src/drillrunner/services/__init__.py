"""One file per service: its faults, steps, probes and conditions. A new one goes here and nowhere else."""
