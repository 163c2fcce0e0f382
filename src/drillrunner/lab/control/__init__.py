"""The lab's control plane: moto, patched and served."""
