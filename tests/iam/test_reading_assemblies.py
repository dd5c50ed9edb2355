"""Cloud assemblies as the CDK writes them: the example, stages, nested stacks, and both kinds of references."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from app import build
from ssm_securestring.cdk import ParameterKey, SecureStringParameter
from ssm_securestring.core.access import Verb
from ssm_securestring.core.errors import AssemblyError
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.assembly import read_assembly
from ssm_securestring.iam.model import Policy, Unknown
from ssm_securestring.iam.reading import read_world
from ssm_securestring.iam.world import Declared, Parameter, Principal, World

FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text(encoding="utf-8"))["context"]
# The layer's files do not matter here, and packing them takes seconds.
FAST: dict[str, Any] = {"aws:cdk:bundling-stacks": []}
SSM = "arn:aws:ssm:eu-west-1:111122223333:parameter"
VIA = ("StringEquals", "kms:ViaService", ("ssm.eu-west-1.amazonaws.com",))
DEEP = "[" * 100_000
ROLE = "arn:aws:iam::111122223333:role"


def spelled(policy: Policy) -> list[tuple[object, ...]]:
    """Return actions, resources and conditions of each statement."""
    return [
        (each.actions, each.resources, tuple((one.operator, one.key, one.values) for one in each.conditions))
        for each in policy.statements
    ]


def context(*names: str) -> tuple[str, str, tuple[str, ...]]:
    """Spell out the condition that binds a key to parameters."""
    return ("StringEquals", "kms:EncryptionContext:PARAMETER_ARN", tuple(f"{SSM}{name}" for name in names))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> World:
    """What the example says, read from the folder that it is synthesized to."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(context={**FLAGS, **FAST}, outdir=str(folder))
    build(app)
    app.synth()
    return read_world(read_assembly(folder))


@pytest.fixture(scope="module")
def principals(example: World) -> Mapping[str, Principal]:
    """Its principals by name."""
    return {each.name: each for each in example.principals}


def test_the_example_has_five_roles(example: World) -> None:
    """Each under its construct path, with an ARN in the form that the deployment gives it."""
    found = [(each.name, each.kind, each.stack, each.in_assembly, each.is_provider) for each in example.principals]

    assert found == [
        ("ShopParameters/SecureStringProvider/Role", "role", "ShopParameters", True, True),
        ("ShopService/OrdersRole", "role", "ShopService", True, False),
        ("ShopService/ReportingRole", "role", "ShopService", True, False),
        ("ShopService/DeployerRole", "role", "ShopService", True, False),
        ("ShopService/AuditorRole", "role", "ShopService", True, False),
    ]
    forms = ["ShopParameters-SecureStringProviderRole6A8D282D", "ShopService-OrdersRole1F09A955"]
    for form, principal in zip(forms, example.principals, strict=False):
        assert re.fullmatch(rf"{ROLE}/{form}-[A-Z2-7]{{12}}", principal.caller.arn)


def test_nothing_of_the_example_is_unknown(example: World) -> None:
    """What is decided about it does not depend on the deployment."""
    assert example.unknown == ()
    assert not any(each.unknown for each in example.principals)
    assert not any(each.unknown for each in example.keys)


def test_the_policies_of_readers_and_writers_are_read(example: World, principals: Mapping[str, Principal]) -> None:
    """With the key of the other stack, which they refer to weakly."""
    (key,) = example.keys
    (reads,) = principals["ShopService/ReportingRole"].identity.policies
    (writes,) = principals["ShopService/DeployerRole"].identity.policies
    (lists,) = principals["ShopService/AuditorRole"].identity.policies
    logs, orders = principals["ShopService/OrdersRole"].identity.policies

    signing, mail, db = "/shop/reports/signing-key", "/shop/mail/api-key", "/shop/db/password"
    assert spelled(reads) == [
        (("ssm:GetParameter", "ssm:GetParameters"), (f"{SSM}{signing}",), ()),
        (("kms:Decrypt",), (key.arn,), (VIA, context(signing))),
    ]
    assert spelled(writes) == [
        (("ssm:PutParameter",), (f"{SSM}{mail}", f"{SSM}{signing}"), ()),
        (("kms:Encrypt",), (key.arn,), (VIA, context(mail))),
        (("kms:GenerateDataKey",), (key.arn,), (VIA, context(signing))),
    ]
    assert spelled(lists) == [(("ssm:DescribeParameters",), ("*",), ())]
    assert spelled(orders) == [
        (("ssm:GetParameter", "ssm:GetParameters"), (f"{SSM}{db}",), ()),
        (("kms:Decrypt",), (key.arn,), (VIA, context(db))),
    ]
    assert orders.place == "ShopService/OrdersRoleSecureStringsPolicy803C6FCA"
    assert [each.actions for each in logs.statements] == [("logs:CreateLogStream", "logs:PutLogEvents")]


def test_the_policies_of_the_function_are_read(example: World, principals: Mapping[str, Principal]) -> None:
    """The tag that it deletes by is the id of the stack; the managed policy names each parameter."""
    (key,) = example.keys
    own, pages = principals["ShopParameters/SecureStringProvider/Role"].identity.policies

    _, deletion, describe, _ = own.statements
    (tag,) = deletion.conditions
    (stack_id,) = describe.resources
    assert (deletion.resources, tag.key) == ((f"{SSM}/*",), "aws:ResourceTag/ssm-securestring:stack")
    assert tag.values == (stack_id,)
    assert describe.actions == ("cloudformation:DescribeStacks",)
    assert str(stack_id).startswith("arn:aws:cloudformation:eu-west-1:111122223333:stack/ShopParameters/")
    names = ("/shop/db/password", "/shop/payment/password", "/shop/reports/signing-key", "/shop/mail/api-key")
    _, decrypt, encrypt = spelled(pages)
    caller = ("StringEquals", "kms:CallerAccount", ("111122223333",))
    assert decrypt == (("kms:Decrypt",), ("*",), (VIA, context(*names), caller))
    assert encrypt == (("kms:Encrypt", "kms:GenerateDataKey"), (key.arn,), (VIA, context(*names)))


def test_the_key_of_the_example_is_read(example: World) -> None:
    """Its policy admits the account, through Parameter Store, below /shop/."""
    (key,) = example.keys

    assert (key.name, key.stack, key.aliases) == ("ShopParameters/Key", "ShopParameters", ("alias/shop/parameters",))
    assert re.fullmatch(r"arn:aws:kms:eu-west-1:111122223333:key/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", key.arn)
    assert key.policy is not None
    administer, use = key.policy.statements
    assert (administer.sid, use.sid) == ("AdministerWithoutUse", "UseThroughParameterStore")
    assert use.principals == {"AWS": ("arn:aws:iam::111122223333:root",)}
    assert spelled(key.policy)[1] == (
        ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
        ("*",),
        (
            ("StringEquals", "kms:CallerAccount", ("111122223333",)),
            VIA,
            ("StringLike", "kms:EncryptionContext:PARAMETER_ARN", (f"{SSM}/shop/*",)),
        ),
    )


def test_the_parameters_of_the_example_are_read(example: World, principals: Mapping[str, Principal]) -> None:
    """All four, under one key, kept by one role."""
    (key,) = example.keys
    provider = principals["ShopParameters/SecureStringProvider/Role"].caller.arn

    tiers = {
        "/shop/db/password": Tier.STANDARD,
        "/shop/payment/password": Tier.STANDARD,
        "/shop/reports/signing-key": Tier.ADVANCED,
        "/shop/mail/api-key": Tier.STANDARD,
    }
    (stack_id,) = {each.stack_id for each in example.parameters}
    assert stack_id.startswith("arn:aws:cloudformation:eu-west-1:111122223333:stack/ShopParameters/")
    assert example.parameters == tuple(
        Parameter(
            arn=f"{SSM}{name}",
            name=name,
            tier=tier,
            key=key.arn,
            stack="ShopParameters",
            stack_id=stack_id,
            provider=provider,
            from_secret=name == "/shop/payment/password",
        )
        for name, tier in tiers.items()
    )


def test_the_grants_of_the_example_are_read(example: World, principals: Mapping[str, Principal]) -> None:
    """What stacks/service.py grants, and nothing else."""
    (key,) = example.keys

    granted = [
        ("Orders", Verb.READ, "/shop/db/password", Tier.STANDARD),
        ("Reporting", Verb.READ, "/shop/reports/signing-key", Tier.ADVANCED),
        ("Deployer", Verb.WRITE, "/shop/mail/api-key", Tier.STANDARD),
        ("Deployer", Verb.WRITE, "/shop/reports/signing-key", Tier.ADVANCED),
    ]
    metadata = Declared(
        principal=principals["ShopService/AuditorRole"].caller.arn,
        verb=Verb.READ_METADATA,
        parameter=f"{SSM}/shop/*",
        path=True,
        key=key.arn,
        stack="ShopService",
    )
    assert example.declared == (
        *(
            Declared(
                principal=principals[f"ShopService/{name}Role"].caller.arn,
                verb=verb,
                parameter=f"{SSM}{parameter}",
                tier=tier,
                key=key.arn,
                stack="ShopService",
            )
            for name, verb, parameter, tier in granted
        ),
        metadata,
    )


class Inner(cdk.NestedStack):
    """A role in a nested stack that reads a parameter of another stack."""

    def __init__(self, scope: cdk.Stack, *, parameter: SecureStringParameter) -> None:
        """Define it."""
        super().__init__(scope, "Inner")
        self.reader = iam.Role(self, "Reader", assumed_by=iam.AccountRootPrincipal())
        self.reader.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess"))
        parameter.grant_read(self.reader)


def define_stage(app: cdk.App, name: str, *, env: cdk.Environment | None = None) -> None:
    """Define a stage of two stacks, one of which has a nested one and a role from elsewhere."""
    stage = cdk.Stage(app, name, env=env)
    data = cdk.Stack(stage, "Data")
    parameter = SecureStringParameter(data, "Db", name="/shop/db", encryption_key=ParameterKey(data, "Key"))
    service = cdk.Stack(stage, "Service")
    inner = Inner(service, parameter=parameter)
    parameter.grant_read(iam.Role.from_role_name(service, "Ops", "ops"))
    outer = iam.Role(service, "Outer", role_name="outer", assumed_by=iam.AccountRootPrincipal())
    outer.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[inner.reader.role_arn]))


# What the CLI asks for, and what `cdk init` writes: weak references with the flags, exports without.
CONTEXTS: dict[str, dict[str, Any]] = {
    "flags of cdk.json": FLAGS,
    "metadata for the CLI": {"aws:cdk:enable-asset-metadata": True, "aws:cdk:enable-path-metadata": True},
}


@pytest.fixture(scope="module", params=CONTEXTS)
def stages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two stages, of an account of its own and of an open one, with weak references and with exports."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(context=CONTEXTS[request.param], outdir=str(folder))
    define_stage(app, "Prod", env=cdk.Environment(account="999922223333", region="eu-central-1"))
    define_stage(app, "Test")
    app.synth()
    return read_world(read_assembly(folder, account="444455556666", region="us-east-1"))


@pytest.mark.parametrize(
    ("stage", "account", "region"), [("Prod", "999922223333", "eu-central-1"), ("Test", "444455556666", "us-east-1")]
)
def test_each_stage_is_read_for_itself(stages: World, stage: str, account: str, region: str) -> None:
    """Stacks refer to those of their own stage; the account that is open is the one that was named."""
    parameter = f"arn:aws:ssm:{region}:{account}:parameter/shop/db"
    (key,) = [each for each in stages.keys if each.stack == f"{stage}-Data"]
    named = {each.name: each for each in stages.principals}
    reader, outer = named[f"{stage}/Service/Inner/Reader"], named[f"{stage}/Service/Outer"]
    ops = named[f"arn:aws:iam::{account}:role/ops"]

    assert [each.arn for each in stages.parameters if each.stack == f"{stage}-Data"] == [parameter]
    assert key.arn.startswith(f"arn:aws:kms:{region}:{account}:key/")
    for principal in (reader, ops):
        (policy,) = principal.identity.policies
        assert [each.resources for each in policy.statements] == [(parameter,), (key.arn,)]
    assert outer.caller.arn == f"arn:aws:iam::{account}:role/outer"
    assert [each.resources for each in outer.identity.policies[0].statements] == [(reader.caller.arn,)]
    assert not ops.in_assembly
    granted = {each.principal for each in stages.declared if each.parameter == parameter}
    assert granted == {reader.caller.arn, ops.caller.arn}


def test_only_the_policy_of_aws_is_not_known(stages: World) -> None:
    """It changes each week, so there is no copy of it here."""
    nested = "InnerNestedStackInnerNestedStackResource745E041B/ReaderF7BF189D"

    assert stages.unknown == ()
    assert [unknown for each in stages.principals for unknown in each.unknown] == [
        Unknown(
            place=f"{stage}-Service/{nested}, Properties.ManagedPolicyArns[0]",
            reason="the text of arn:aws:iam::aws:policy/ReadOnlyAccess is not known",
        )
        for stage in ("Prod", "Test")
    ]


def test_a_nested_template_is_found_without_a_manifest_of_assets(tmp_path: Path) -> None:
    """Other synthesizers write none; the CLI then has the CDK name the file beside the resource."""
    nested = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "inner.json"}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "orders"}}
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "shop.json"},
    }
    files: dict[str, Any] = {
        "manifest.json": {"artifacts": {"Shop": artifact}},
        "shop.json": {"Resources": {"Inner": nested}},
        "inner.json": {"Resources": {"Role": role}},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")

    world = read_world(read_assembly(tmp_path))

    assert [each.caller.arn for each in world.principals] == [f"{ROLE}/orders"]
    assert world.unknown == ()


def test_fails_for_a_folder_that_is_no_assembly(tmp_path: Path) -> None:
    """And says what to run."""
    with pytest.raises(AssemblyError) as caught:
        read_assembly(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path} is no cloud assembly: run `cdk synth` and name the folder that it writes, usually cdk.out"
    )
    assert caught.value.path == str(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [("{", "cannot be read"), (DEEP, "cannot be read"), ("[]", "is not an object of JSON")],
)
def test_fails_for_a_broken_manifest(tmp_path: Path, content: str, problem: str) -> None:
    """The message names the file."""
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")

    with pytest.raises(AssemblyError) as caught:
        read_assembly(tmp_path)

    assert str(caught.value) == f"{tmp_path / 'manifest.json'} {problem}: run `cdk synth` again"


def test_fails_for_a_template_that_is_missing(tmp_path: Path) -> None:
    """Half of an assembly is none."""
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Shop.template.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Shop": stack}}), encoding="utf-8")

    with pytest.raises(AssemblyError, match=r"Shop\.template\.json cannot be read: run `cdk synth` again"):
        read_assembly(tmp_path)
