"""The function behind the custom resources: what it is made of, and what its role may do, exactly."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match

from bench.runtime.carried import carried
from ssm_securestring.cdk import (
    ParameterKey,
    SecureStringParameter,
    SecureStringProvider,
    SecureStringsLayer,
    Tier,
    ValueSource,
)
from tests.cdk.spelled import KEY_ARN, VIA_SSM, arn_of, bound_to, only, permissions, resources, statements_of

KEY = ParameterKey.from_key_arn(KEY_ARN)
_PARAMETER = "kms:EncryptionContext:PARAMETER_ARN"


def test_the_role_may_do_exactly_this(stack: cdk.Stack) -> None:
    """Two parameters under one key, one for each tier: each ARN in its own lists, no action by wildcard."""
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)
    SecureStringParameter(stack, "Big", name="/shop/big", encryption_key=KEY, tier=Tier.ADVANCED)

    policy = only(stack, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]
    both = [arn_of("/shop/db"), arn_of("/shop/big")]
    bound_to_both = {"kms:ViaService": VIA_SSM, "kms:EncryptionContext:PARAMETER_ARN": both}
    expected: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": [
                "ssm:AddTagsToResource",
                "ssm:GetParameter",
                "ssm:ListTagsForResource",
                "ssm:PutParameter",
                "ssm:RemoveTagsFromResource",
            ],
            "Resource": both,
        },
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {**bound_to_both, "kms:CallerAccount": "111122223333"}},
        },
        {
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": KEY_ARN,
            "Condition": {"StringEquals": bound_to_both},
        },
    ]
    assert permissions(policy["Statement"]) == permissions(expected)


def test_deletion_goes_by_this_stacks_ownership_tag(stack: cdk.Stack) -> None:
    """At clean-up the template names the parameter no more, so its ARN cannot be in the role; its tag is."""
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)

    log_group, retire, rollback = statements_of(stack, "SecureStringProviderRole")
    assert log_group["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert retire == {
        "Effect": "Allow",
        "Action": ["ssm:DeleteParameter", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource"],
        "Resource": arn_of("/*"),
        "Condition": {"StringEquals": {"aws:ResourceTag/ssm-securestring:stack": {"Ref": "AWS::StackId"}}},
    }
    assert rollback == {
        "Effect": "Allow",
        "Action": "cloudformation:DescribeStacks",
        "Resource": {"Ref": "AWS::StackId"},
    }


def test_the_function_is_one_for_the_stack_and_spelled_out(stack: cdk.Stack) -> None:
    """Runtime, architecture, memory, time-out, log group with retention; no managed policy of AWS."""
    SecureStringParameter(stack, "Db", encryption_key=KEY)
    SecureStringParameter(stack, "Api", encryption_key=KEY)

    properties = only(stack, "AWS::Lambda::Function")["Properties"]
    (log_group,) = resources(stack, "AWS::Logs::LogGroup")
    assert {key: properties[key] for key in properties if key not in {"Code", "Role", "Description"}} == {
        "Runtime": "python3.14",
        "Architectures": ["arm64"],
        "Handler": "ssm_securestring.handler.on_event.on_event",
        "MemorySize": 256,
        "Timeout": 180,
        "LoggingConfig": {"LogGroup": {"Ref": log_group}},
    }
    assert only(stack, "AWS::Logs::LogGroup")["Properties"]["RetentionInDays"] == 30
    assert "ManagedPolicyArns" not in only(stack, "AWS::IAM::Role")["Properties"]


def test_parameters_wait_for_the_permission_to_make_them(stack: cdk.Stack) -> None:
    """A managed policy is not a dependency of the function by itself."""
    SecureStringParameter(stack, "Db", encryption_key=KEY)

    (policy,) = resources(stack, "AWS::IAM::ManagedPolicy")
    assert policy in only(stack, "Custom::SsmSecureString")["DependsOn"]


@pytest.mark.parametrize("name", ["/shop/p{:03}", "/shop/" + "n" * 200 + "{:03}"], ids=["short", "long"])
def test_many_parameters_stay_within_what_iam_holds(stack: cdk.Stack, name: str) -> None:
    """Each managed policy has at most 6,144 characters, and is well filled."""
    count = 60
    for number in range(count):
        SecureStringParameter(
            stack,
            f"P{number}",
            name=name.format(number),
            encryption_key=KEY,
            tier=Tier.INTELLIGENT_TIERING,
        )

    policies = list(resources(stack, "AWS::IAM::ManagedPolicy").values())
    statements = [each["Properties"]["PolicyDocument"]["Statement"] for each in policies]
    named = {
        resource for each in statements for action, resource, _ in permissions(each) if action == "ssm:PutParameter"
    }
    assert max(len(_rendered(each["Properties"]["PolicyDocument"])) for each in policies) <= 6144
    assert len(named) == count
    annotations, text = Annotations.from_stack(stack), Match.string_like_regexp("IAM's default quota")
    if len(policies) > 10:
        annotations.has_warning("*", text)
    else:
        annotations.has_no_warning("*", text)


@pytest.mark.parametrize("name", ["/shop/p{:03}", "/shop/" + "n" * 200 + "{:03}"], ids=["short", "long"])
@pytest.mark.parametrize("kind", ["copied", "sealed"])
def test_many_values_from_elsewhere_stay_within_what_iam_holds(stack: cdk.Stack, name: str, kind: str) -> None:
    """What they are read from stands beside them, one statement for each key: the CDK has nothing to split."""
    count, other = 40, "arn:aws:kms:eu-west-1:111122223333:key/ffffffff-12ab-34cd-56ef-1234567890ab"
    key = kms.Key.from_key_arn(stack, "Seal", other)
    for number in range(count):
        copied = SecureStringParameter.from_name(
            stack, f"C{number}", name=name.format(number) + "c", encryption_key=ParameterKey.from_key_arn(other)
        )
        source = ValueSource.copy_from(copied)
        if kind == "sealed":
            source = ValueSource.sealed("AQICAHh" + "x" * 81, key=key)
        SecureStringParameter(stack, f"P{number}", name=name.format(number), encryption_key=KEY, value=source)

    policies = [each["Properties"] for each in resources(stack, "AWS::IAM::ManagedPolicy").values()]
    statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    opened = [
        each["Condition"]["StringEquals"].get(
            "kms:EncryptionContext:SEALED_FOR", each["Condition"]["StringEquals"].get(_PARAMETER)
        )
        for each in statements
        if each["Resource"] == other
    ]
    assert max(len(_rendered(policy["PolicyDocument"])) for policy in policies) <= 6144
    assert sum(len(each) if isinstance(each, list) else 1 for each in opened) == count
    assert len(opened) == len(policies)
    assert len(resources(stack, "AWS::IAM::Policy")) == 1


def test_each_key_has_its_own_statements(stack: cdk.Stack) -> None:
    """A parameter under one key lets the function encrypt nothing under another."""
    other = "arn:aws:kms:eu-west-1:111122223333:key/ffffffff-12ab-34cd-56ef-1234567890ab"
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)
    SecureStringParameter(stack, "Api", name="/shop/api", encryption_key=ParameterKey.from_key_arn(other))

    statements = only(stack, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]["Statement"]
    under_key = [each for each in statements if "Condition" in each and each["Resource"] != "*"]
    assert permissions(under_key) == permissions(
        [
            {"Action": ["kms:Encrypt", "kms:GenerateDataKey"], "Resource": key, "Condition": bound_to(name)}
            for key, name in ((KEY_ARN, "/shop/db"), (other, "/shop/api"))
        ]
    )


def test_only_intelligent_tiering_and_adoption_need_the_history(stack: cdk.Stack) -> None:
    """No other call tells tier and key; the history holds old values, so it is asked for where it is needed."""
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)
    SecureStringParameter(
        stack,
        "Old",
        name="/shop/old",
        encryption_key=KEY,
        value=ValueSource.external(),
        adopt_existing=True,
    )
    SecureStringParameter(stack, "Any", name="/shop/any", encryption_key=KEY, tier=Tier.INTELLIGENT_TIERING)

    statements = only(stack, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]["Statement"]
    assert {resource for action, resource, _ in permissions(statements) if action == "ssm:GetParameterHistory"} == {
        json.dumps(arn_of("/shop/any")),
        json.dumps(arn_of("/shop/old")),
    }


def packages(tmp_path: Path) -> set[frozenset[str]]:
    """Synthesize a stack with a secret and the layer; returns the files of each of the two packages."""
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Shop")
    SecureStringParameter(stack, "Db", encryption_key=KEY)
    SecureStringsLayer(stack, "Layer")
    stack.node.root.synth()  # type: ignore[attr-defined]  # the root is the app
    return {
        frozenset(each.relative_to(asset).as_posix() for each in asset.rglob("*") if each.is_file())
        for asset in tmp_path.glob("asset.*")
    }


def test_the_functions_package_holds_core_and_handler_only(tmp_path: Path) -> None:
    """No constructs, no embedded AWS, no compiled files: small, and the same hash on every machine."""
    built = packages(tmp_path)

    tops = {frozenset("/".join(file.split("/")[:-1]) for file in package) for package in built}
    assert tops == {
        frozenset({"ssm_securestring", "ssm_securestring/core", "ssm_securestring/handler"}),
        frozenset({f"python/ssm_securestring{part}" for part in ("", "/core", "/runtime")}),
    }
    assert all(file.endswith(".py") for package in built for file in package)


def test_the_layer_holds_what_the_helper_imports_and_no_more(tmp_path: Path) -> None:
    """Every module that any of its modules imports, even if only inside of a function."""
    (layer,) = (each for each in packages(tmp_path) if any("/runtime/" in file for file in each))

    source_root = Path(__file__).resolve().parents[2] / "constructs"
    assert layer == {f"python/{path.relative_to(source_root).as_posix()}" for path in carried()}
    assert "python/ssm_securestring/core/errors.py" in layer
    assert "python/ssm_securestring/core/policies.py" not in layer


def test_failures_can_be_watched(stack: cdk.Stack) -> None:
    """By what the function writes: it answers failures too, so Lambda's own metric does not count them."""
    provider = SecureStringProvider.of(stack)
    for metric, name in (
        (provider.metric_failures(period=cdk.Duration.minutes(5)), "Failures"),
        (provider.metric_operations(period=cdk.Duration.minutes(5)), "Operations"),
        (provider.metric_throttles(period=cdk.Duration.minutes(5)), "Throttles"),
    ):
        assert (metric.namespace, metric.metric_name, metric.dimensions) == ("SsmSecureString", name, {"Stack": "Shop"})
        assert (metric.statistic, metric.period.to_minutes()) == ("Sum", 5)
    assert isinstance(provider.grant_principal, iam.Role)


def _rendered(document: Any) -> str:  # noqa: ANN401 - a template is JSON
    """Return a policy as IAM counts it, without white space, with the longest values that references can have."""
    if isinstance(document, dict) and set(document) & {"Fn::Join", "Ref", "Fn::GetAtt"}:
        if "Fn::Join" in document:
            return "".join(_rendered(each) for each in document["Fn::Join"][1])
        return "aws-us-gov" if document.get("Ref") == "AWS::Partition" else "x" * 80
    if isinstance(document, dict):
        return "{" + ",".join(f'"{key}":{_quoted(value)}' for key, value in document.items()) + "}"
    if isinstance(document, list):
        return "[" + ",".join(_quoted(each) for each in document) + "]"
    return str(document)


def _quoted(value: Any) -> str:  # noqa: ANN401
    text = _rendered(value)
    return text if text.startswith(("{", "[")) else json.dumps(text)
