"""What grants allow and refuse, tried: deployed through CloudFormation to the embedded AWS and called by each grantee.

The table of :func:`test_each_verb_for_each_kind_of_grantee` is printed with ``pytest -s``.
"""

from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import KeyMode, ParameterKey, ParameterPath, Tier
from tests.cdk.world import KINDS, VALUE, World, outcome
from tests.local.aws import Account

pytestmark = pytest.mark.e2e


VERBS = ("read", "write", "read_write", "read_history", "read_metadata", "delete", "manage")


def calls(world: World, caller: Account, target: str, key: str, tier: Tier) -> dict[str, Callable[[], object]]:
    """Return what each grantee tries, by name."""
    other_tier = Tier.STANDARD if tier is Tier.ADVANCED else Tier.ADVANCED
    ssm, base = caller.ssm, world.base
    blob = world.ciphertext(f"{base}/db/password")
    context = {"PARAMETER_ARN": world.arn_of(f"{base}/db/password")}
    elsewhere = caller.in_region("us-west-2").ssm

    def put(name: str, with_tier: Tier) -> object:
        return ssm.put_parameter(
            Name=name, Value=VALUE, Type="SecureString", KeyId=key, Tier=with_tier.value, Overwrite=True
        )

    return {
        "get": lambda: ssm.get_parameter(Name=target, WithDecryption=True),
        "get several": lambda: ssm.get_parameters(Names=[target], WithDecryption=True),
        "history": lambda: ssm.get_parameter_history(Name=target, WithDecryption=True),
        "list": ssm.describe_parameters,
        "put": lambda: put(target, tier),
        "tags": lambda: ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=target),
        # An advanced parameter never becomes standard, so there it is about another name.
        "put in other tier": lambda: put(f"{target}-new" if tier is Tier.ADVANCED else target, other_tier),
        "by path": lambda: ssm.get_parameters_by_path(Path=f"{base}/db", WithDecryption=True),
        "get sibling": lambda: ssm.get_parameter(Name=f"{base}/db/sibling", WithDecryption=True),
        "get neighbour": lambda: ssm.get_parameter(Name=f"{base}/mail/key", WithDecryption=True),
        "put neighbour": lambda: put(f"{base}/mail/key", tier),
        "get prefix neighbour": lambda: ssm.get_parameter(Name=f"{base}/dbx/password", WithDecryption=True),
        "get longer name": lambda: ssm.get_parameter(Name=f"{target}2", WithDecryption=True),
        "decrypt directly": lambda: caller.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context),
        "encrypt directly": lambda: caller.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context),
        "decrypt without context": lambda: caller.kms.decrypt(CiphertextBlob=blob, KeyId=key),
        "get in other Region": lambda: elsewhere.get_parameter(Name=target, WithDecryption=True),
        "delete neighbour": lambda: ssm.delete_parameter(Name=f"{base}/mail/key"),
        "delete": lambda: ssm.delete_parameter(Name=target),
    }


ALLOWED = {
    "read": {"get", "get several"},
    "write": {"put"},
    "read_write": {"get", "get several", "put"},
    "read_history": {"history"},
    "read_metadata": {"list"},
    "delete": {"delete"},
    "manage": {"get", "get several", "history", "put", "tags", "delete"},
}
# On a path: its other parameters, too; the longer name is one of them.
ALLOWED_ON_PATH = {
    "read": {"get", "get several", "by path", "get sibling", "get longer name"},
    "write": {"put"},
    "read_write": {"get", "get several", "put", "by path", "get sibling", "get longer name"},
    "read_history": {"history"},
    "read_metadata": {"list"},
    "delete": {"delete"},
    "manage": {"get", "get several", "history", "put", "tags", "delete", "by path", "get sibling", "get longer name"},
}
CASES = (
    [(kind, verb, "parameter", Tier.STANDARD) for kind in KINDS for verb in VERBS]
    + [("role", verb, "parameter", tier) for tier in (Tier.ADVANCED, Tier.INTELLIGENT_TIERING) for verb in VERBS]
    + [("role", verb, "path", Tier.STANDARD) for verb in VERBS]
)


NAMES = {
    Tier.STANDARD: "db/password",
    Tier.ADVANCED: "db/certificate",
    Tier.INTELLIGENT_TIERING: "db/flexible",
}


def _expected(verb: str, on: str, tier: Tier) -> set[str]:
    """Return what must work; intelligent tiering may end in either tier, so whoever writes writes both."""
    expected = (ALLOWED_ON_PATH if on == "path" else ALLOWED)[verb]
    writes_both = tier is Tier.INTELLIGENT_TIERING and "put" in expected
    return expected | ({"put in other tier"} if writes_both else set())


def _prepare(world: World, key: str) -> None:
    for each in ("db/password", "db/password2", "db/sibling", "mail/key", "dbx/password", "db"):
        world.put(f"{world.base}/{each}", key)
    for tier in (Tier.ADVANCED, Tier.INTELLIGENT_TIERING):
        world.put(f"{world.base}/{NAMES[tier]}", key, tier)
        world.put(f"{world.base}/{NAMES[tier]}2", key)


def test_each_verb_for_each_kind_of_grantee(world: World) -> None:
    """Nineteen calls by each of 63 grantees: what must work works, and everything else is refused."""
    key = ParameterKey(world.stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
    cdk.CfnOutput(world.stack, "KeyArn", value=key.key_arn)
    targets = {
        **{("parameter", tier): world.named(f"{world.base}/{name}", key, tier) for tier, name in NAMES.items()},
        ("path", Tier.STANDARD): ParameterPath(
            world.stack, "Path", path=f"{world.base}/db", encryption_key=key, tier=Tier.STANDARD
        ),
    }
    labels = [f"G{number}" for number in range(len(CASES))]
    for label, (kind, verb, on, tier) in zip(labels, CASES, strict=True):
        getattr(targets[on, tier], f"grant_{verb}")(world.grantee(kind, label))
    key_arn = world.deploy()["KeyArn"]
    _prepare(world, key_arn)

    wrong, table = [], []
    for label, (kind, verb, on, tier) in zip(labels, CASES, strict=True):
        target = f"{world.base}/{NAMES[tier]}"
        tried = calls(world, world.become(kind, label), target, key_arn, tier)
        seen = {name for name, call in tried.items() if outcome(call) == "allowed"}
        expected = _expected(verb, on, tier)
        table.append(f"{kind:9} {verb:14} {on:10} {tier.value:19} {len(tried) - len(seen):2} refused; {sorted(seen)}")
        if seen != expected:
            wrong.append((kind, verb, on, tier.value, seen ^ expected))
        if "delete" in seen:
            world.put(target, key_arn, tier)
    print("", *table, sep="\n")
    assert not wrong


def _administrator(world: World) -> None:
    """Make a role with everything that IAM can give in KMS and Parameter Store."""
    role = iam.Role(
        world.stack,
        "Admin",
        role_name=f"Admin-{world.base.strip('/')}",
        assumed_by=iam.AccountRootPrincipal(),
    )
    role.add_to_policy(iam.PolicyStatement(actions=["kms:*", "ssm:*"], resources=["*"]))


@pytest.mark.parametrize(
    ("mode", "opened"), [(KeyMode.DELEGATED, {"get", "history", "put", "put advanced"}), (KeyMode.STRICT, set())]
)
def test_what_an_administrator_with_everything_in_iam_can_do(world: World, mode: KeyMode, opened: set[str]) -> None:
    """In strict mode nothing with any value, through Parameter Store or not; it can still repair the key policy."""
    key = ParameterKey(world.stack, "Key", mode=mode, removal_policy=cdk.RemovalPolicy.DESTROY)
    cdk.CfnOutput(world.stack, "KeyArn", value=key.key_arn)
    _administrator(world)
    name = f"{world.base}/db/password"
    parameter = world.named(name, key)
    parameter.grant_read(world.grantee("role", "Reader"))
    parameter.grant_write(world.grantee("user", "Writer"))
    key_arn = world.deploy()["KeyArn"]
    _prepare(world, key_arn)
    admin, reader, writer = (
        world.become("role", "Admin"),
        world.become("role", "Reader"),
        world.become("user", "Writer"),
    )

    def put(caller: Account, tier: Tier) -> object:
        return caller.ssm.put_parameter(
            Name=name, Value=VALUE, Type="SecureString", KeyId=key_arn, Tier=tier.value, Overwrite=True
        )

    blob, context = world.ciphertext(name), {"PARAMETER_ARN": world.arn_of(name)}
    tried: dict[str, Callable[[], object]] = {
        "get": lambda: admin.ssm.get_parameter(Name=name, WithDecryption=True),
        "history": lambda: admin.ssm.get_parameter_history(Name=name, WithDecryption=True),
        "put": lambda: put(admin, Tier.STANDARD),
        "decrypt": lambda: admin.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context),
        "decrypt without context": lambda: admin.kms.decrypt(CiphertextBlob=blob, KeyId=key_arn),
        "encrypt": lambda: admin.kms.encrypt(KeyId=key_arn, Plaintext=b"x", EncryptionContext=context),
        "data key": lambda: admin.kms.generate_data_key(KeyId=key_arn, KeySpec="AES_256", EncryptionContext=context),
        "grant": lambda: admin.kms.create_grant(
            KeyId=key_arn, GranteePrincipal=f"arn:aws:iam::{world.aws.account}:role/x", Operations=["Decrypt"]
        ),
        "put advanced": lambda: put(admin, Tier.ADVANCED),
    }
    assert outcome(lambda: reader.ssm.get_parameter(Name=name, WithDecryption=True)) == "allowed"
    assert outcome(lambda: put(reader, Tier.STANDARD)) == "refused"
    assert outcome(lambda: put(writer, Tier.STANDARD)) == "allowed"
    assert outcome(lambda: writer.ssm.get_parameter(Name=name, WithDecryption=True)) == "refused"
    assert {each for each, call in tried.items() if outcome(call) == "allowed"} == opened
    policy = admin.kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]
    admin.kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=policy)


@pytest.mark.parametrize("mode", KeyMode)
def test_direct_opens_kms_for_one_principal_and_one_parameter(world: World, mode: KeyMode) -> None:
    """With the very context of that parameter; another reader of the same parameter still needs Parameter Store."""
    key = ParameterKey(world.stack, "Key", mode=mode, removal_policy=cdk.RemovalPolicy.DESTROY)
    cdk.CfnOutput(world.stack, "KeyArn", value=key.key_arn)
    name, sibling = f"{world.base}/db/password", f"{world.base}/db/sibling"
    parameter = world.named(name, key)
    parameter.grant_read(world.grantee("role", "Direct"), direct=True)
    world.named(sibling, key).grant_read(world.grantee("role", "Through"))
    path = ParameterPath(world.stack, "Path", path=f"{world.base}/mail", encryption_key=key)
    path.grant_read(world.grantee("user", "PathDirect"), direct=True)
    key_arn = world.deploy()["KeyArn"]
    _prepare(world, key_arn)

    def decrypt(caller: Account, name: str, **context: str) -> str:
        return outcome(
            lambda: caller.kms.decrypt(CiphertextBlob=world.ciphertext(name), KeyId=key_arn, EncryptionContext=context)
        )

    direct, through = world.become("role", "Direct"), world.become("role", "Through")
    reader = world.become("user", "PathDirect")
    own, other, mail = (world.arn_of(each) for each in (name, sibling, f"{world.base}/mail/key"))
    assert decrypt(direct, name, PARAMETER_ARN=own) == "allowed"
    assert decrypt(direct, sibling, PARAMETER_ARN=other) == "refused"
    assert decrypt(direct, name) == "refused"
    assert decrypt(through, sibling, PARAMETER_ARN=other) == "refused"
    assert decrypt(reader, f"{world.base}/mail/key", PARAMETER_ARN=mail) == "allowed"
    assert decrypt(reader, name, PARAMETER_ARN=own) == "refused"
    encrypt = outcome(
        lambda: direct.kms.encrypt(KeyId=key_arn, Plaintext=b"x", EncryptionContext={"PARAMETER_ARN": own})
    )
    assert encrypt == "refused"
    assert outcome(lambda: through.ssm.get_parameter(Name=sibling, WithDecryption=True)) == "allowed"


def test_break_glass_and_administrators(world: World) -> None:
    """The role for emergencies decrypts without a grant, through Parameter Store; administrators are those named."""
    me = iam.AccountRootPrincipal()
    name = world.base.strip("/")
    ssm_only = iam.PolicyStatement(actions=["ssm:GetParameter"], resources=["*"])
    glass = iam.Role(world.stack, "Glass", role_name=f"Glass-{name}", assumed_by=me)
    glass.add_to_policy(ssm_only)
    keeper = iam.Role(world.stack, "Keeper", role_name=f"Keeper-{name}", assumed_by=me)
    _administrator(world)
    keeper.add_to_policy(iam.PolicyStatement(actions=["kms:*"], resources=["*"]))
    key = ParameterKey(
        world.stack,
        "Key",
        mode=KeyMode.STRICT,
        break_glass_role=glass,
        administrators=[keeper],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    cdk.CfnOutput(world.stack, "KeyArn", value=key.key_arn)
    key_arn = world.deploy()["KeyArn"]
    _prepare(world, key_arn)
    target = f"{world.base}/db/password"
    blob, context = world.ciphertext(target), {"PARAMETER_ARN": world.arn_of(target)}
    emergency, admin, named = (world.become("role", each) for each in ("Glass", "Admin", "Keeper"))

    assert outcome(lambda: emergency.ssm.get_parameter(Name=target, WithDecryption=True)) == "allowed"
    assert outcome(lambda: emergency.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)) == "refused"
    assert outcome(lambda: named.kms.get_key_policy(KeyId=key_arn, PolicyName="default")) == "allowed"
    assert outcome(lambda: named.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)) == "refused"
    assert outcome(lambda: admin.kms.get_key_policy(KeyId=key_arn, PolicyName="default")) == "refused"
    assert outcome(lambda: world.root.kms.get_key_policy(KeyId=key_arn, PolicyName="default")) == "allowed"
