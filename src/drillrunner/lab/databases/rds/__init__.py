"""Aurora global clusters and RDS read replicas: what moto lacks of them, and their data."""
