"""What can go wrong with the embedded AWS itself, as opposed to what AWS answers to a request."""

from ssm_securestring.core.errors import SecureStringError


class EmbeddedAwsError(SecureStringError):
    """The embedded AWS could not be started, found or stopped.

    Attributes:
        fix: What to do about it.
    """

    def __init__(self, problem: str, *, fix: str) -> None:
        """Say what is wrong, then what to do."""
        super().__init__(f"embedded AWS: {problem}. {fix}")
        self.problem = problem
        self.fix = fix
