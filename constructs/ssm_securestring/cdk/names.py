"""Each parameter belongs to one construct of an app; two that pull at one name would undo each other."""

from typing import cast

import aws_cdk as cdk
from constructs import Construct, IConstruct

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.names import ParameterName

_ID = "SecureStringNames"
_Place = tuple[str, str, ParameterName]


def claim_name(owner: Construct, name: ParameterName) -> None:
    """Take a name for a construct. ``foo`` and ``/foo`` are one name.

    Stacks of one stage whose account or Region is not known at synthesis count as being in the same place; those of
    different stages do not, since each stage may be deployed to an account of its own.

    Raises:
        SettingError: Another construct in the same account and Region has it.
    """
    stack = cdk.Stack.of(owner)
    known = not any(cdk.Token.is_unresolved(each) for each in (stack.account, stack.region))
    within = owner.node.root if known else cdk.Stage.of(owner) or owner.node.root
    holder = _Names.of(within).holders.setdefault((stack.account, stack.region, name), owner.node.path)
    if holder != owner.node.path:
        raise SettingError(
            "name", problem=f"{name.text!r} is taken by {holder}", fix="give each parameter a name of its own"
        )


class _Names(Construct):
    """Who has which name, kept in the tree so that it lives as long as the app."""

    def __init__(self, scope: IConstruct) -> None:
        super().__init__(cast("Construct", scope), _ID)
        self.holders: dict[_Place, str] = {}

    @classmethod
    def of(cls, scope: IConstruct) -> "_Names":
        found = scope.node.try_find_child(_ID)
        return found if isinstance(found, _Names) else cls(scope)
