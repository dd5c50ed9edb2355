"""What was read of one parameter."""

from typing import NamedTuple

from ssm_securestring.runtime.secret import SecretValue


class Record(NamedTuple):
    """One parameter in one version.

    Args:
        name: Its name as Parameter Store has it.
        value: Its value, decrypted.
        version: Its version.
        arn: Its ARN.
        type: ``SecureString``, ``String`` or ``StringList``.
        stale_since: Wall-clock second of the end of its time to live, if it stands in because Parameter Store could not
            be asked. ``None`` if it is as good as it says.
    """

    name: str
    value: SecretValue
    version: int
    arn: str
    type: str
    stale_since: float | None = None
