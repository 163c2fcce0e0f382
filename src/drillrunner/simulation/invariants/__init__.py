"""What must hold of every seed. Each file holds one promise of the product against the fake world's own knowledge."""
