"""The trainable networks, one file per family."""
