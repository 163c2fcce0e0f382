"""A real PostgreSQL primary and streaming standby on loopback, without root and without installing anything."""
