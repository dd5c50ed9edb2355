"""Rules about keys: who may use them, and for what."""

from collections.abc import Iterator
from typing import Final

from ssm_securestring.core.actions import ALIAS_ACTIONS, READ_ACTIONS
from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS, DECRYPT_ACTION
from ssm_securestring.iam.model import Effect, Statement, Text
from ssm_securestring.iam.patterns import matches, pattern_of
from ssm_securestring.iam.rules.rule import Problem, Resource, Severity, rule
from ssm_securestring.iam.rules.statements import (
    Placed,
    conditions_on,
    has_context,
    is_parameter_key,
    is_through_other_services,
    names_action,
    operator_of,
    placed_statements,
)
from ssm_securestring.iam.rules.texts import covers, is_every, may_meet, shown

_ANY_KEY: Final = "arn:*:kms:*:*:key/*"
# What tells a caller from anybody else.
_CALLER: Final = (
    "kms:CallerAccount",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
)
_KEY_RESTRICTIONS: Final = ("kms:ResourceAliases", "kms:RequestAlias", "aws:ResourceTag/")
_GRANT_RESTRICTIONS: Final = (
    "kms:EncryptionContext:",
    "kms:GrantConstraintType",
    "kms:GrantIsForAWSResource",
    "kms:GrantOperations",
    "kms:GranteePrincipal",
    "kms:GranteeServicePrincipal",
    "kms:RetiringPrincipal",
    "kms:ViaService",
)


def _is_alias(text: Text) -> bool:
    pattern = pattern_of(text)
    return covers("arn:*:kms:*:alias/*", pattern) or pattern.startswith("alias/")


def _is_aws_managed(text: Text) -> bool:
    pattern = pattern_of(text)
    return pattern == AWS_MANAGED_KEY_ALIAS or pattern.endswith(f":{AWS_MANAGED_KEY_ALIAS}")


@rule(
    "aws-managed-key-granted",
    Severity.ERROR,
    title="A permission on the AWS managed key",
    reason="the policy of alias/aws/ssm lets every principal of the account use it through Parameter Store, and no "
    "policy of yours changes that: the statement has no effect, and whoever may call ssm:GetParameter can decrypt",
    fix="encrypt with a key of your own and grant on that; for the AWS managed key, leave the statement out",
    source="KMS Developer Guide, 'AWS managed keys' and 'How AWS Systems Manager Parameter Store uses AWS KMS'",
)
def aws_managed_key_granted(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements for the AWS managed key, by resource or by alias condition."""
    for placed in placed_statements(resource):
        if not placed.allows:
            continue
        for text in placed.statement.resources:
            if _is_aws_managed(text) and not placed.statement.not_resources:
                yield Problem(location=placed.resources_at, text=f"{shown(text)} is the AWS managed key")
        for condition in conditions_on(placed.statement, "kms:ResourceAliases", "kms:RequestAlias"):
            if any(_is_aws_managed(text) for text in condition.values) and "not" not in condition.operator.lower():
                where = placed.at(f"Condition/{condition.operator}/{condition.key}")
                yield Problem(location=where, text="it is for the AWS managed key")


@rule(
    "alias-as-resource",
    Severity.ERROR,
    title="An alias as the resource of key operations",
    reason="IAM compares the ARN of the key, whichever way the request names it: a statement on the ARN of an alias "
    "opens and closes nothing",
    fix="write the key's ARN; to go by alias, Resource key/* with a condition on kms:ResourceAliases",
    source="KMS Developer Guide, 'Specifying KMS keys in IAM policy statements'",
)
def alias_as_resource(resource: Resource) -> Iterator[Problem]:
    """Find aliases in statements without an action whose resource is an alias."""
    for placed in placed_statements(resource):
        of_alias = any(names_action(placed.statement, action) for action in ALIAS_ACTIONS)
        undecided = any(not isinstance(each, str) for each in placed.statement.actions)
        if of_alias or undecided or placed.statement.not_resources:
            continue
        for text in placed.statement.resources:
            # The AWS managed key has a rule of its own, except that a Deny is no permission.
            if _is_alias(text) and not (placed.allows and _is_aws_managed(text)):
                yield Problem(location=placed.resources_at, text=f"{shown(text)} is an alias, not a key")


def _decrypts_without_context(placed: Placed) -> bool:
    statement = placed.statement
    return (
        placed.allows
        and names_action(statement, DECRYPT_ACTION) is not None
        and (statement.not_resources or any(may_meet(pattern_of(each), _ANY_KEY) for each in statement.resources))
        and not has_context(statement)
        and not is_through_other_services(statement)
    )


def _is_any_key(statement: Statement) -> bool:
    wide = any(is_every(text, service="kms", kind="key") for text in statement.resources)
    return wide and not conditions_on(statement, *_KEY_RESTRICTIONS)


@rule(
    "decrypt-under-any-key",
    Severity.WARNING,
    title="kms:Decrypt under any key",
    reason="it decrypts under every key whose policy leaves that to IAM, so every parameter of such a key, those of "
    "other teams included",
    fix="name the key, and bind the statement by kms:EncryptionContext:PARAMETER_ARN and kms:ViaService; a grant_read "
    "does all of it",
    source="KMS Developer Guide, 'Best practices for IAM policies' and 'How AWS Systems Manager Parameter Store uses "
    "AWS KMS'",
)
def decrypt_under_any_key(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements of identity policies that decrypt under all keys, without a context."""
    for placed in placed_statements(resource):
        if placed.of_key or not _decrypts_without_context(placed):
            continue
        if placed.statement.not_resources or _is_any_key(placed.statement):
            action = names_action(placed.statement, DECRYPT_ACTION)
            yield Problem(location=placed.resources_at, text=f"{action!r} decrypts under any key")


@rule(
    "decrypt-without-context",
    Severity.WARNING,
    title="kms:Decrypt without an encryption context",
    reason="whoever may decrypt with a key may decrypt all parameters under it; Parameter Store tells KMS which "
    "parameter it is about by the encryption context PARAMETER_ARN, and only a condition on it tells them apart",
    fix="add StringEquals on kms:EncryptionContext:PARAMETER_ARN with the parameter's ARN; a grant_read does so",
    source="KMS Developer Guide, 'How AWS Systems Manager Parameter Store uses AWS KMS', encryption context",
)
def decrypt_without_context(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements of identity policies that decrypt parameters of a key without saying which."""
    for placed in placed_statements(resource):
        if placed.of_key or placed.statement.not_resources or not _decrypts_without_context(placed):
            continue
        if not _is_any_key(placed.statement) and _is_about_parameters(placed, resource):
            yield Problem(location=placed.location, text="it decrypts whatever is encrypted under its keys")


def _is_about_parameters(placed: Placed, resource: Resource) -> bool:
    """Tell whether the keys are for parameters: by the service, by the key, or by what stands beside it."""
    keys = {pattern_of(each) for each in placed.statement.resources}
    if conditions_on(placed.statement, "kms:ViaService") or keys & resource.parameter_keys:
        return True
    # A function may read a setting, and a bucket under a key that has nothing to do with it.
    return not keys <= resource.other_keys and any(
        each.effect is Effect.ALLOW and pattern_of(action).lower().startswith("ssm:") and names_action(each, read)
        for each in placed.document
        for action in each.actions
        for read in READ_ACTIONS
    )


@rule(
    "key-open-to-everyone",
    Severity.ERROR,
    title="A key policy for everybody",
    reason="Principal '*' means every principal of every account, and an Allow with NotPrincipal means the same but "
    "for those it names",
    fix="name the account or the principals, or add a condition on kms:CallerAccount or aws:PrincipalOrgID",
    source="KMS Developer Guide, 'Key policies in AWS KMS', Principal",
)
def key_open_to_everyone(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements of key policies for everybody, without a condition on who it is."""
    for placed in placed_statements(resource):
        principals = placed.statement.principals
        if not placed.of_key or not placed.allows or principals is None or _tells_callers_apart(placed.statement):
            continue
        if placed.statement.not_principals:
            yield Problem(location=placed.at("NotPrincipal"), text="it is for everybody but those that it names")
        elif any("*" in principals.get(kind, ()) for kind in ("*", "AWS")):
            yield Problem(location=placed.at("Principal"), text="it is for everybody, in every account")


def _tells_callers_apart(statement: Statement) -> bool:
    return any(
        not operator_of(condition)[2]
        and operator_of(condition)[0] != "forallvalues"
        and "not" not in condition.operator.lower()
        and "*" not in condition.values
        for condition in conditions_on(statement, *_CALLER)
    )


@rule(
    "context-bypassed-in-key-policy",
    Severity.WARNING,
    title="A key policy that binds its use and opens it beside",
    reason="one statement binds the use of the key to parameters, another one of the same policy opens it to the same "
    "account without: any one statement that allows is enough",
    fix="give the statement for administration the actions of administration only, or the same condition",
    source="KMS Developer Guide, 'Key policies in AWS KMS' and 'Default key policy'",
)
def context_bypassed_in_key_policy(resource: Resource) -> Iterator[Problem]:
    """Find statements without a context that open what another statement of the key binds."""
    placed = [each for each in placed_statements(resource) if each.of_key and each.allows]
    bound = {account for each in placed if has_context(each.statement) for account in _accounts(each.statement)}
    for each in placed:
        if _decrypts_without_context(each) and bound & _accounts(each.statement):
            yield Problem(location=each.location, text="it decrypts for the account without an encryption context")


def _accounts(statement: Statement) -> set[str]:
    """Return the accounts of the principals that a statement names."""
    names = (statement.principals or {}).get("AWS", ())
    return {text.split(":")[4] if matches("arn:*:*:*:*:*", text) else text for text in names if isinstance(text, str)}


@rule(
    "grant-creation-unbound",
    Severity.WARNING,
    title="kms:CreateGrant without a condition on the grant",
    reason="whoever may create grants on a key can give its use away, to anybody and without an encryption context",
    fix="leave it out; for an AWS service, add Bool kms:GrantIsForAWSResource or kms:ViaService",
    source="KMS Developer Guide, 'Grants in AWS KMS', best practices",
)
def grant_creation_unbound(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements that name kms:CreateGrant and restrict nothing of the grant."""
    for placed in placed_statements(resource):
        named = any(isinstance(each, str) and each.lower() == "kms:creategrant" for each in placed.statement.actions)
        bound = conditions_on(placed.statement, *_GRANT_RESTRICTIONS) or placed.statement.not_actions
        if placed.allows and named and not bound:
            yield Problem(location=placed.actions_at, text="any grant can be created")


@rule(
    "asymmetric-key",
    Severity.ERROR,
    title="A key for parameters that is not symmetric",
    reason="Parameter Store encrypts with symmetric encryption keys only, and only they know an encryption context",
    fix="leave KeySpec and KeyUsage out, or write SYMMETRIC_DEFAULT and ENCRYPT_DECRYPT; that replaces the key",
    source="KMS Developer Guide, 'How AWS Systems Manager Parameter Store uses AWS KMS'",
)
def asymmetric_key(resource: Resource) -> Iterator[Problem]:
    """Find keys of another kind that a parameter or the key's own policy means for Parameter Store."""
    if resource.type != "AWS::KMS::Key" or not is_parameter_key(resource):
        return
    for name, right in (("KeySpec", "SYMMETRIC_DEFAULT"), ("KeyUsage", "ENCRYPT_DECRYPT")):
        written = resource.properties.get(name)
        if isinstance(written, str) and written != right:
            yield Problem(location=f"Properties/{name}", text=f"{name} is {written}")
