"""Who may do what with which parameter: what the grants in ``service.py`` amount to, in one table.

The demo and the tests try everything with every principal and hold the outcome against this. What is not here is
refused.
"""

from collections.abc import Mapping
from typing import Final

ACCESS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "Orders": {"db/password": frozenset({"read"})},
    "Reporting": {"reports/signing-key": frozenset({"read"})},
    "Deployer": {
        "mail/api-key": frozenset({"write"}),
        "reports/signing-key": frozenset({"write"}),
    },
    "Auditor": {},
}
