"""The names that SecureStrings of an assembly can have, those of today and those that its keys would admit."""

from collections.abc import Iterable
from typing import Final

from ssm_securestring.core.access import BY_PATH_ACTION
from ssm_securestring.core.actions import ACCOUNT_ACTIONS
from ssm_securestring.iam.witnesses import is_literal, witnesses
from ssm_securestring.iam.world import World

# No parameter's name has an empty level, at the end or in between.
NO_NAME: Final = ("*//*", "*/")
# A path may be the root, whose ARN ends with a slash.
_NO_PATH: Final = ("*//*",)


class Names:
    """ARNs of SecureStrings, and patterns of them.

    A key that was made for some paths admits no others; under any other key, a parameter may have any name.

    Args:
        world: What is known.

    Attributes:
        accounts: Accounts that they are of.
    """

    def __init__(self, world: World) -> None:
        """Find out which there can be."""
        known = {each.arn for each in world.parameters} | {each.parameter for each in world.declared}
        arns = {each for each in known if ":parameter/" in each}
        self._everywhere = {f"{each.partition(':parameter/')[0]}:parameter/*" for each in arns}
        bound = all(each.patterns for each in world.parameter_keys) and not any(each.managed for each in world.keys)
        patterns = {pattern for each in world.parameter_keys for pattern in each.patterns}
        found = arns | patterns if bound else self._everywhere
        self._known = {each for each in found if is_literal(each)}
        self._patterns = found - self._known
        self._plain = world.plain
        self.accounts = {each.split(":")[4] for each in found}

    def told_apart(self, action: str, patterns: Iterable[str]) -> list[str]:
        """Return resources of an action, one for each combination of patterns that matches it, and all that are known.

        Args:
            action: An action of Parameter Store.
            patterns: What statements and grants say about its resource.

        Raises:
            TooManyCombinationsError: There are too many to look at.
        """
        if action in ACCOUNT_ACTIONS:
            return ["*"]
        patterns = set(patterns)
        if action == BY_PATH_ACTION:
            paths = {text for each in self._everywhere for text in witnesses(patterns, domain=each, never=_NO_PATH)}
            return sorted(each for each in paths if self._may_be_below(each))
        found = {text for each in self._patterns for text in witnesses(patterns, domain=each, never=NO_NAME)}
        return sorted((found | self._known) - self._plain)

    def _may_be_below(self, path: str) -> bool:
        below = f"{path.removesuffix('/')}/"
        starts = (each.partition("*")[0] for each in self._known | self._patterns)
        return any(each.startswith(below) or below.startswith(each) for each in starts)
