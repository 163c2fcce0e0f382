"""The nouns of a drill: frozen data, no I/O. Each module holds one family of them."""
