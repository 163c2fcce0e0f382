"""A simulated multi-region AWS on this machine: moto as control plane, and the data plane that moto lacks."""
