"""Metrics that the function writes and the constructs read."""

from typing import Final

NAMESPACE: Final = "SsmSecureString"
# The dimension of every metric, with the name of the stack.
STACK_DIMENSION: Final = "Stack"
OPERATIONS: Final = "Operations"
FAILURES: Final = "Failures"
THROTTLES: Final = "Throttles"
