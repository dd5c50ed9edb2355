"""The orders function: fetches its database password under its own role."""

import os

from ssm_securestring import SecureStrings

secrets = SecureStrings()


def handle(event: object, context: object) -> dict[str, object]:
    """Fetch the password and say how long it is; a real function would connect with it."""
    del event, context
    name = os.environ["DB_PASSWORD_PARAMETER"]
    password = secrets.get(name)
    return {"parameter": name, "length_chars": len(password.reveal())}
