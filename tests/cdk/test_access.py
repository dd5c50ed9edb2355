"""Access asked of a stack in a test, before anything is deployed."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import RootConstruct

from ssm_securestring.cdk import (
    Access,
    KeyMode,
    ParameterKey,
    ParameterPath,
    SecureStringParameter,
    Tier,
    ValueSource,
    assert_access,
)
from ssm_securestring.core.errors import AssemblyError, SettingError

KEY_ELSEWHERE = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CIPHERTEXT = base64.b64encode(bytes(200)).decode()
ENVIRONMENT = cdk.Environment(account="111122223333", region="eu-west-1")
KEEPER = "Shop/SecureStringProvider/Role"


def shop(*, grant: Callable[[SecureStringParameter, iam.Role], object] | None = None) -> cdk.Stack:
    """Make an app with one stack: two parameters, and a role that may read the first."""
    stack = cdk.Stack(cdk.App(), "Shop", env=ENVIRONMENT)
    key = ParameterKey(stack, "Key", path_prefixes=["/shop"])
    password = SecureStringParameter(stack, "Password", name="/shop/db/password", encryption_key=key)
    SecureStringParameter(stack, "ApiKey", name="/shop/mail/api-key", encryption_key=key, tier=Tier.ADVANCED)
    role = iam.Role(stack, "Orders", assumed_by=iam.AccountRootPrincipal())
    password.grant_read(role)
    if grant is not None:
        grant(password, role)
    return stack


def app_of(stack: cdk.Stack) -> cdk.Stage:
    """Return the app of a stack."""
    found = cdk.Stage.of(stack)
    assert found is not None
    return found


def _also(action: str) -> Callable[[SecureStringParameter, iam.Role], object]:
    """Let the role do something that no grant of a parameter says."""
    return lambda parameter, role: role.add_to_policy(
        iam.PolicyStatement(actions=[action], resources=[parameter.parameter_arn])
    )


def test_who_can_do_what_is_asked_of_a_stack() -> None:
    """By the words of operations, and by the names of parameters with their slash or without."""
    access = Access.from_stack(shop())

    assert access.who_can("decrypt", "/shop/db/password") == ["Shop/Orders", KEEPER]
    assert access.who_can("read", "shop/db/password") == ["Shop/Orders", KEEPER]
    assert access.who_can("decrypt", "/shop/mail/api-key") == [KEEPER]
    assert access.who_can("write", "/shop/db/password") == [KEEPER]
    assert access.who_can("decrypt directly", "/shop/db/password") == []


def test_a_stack_of_another_app_counts_where_it_attaches_a_policy() -> None:
    """All stacks of the app are read, whichever is asked."""
    app = cdk.App()
    owner = cdk.Stack(app, "Owner", env=ENVIRONMENT)
    password = SecureStringParameter(owner, "Password", name="/shop/db/password")
    user = cdk.Stack(app, "User", env=ENVIRONMENT)
    role = iam.Role(user, "Reader", assumed_by=iam.AccountRootPrincipal())
    password.grant_read(role)

    assert Access.from_stack(owner).who_can("decrypt", "/shop/db/password") == [
        "Owner/SecureStringProvider/Role",
        "User/Reader",
    ]


@pytest.mark.parametrize(
    ("operation", "name", "message"),
    [
        ("reed", "/shop/db/password", "operation 'reed' is none: write one of 'read', 'read history'"),
        ("read", "/shop/db/passwort", "parameter_name '/shop/db/passwort' is none that is known here: write one of "),
    ],
)
def test_fails_when_something_is_not_known(operation: str, name: str, message: str) -> None:
    """A typing mistake must not look like nobody."""
    with pytest.raises(SettingError) as caught:
        Access.from_stack(shop()).who_can(operation, name)

    assert str(caught.value).startswith(message)


def test_fails_for_a_stack_without_an_app() -> None:
    """It cannot be synthesized with what it belongs to."""
    stack = cdk.Stack(RootConstruct("Root"), "Shop")

    with pytest.raises(SettingError, match=r"is not in an app: write Stack\(App\(\), ...\)"):
        Access.from_stack(stack)


def test_an_app_whose_grants_are_all_there_is_passes() -> None:
    """In its own words, and in those of a table."""
    assert_access(app_of(shop()))
    assert_access(app_of(shop()), allows={"Shop/Orders": {"read": ["/shop/db/password"]}})
    assert Access.from_stack(shop()).prove().exact


def test_what_was_synthesized_is_read_from_its_folder(tmp_path: Path) -> None:
    """As ``cdk synth`` leaves it, by path or as the CDK hands it out."""
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Shop", env=ENVIRONMENT)
    SecureStringParameter(stack, "Password", name="/shop/db/password").grant_read(
        iam.Role(stack, "Orders", assumed_by=iam.AccountRootPrincipal())
    )
    assembly = app_of(stack).synth()

    for each in (assembly, tmp_path, str(tmp_path)):
        assert_access(each, allows={"Shop/Orders": {"read": ["/shop/db/password"]}})


def test_fails_when_more_is_allowed_than_was_granted() -> None:
    """The message holds the table and the statement that opens it."""
    with pytest.raises(AssertionError) as caught:
        assert_access(app_of(shop(grant=_also("ssm:GetParameterHistory"))))

    message = str(caught.value)
    assert "EXTRA  Shop/Orders: ssm:GetParameterHistory\n  /shop/db/password\n" in message
    assert "Shop/OrdersDefaultPolicy" in message
    assert message.splitlines()[-1].startswith("NOT EXACT: 1 EXTRA (")


def test_fails_when_more_is_allowed_than_the_table_says() -> None:
    """Though the app granted it."""
    reads_history = shop(grant=lambda parameter, role: parameter.grant_read_history(role))

    with pytest.raises(AssertionError) as caught:
        assert_access(app_of(reads_history), allows={"Shop/Orders": {"read": ["/shop/db/password"]}})

    assert str(caught.value).splitlines() == [
        "allowed, but not intended: Shop/Orders can read history /shop/db/password",
        "allowed, but not intended: Shop/Orders, ssm:GetParameterHistory on /shop/db/password",
    ]


def test_fails_when_less_is_allowed_than_was_granted() -> None:
    """A denial elsewhere takes away what a grant gave."""
    stack = shop()
    role = stack.node.find_child("Orders")
    assert isinstance(role, iam.Role)
    role.add_to_policy(iam.PolicyStatement(effect=iam.Effect.DENY, actions=["ssm:GetParameters"], resources=["*"]))

    with pytest.raises(AssertionError, match="MISSING  Shop/Orders: ssm:GetParameters\n  granted: read on /shop/db/"):
        assert_access(app_of(stack))


def test_fails_for_a_folder_that_is_no_assembly(tmp_path: Path) -> None:
    """And says what to run."""
    with pytest.raises(AssemblyError, match="run `cdk synth`"):
        assert_access(tmp_path)


def test_every_grant_is_proved_exact() -> None:
    """Each verb on a parameter and on a path, for a principal of its own, with a strict and a delegating key."""
    for mode in KeyMode:
        stack = cdk.Stack(cdk.App(), "Shop", env=ENVIRONMENT)
        key = ParameterKey(stack, "Key", path_prefixes=["/shop"], mode=mode)
        parameter = SecureStringParameter(
            stack, "Password", name="/shop/db/password", encryption_key=key, tier=Tier.ADVANCED
        )
        path = ParameterPath(stack, "Path", path="/shop/mail", encryption_key=key, tier=Tier.STANDARD)
        for target in (parameter, path):
            for verb in ("read", "write", "read_write", "read_history", "read_metadata", "delete", "manage"):
                role = iam.Role(stack, f"{target.node.id}{verb}", assumed_by=iam.AccountRootPrincipal())
                getattr(target, f"grant_{verb}")(role)
        for verb in ("read", "read_history"):
            role = iam.Role(stack, f"Direct{verb}", assumed_by=iam.AccountRootPrincipal())
            getattr(parameter, f"grant_{verb}")(role, direct=True)

        assert_access(app_of(stack))


def kept(stack: cdk.Stack, key: ParameterKey, value: ValueSource | None = None, *, replaceable: bool = False) -> None:
    """Keep a parameter whose value comes from there."""
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=key, value=value, allow_replacement=replaceable)


def _another(stack: cdk.Stack, key: ParameterKey) -> SecureStringParameter:
    return SecureStringParameter(stack, "Another", name="/shop/another", encryption_key=key)


def _of_another_stack(stack: cdk.Stack) -> SecureStringParameter:
    another = cdk.Stack(app_of(stack), "Another", env=ENVIRONMENT)
    return _another(another, ParameterKey(another, "Key"))


def _elsewhere(stack: cdk.Stack) -> ssm.IStringParameter:
    key = ParameterKey.from_key_arn(KEY_ELSEWHERE)
    return SecureStringParameter.from_name(stack, "Elsewhere", name="/elsewhere/db", encryption_key=key)


def _plain(stack: cdk.Stack) -> ssm.IStringParameter:
    return ssm.StringParameter.from_string_parameter_name(stack, "Plain", "/plain/db")


def _secret(stack: cdk.Stack, key: kms.IKey | None = None) -> secretsmanager.ISecret:
    return secretsmanager.Secret(stack, "Secret", encryption_key=key)


SOURCES: Final[dict[str, Callable[[cdk.Stack, ParameterKey], ValueSource]]] = {
    "generated": lambda _stack, _key: ValueSource.generated(),
    "external": lambda _stack, _key: ValueSource.external(),
    "through CloudFormation": lambda stack, _: ValueSource.no_echo_parameter(
        cdk.CfnParameter(stack, "Value", no_echo=True)
    ),
    "a copy of one of the stack": lambda stack, key: ValueSource.copy_from(_another(stack, key)),
    "a copy of another stack's": lambda stack, _: ValueSource.copy_from(_of_another_stack(stack)),
    "a copy of one from elsewhere": lambda stack, _: ValueSource.copy_from(_elsewhere(stack)),
    "a copy of a String": lambda stack, _: ValueSource.copy_from(_plain(stack)),
    "sealed with a key of the stack": lambda stack, _: ValueSource.sealed(CIPHERTEXT, key=kms.Key(stack, "Seal")),
    "sealed with a key from elsewhere": lambda stack, _: ValueSource.sealed(
        CIPHERTEXT, key=kms.Key.from_key_arn(stack, "Seal", KEY_ELSEWHERE)
    ),
    "a secret": lambda stack, _: ValueSource.secrets_manager(_secret(stack)),
    "a secret under a key of the stack": lambda stack, _: ValueSource.secrets_manager(
        _secret(stack, kms.Key(stack, "SecretKey"))
    ),
}


@pytest.mark.parametrize("mode", KeyMode)
@pytest.mark.parametrize("source", SOURCES)
def test_what_the_function_needs_for_a_source_is_proved_exact(source: str, mode: KeyMode) -> None:
    """It may read what the value comes from, for this parameter, and nothing besides."""
    stack = cdk.Stack(cdk.App(), "Shop", env=ENVIRONMENT)
    key = ParameterKey(stack, "Key", path_prefixes=["/shop"], mode=mode)
    kept(stack, key, SOURCES[source](stack, key))

    assert_access(app_of(stack))


@pytest.mark.parametrize("mode", KeyMode)
def test_what_the_function_needs_for_a_replacement_is_proved_exact(mode: KeyMode) -> None:
    """It may keep the value in the copy, which a strict key admits as well, and look at the tier."""
    stack = cdk.Stack(cdk.App(), "Shop", env=ENVIRONMENT)
    kept(stack, ParameterKey(stack, "Key", path_prefixes=["/shop"], mode=mode), replaceable=True)

    assert_access(app_of(stack))


@pytest.mark.parametrize(
    ("action", "source"),
    [
        ("ssm:GetParameterHistory", None),
        ("kms:Encrypt", None),
        ("kms:Decrypt", "sealed with a key of the stack"),
        ("kms:Decrypt", "a copy of another stack's"),
    ],
)
def test_fails_when_the_function_lacks_what_it_needs(action: str, source: str | None) -> None:
    """A denial takes it away; for which parameter is said."""
    stack = cdk.Stack(cdk.App(), "Shop", env=ENVIRONMENT)
    key = ParameterKey(stack, "Key", path_prefixes=["/shop"])
    kept(stack, key, SOURCES[source](stack, key) if source else None, replaceable=source is None)
    role = stack.node.find_child("SecureStringProvider").node.find_child("Role")
    assert isinstance(role, iam.Role)
    role.add_to_policy(iam.PolicyStatement(effect=iam.Effect.DENY, actions=[action], resources=["*"]))

    expected = "replaces" if source is None else "fetches the value of"
    with pytest.raises(AssertionError, match=f"MISSING  {KEEPER}: {action}\n  granted: {expected} /shop/db\n"):
        assert_access(app_of(stack))


@pytest.mark.parametrize("mode", KeyMode, ids=lambda each: each.name.lower())
def test_whom_a_key_was_made_to_admit_is_no_finding(mode: KeyMode) -> None:
    """Administrators, who may open it; a role that breaks the glass; one of another account; one from elsewhere."""
    stack = cdk.Stack(cdk.App(), "Shop", env=ENVIRONMENT)
    administrator, rescuer = (
        iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal()) for name in ("Administrator", "Rescuer")
    )
    key = ParameterKey(
        stack, "Key", path_prefixes=["/shop"], mode=mode, administrators=[administrator], break_glass_role=rescuer
    )
    administrator.add_to_policy(iam.PolicyStatement(actions=["kms:PutKeyPolicy"], resources=[key.key_arn]))
    certificate = SecureStringParameter(
        stack, "Certificate", name="/shop/certificate", encryption_key=key, tier=Tier.ADVANCED
    )
    certificate.share_read("Reports", principal_arn="arn:aws:iam::444455556666:role/reports")
    legacy = "arn:aws:iam::111122223333:role/service/legacy"
    certificate.grant_read(iam.Role.from_role_arn(stack, "Legacy", legacy))

    assert_access(app_of(stack))
    access = Access.from_stack(stack)
    assert legacy in access.who_can("read", "/shop/certificate")
    assert access.prove().assumed == (
        f"{legacy}, which is not of this assembly, has no policies but those that the assembly attaches",
    )


def test_plain_parameters_of_the_app_are_not_asked_for() -> None:
    """They hold no secret, and whoever may read one of them may read no other."""

    def also_plain(parameter: SecureStringParameter, role: iam.Role) -> None:
        plain = ssm.StringParameter(parameter, "Plain", parameter_name="/shop/colour", string_value="red")
        plain.grant_read(role)
        plain.grant_write(role)

    access = Access.from_stack(shop(grant=also_plain))

    # But for DescribeParameters, which the CDK grants along, and which no resource but "*" would give an effect.
    assert access.prove().exact
