"""Programs behind the Makefile: set-up, pinning, and the checks of the synthesized example."""
