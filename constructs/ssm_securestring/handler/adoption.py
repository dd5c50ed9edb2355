"""Whether a parameter that is there already can become a resource's, exactly as it is."""

from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS
from ssm_securestring.core.patterns import ANYTHING
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.refusals import not_adoptable
from ssm_securestring.handler.store import Found

_SECURE_STRING = "SecureString"


def check_adoptable(spec: ParameterSpec, found: Found) -> None:
    """Refuse to adopt what would have to be changed for that.

    To encrypt it anew in the very deployment that adopts it could not be undone: the function may encrypt under the
    declared key alone, and a rollback may delete that key.

    Raises:
        LifecycleError: Type, tier, key or allowed pattern are not those of the template.
    """
    name = spec.name.text
    if found.kind != _SECURE_STRING:
        raise not_adoptable(
            name,
            problem=f"its type is {found.kind}, and Parameter Store does not change the type of a parameter",
            fix="Make a parameter of another name with ValueSource.copy_from(...)",
        )
    if spec.tier is not Tier.INTELLIGENT_TIERING and found.tier != spec.tier:
        raise not_adoptable(
            name,
            problem=f"its tier is {found.tier}, and {spec.tier.value} in the template",
            fix=f"Declare tier {found.tier}; a standard parameter can be made advanced in the next deployment",
        )
    if not _same_key(found.key_id, spec.key_id):
        raise not_adoptable(
            name,
            problem=f"its key is {found.key_id}, and {spec.key_id} in the template",
            fix=(
                "Declare the key that it is under, ParameterKey.from_key_arn(...) or ParameterKey.aws_managed(), and "
                "change the key in the next deployment; if it was put with an alias, put it again with the key's ARN"
            ),
        )
    if found.allowed_pattern not in _same_patterns(spec):
        raise not_adoptable(
            name,
            problem=f"its allowed pattern is {found.allowed_pattern!r}, and {spec.allowed_pattern!r} in the template",
            fix="Declare the allowed_pattern that it has, and change it in the next deployment",
        )


def _same_patterns(spec: ParameterSpec) -> tuple[str, ...]:
    return (spec.allowed_pattern, spec.sent_pattern) if spec.allowed_pattern else ("", ANYTHING)


def _same_key(found: str, declared: str) -> bool:
    """Compare what a person wrote, an ARN or an id, with an ARN; for an alias other than AWS's the answer is no."""
    return found == declared or (declared != AWS_MANAGED_KEY_ALIAS and declared.endswith(f":key/{found}"))
