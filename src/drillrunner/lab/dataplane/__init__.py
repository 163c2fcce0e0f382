"""What moto lacks and users meet: regional endpoints, health checkers and DNS, all following control-plane state."""
