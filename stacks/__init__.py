"""An example worth copying: one stack that keeps secrets, one that uses them."""
