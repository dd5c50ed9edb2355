"""Each rule finds what it is for, and nothing in what should have been written instead."""

import pytest

from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.rules import RULES, Resource, check
from tests.iam.samples import (
    BOUND,
    BREAKS,
    CONTEXT,
    FOUND,
    KEEPS,
    KEY,
    PARAMETERS,
    PASSWORD,
    READ,
    ROOT,
    USE,
    VIA,
    function,
    inverted,
    key,
    policy,
    resource,
    statement,
)

RULE_IDS = [each.rule_id for each in RULES]
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"  # AWS's own example of one


def broken(*resources: Resource) -> list[str]:
    """Return the ids of the rules that these break, in order."""
    return [each.rule.rule_id for each in check(resources)]


def test_every_rule_has_its_examples() -> None:
    """A new rule comes with one resource that keeps it and one that breaks it."""
    assert sorted(KEEPS) == sorted(BREAKS) == sorted(FOUND) == sorted(RULE_IDS)
    assert len(set(RULE_IDS)) == len(RULE_IDS)


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_a_rule_finds_its_violation_and_says_where(rule_id: str) -> None:
    """The violating example breaks this rule and no other."""
    (finding,) = check([BREAKS[rule_id]])

    assert (finding.rule.rule_id, (finding.problem.location, finding.problem.text)) == (rule_id, FOUND[rule_id])


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_what_should_have_been_written_breaks_no_rule(rule_id: str) -> None:
    """The compliant example breaks neither this rule nor another one."""
    assert broken(KEEPS[rule_id]) == []


FOREIGN = "arn:aws:iam::444455556666:root"
TREE = f"{PARAMETERS}/shop/*"
ALSO_BREAKS = [
    ("secret-in-parameter", resource("AWS::SSM::Parameter", Name="/shop/mail", Type="String", Value=ACCESS_KEY)),
    ("secret-in-environment", function(SETTINGS="-----BEGIN RSA PRIVATE KEY-----\nMIIE")),
    ("secret-in-environment", function(DATABASE_URL="postgres://shop:hunter2@db.example:5432/shop")),
    ("secret-in-environment", function(SIGNING="mN4vQ8rT2xY6zA0bC3dE7fG9hJ1kL5pS")),
    (
        "secret-in-environment",
        resource(
            "AWS::ECS::TaskDefinition",
            ContainerDefinitions=[{"Environment": [{"Name": "ApiKey", "Value": "hunter2"}]}],
        ),
    ),
    ("unresolved-secure-reference", resource("Custom::Thing", Nested=[{"A": "x{{resolve:ssm-secure:/a}}"}])),
    ("read-all-parameters", policy(statement("ssm:Get*", "*"))),
    ("read-all-parameters", policy(statement("ssm:GetParametersByPath", f"{PARAMETERS}/"))),
    ("history-by-wildcard", policy(statement("ssm:*", PASSWORD))),
    (
        "ancestor-path",
        policy(
            statement("ssm:GetParametersByPath", f"{PARAMETERS}/shop"),
            statement("ssm:GetParameter*", f"{PARAMETERS}/shop/db/*", Effect="Deny"),
        ),
    ),
    ("unknown-action", policy(statement("ssm:GetParamter*", PASSWORD, Effect="Deny"))),
    ("inverted-allow", key(inverted(statement("kms:ScheduleKeyDeletion", "*", BOUND, Principal=ROOT), "Action"))),
    ("malformed-parameter-arn", policy(statement("ssm:GetParameter", f"{PARAMETERS}shop"))),
    ("malformed-parameter-arn", policy(statement("ssm:GetParameter", "arn:aws:ssm:::parameter/shop"))),
    ("malformed-parameter-arn", policy(statement("kms:Decrypt", KEY, {"StringEquals": {CONTEXT: "/shop/db"}}))),
    ("wrong-partition", policy(statement("kms:Decrypt", KEY.replace("arn:aws:", "arn:aws-us-gov:"), BOUND))),
    ("cut-word", policy(statement("kms:Decrypt", KEY, {"StringLike": {CONTEXT: f"{PARAMETERS}/shop/d*"}}))),
    (
        "wildcard-under-string-equals",
        policy(
            statement(
                "kms:Decrypt", KEY, {"StringEquals": {"kms:ViaService": "ssm.*.amazonaws.com", CONTEXT: PASSWORD}}
            )
        ),
    ),
    (
        "set-operator-on-context",
        policy(
            statement(
                "kms:Decrypt",
                KEY,
                {**BOUND, "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["PARAMETER_ARN"]}},
            )
        ),
    ),
    (
        "set-operator-on-context",
        policy(
            statement("kms:Decrypt", KEY, {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "aws:s3:arn"}})
        ),
    ),
    (
        "optional-condition",
        policy(statement("kms:Decrypt", KEY, {"StringEquals": {CONTEXT: PASSWORD}, "StringEqualsIfExists": VIA})),
    ),
    (
        "aws-managed-key-granted",
        policy(
            statement(
                "kms:Decrypt",
                "arn:aws:kms:*:*:key/*",
                {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ssm"}},
            )
        ),
    ),
    (
        "alias-as-resource",
        policy(statement("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:alias/aws/ssm", Effect="Deny")),
    ),
    ("decrypt-under-any-key", policy(statement("*", "arn:aws:kms:eu-west-1:111122223333:key/*"))),
    ("decrypt-without-context", policy(statement("kms:Decrypt", KEY, {"StringEquals": VIA}))),
    (
        "key-open-to-everyone",
        key(statement("kms:Encrypt", "*", {"StringLike": {"aws:PrincipalArn": "*"}}, Principal="*")),
    ),
    ("key-open-to-everyone", key(statement("kms:Encrypt", "*", NotPrincipal={"AWS": FOREIGN}))),
    (
        "key-open-to-everyone",
        key(
            statement(
                "kms:Encrypt", "*", {"StringEqualsIfExists": {"kms:CallerAccount": "111122223333"}}, Principal="*"
            )
        ),
    ),
    ("asymmetric-key", key(USE, KeyUsage="SIGN_VERIFY")),
]


BREAKS_SEVERAL = {
    "everything but iam": (
        policy(inverted(statement("iam:*", "*"), "Action")),
        ["read-all-parameters", "decrypt-under-any-key"],
    ),
    "any key, not through another service": (
        policy(statement("kms:Decrypt", "*", {"StringNotEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})),
        ["negated-condition", "decrypt-under-any-key"],
    ),
}


@pytest.mark.parametrize(("violating", "rule_ids"), BREAKS_SEVERAL.values(), ids=BREAKS_SEVERAL.keys())
def test_one_mistake_may_break_several_rules(violating: Resource, rule_ids: list[str]) -> None:
    """Each says another thing about it."""
    assert broken(violating) == rule_ids


@pytest.mark.parametrize(("rule_id", "violating"), ALSO_BREAKS)
def test_a_rule_finds_the_other_forms_of_its_violation(rule_id: str, violating: Resource) -> None:
    """The same mistake, written in another way."""
    assert broken(violating) == [rule_id]


KEEP_ALL = {
    "a value that somebody else sets": resource(
        "AWS::SSM::Parameter", Name="/shop/db/password", Type="String", Value="change-me"
    ),
    "what is about a secret": function(
        SECRET_ARN="arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop",
        TOKEN_URL="https://auth.example/token",
        PASSWORD_LENGTH="40",
        MAX_TOKENS="4096",
        CERTIFICATE_SHA256="mN4vQ8rT2xY6zA0bC3dE7fG9hJ1kL5pS",
        COMMIT="0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
        REFERENCE="{{resolve:secretsmanager:shop:SecretString:password}}",
    ),
    "a key for something else": policy(statement("kms:Decrypt", KEY)),
    "any key, through another service": policy(
        statement("kms:Decrypt", "*", {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})
    ),
    "any key of an alias": policy(
        statement("kms:Decrypt", "*", {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/shop"}})
    ),
    "the CDK's own grant on a parameter of type String": policy(
        statement(
            ["ssm:DescribeParameters", "ssm:GetParameters", "ssm:GetParameter", "ssm:GetParameterHistory"], PASSWORD
        )
    ),
    "the CDK's own key policy": key(statement("kms:*", "*", Principal=ROOT)),
    "one account's own key, shared with another for one parameter": key(
        statement("kms:*", "*", Principal=ROOT), statement("kms:Decrypt", "*", BOUND, Principal={"AWS": FOREIGN})
    ),
    "other resources of Systems Manager": policy(
        statement("ssm:SendCommand", "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"),
        statement("ssm:StartSession", "arn:aws:ssm:*:*:managed-instance/*"),
    ),
    "parameters that AWS publishes": policy(
        statement("ssm:GetParameter*", "arn:aws:ssm:eu-west-1::parameter/aws/service/ami-amazon-linux-latest/al2023*")
    ),
    "the keys of another service's context": policy(
        statement(
            "kms:Decrypt",
            KEY,
            {
                "StringEquals": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::bucket"},
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["aws:s3:arn"]},
            },
        )
    ),
    "another service, or directly": policy(
        statement("kms:Decrypt", KEY, {"StringEqualsIfExists": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})
    ),
    "parameters by tag": policy(
        statement("ssm:GetParameter", f"{PARAMETERS}/*", {"StringEquals": {"aws:ResourceTag/team": "shop"}})
    ),
    "a pattern that ends where a word ends": policy(statement("ssm:GetParameter", f"{PARAMETERS}/shop/db-*")),
    "a Deny of everything": policy(
        statement("ssm:GetParameter*", "*", Effect="Deny"), statement("kms:*", "*", Effect="Deny")
    ),
    "every alias of the account for its administrator": policy(
        statement("kms:*Alias", ["arn:aws:kms:eu-west-1:111122223333:alias/*", KEY])
    ),
    "an asymmetric key for something else": key(
        statement("kms:*", "*", Principal=ROOT), KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"
    ),
    "a policy variable": policy(
        READ,
        statement(
            "kms:Decrypt",
            KEY,
            {
                "StringLike": {CONTEXT: f"{PARAMETERS}/${{aws:PrincipalTag/team}}/*"},
                "StringEquals": {"kms:ViaService": "${aws:PrincipalTag/via}", "kms:CallerAccount": "${aws:username}"},
            },
        ),
        statement("kms:Decrypt", KEY, {"StringEquals": {CONTEXT: "${aws:PrincipalTag/parameter}"}}),
        statement("kms:Decrypt", KEY, {"StringEquals": {CONTEXT: f"{PARAMETERS}/shop/${{*}}"}}),
    ),
    "a statement that IAM refuses": policy({"Effect": "Allow", "Action": "kms:Decrypt"}),
    "a resource without properties of interest": resource("AWS::IAM::Policy"),
}


@pytest.mark.parametrize("resource_", KEEP_ALL.values(), ids=KEEP_ALL.keys())
def test_what_is_meant_is_no_finding(resource_: Resource) -> None:
    """Common and right, and similar to what a rule is about."""
    assert broken(resource_) == []


def unknown(pattern: str = "*") -> Unknown:
    """A text that is not known before the deployment."""
    return Unknown(place="Shop/Resource", reason="Fn::ImportValue of another app", pattern=pattern)


@pytest.mark.parametrize(
    "resource_",
    [
        resource("AWS::SSM::Parameter", Name="/shop/db/password", Type="String", Value=unknown()),
        resource("AWS::SSM::Parameter", Name="/shop/mode", Type=unknown(), Value="on"),
        function(DB_PASSWORD=unknown()),
        policy(statement(unknown(), "*")),
        policy(statement("ssm:GetParameter", unknown())),
        policy(statement("ssm:GetParameter", unknown(f"{PARAMETERS}/*"))),
        policy(statement("ssm:GetParameter", unknown(f"{PARAMETERS}/shop/db*"))),
        policy(statement("kms:Decrypt", unknown("arn:aws:kms:*"))),
        policy(statement("kms:Decrypt", KEY, {"StringEquals": {CONTEXT: unknown()}})),
        policy(statement("kms:Decrypt", "*", {"StringEquals": {"kms:ViaService": unknown(), CONTEXT: PASSWORD}})),
        key(statement("kms:*", "*", Principal={"AWS": unknown()})),
        key(USE, KeySpec=unknown()),
    ],
)
def test_what_is_not_known_yet_breaks_no_rule(resource_: Resource) -> None:
    """It may turn out to be right."""
    assert broken(resource_) == []


@pytest.mark.parametrize(
    ("rule_id", "resource_"),
    [
        ("malformed-parameter-arn", policy(statement("ssm:GetParameter", unknown(f"{PARAMETERS}//*")))),
        ("wrong-partition", policy(statement("ssm:GetParameter", unknown("arn:aws-cn:ssm:eu-west-1:*:parameter/*")))),
        ("alias-as-resource", policy(statement("kms:Decrypt", unknown("arn:aws:kms:eu-west-1:*:alias/*"), BOUND))),
        (
            "via-service-never-matches",
            policy(
                statement(
                    "kms:Decrypt",
                    KEY,
                    {"StringEquals": {"kms:ViaService": unknown("ssm.*.amazonaws.com.cn"), CONTEXT: PASSWORD}},
                )
            ),
        ),
        ("decrypt-without-context", policy(READ, statement("kms:Decrypt", unknown()))),
        ("secret-in-environment", function(DATABASE_URL=unknown("postgres://shop:hunter2@*:5432/shop"))),
        ("unresolved-secure-reference", function(DB=unknown("{{resolve:ssm-secure:*}}"))),
    ],
)
def test_what_is_wrong_whatever_it_turns_out_to_be_is_found(rule_id: str, resource_: Resource) -> None:
    """The part that is known is enough."""
    assert broken(resource_) == [rule_id]


def test_a_policy_within_a_role_is_read() -> None:
    """Inline policies of roles, users and groups count as policies of their own, and say which one they are."""
    document = {"Version": "2012-10-17", "Statement": statement("ssm:GetParameter*", PASSWORD)}
    (finding,) = check([resource("AWS::IAM::Role", Policies=[{"PolicyName": "Read", "PolicyDocument": document}])])

    assert finding.rule.rule_id == "history-by-wildcard"
    assert finding.problem.location == "Properties/Policies/0/PolicyDocument/Statement/Action"


def test_a_finding_never_repeats_a_value() -> None:
    """What looks like a secret is named, not shown."""
    findings = check([function(DB_PASSWORD="hunter2", KEY=ACCESS_KEY, URL="postgres://shop:hunter2@db.example")])

    assert len(findings) == 3
    for each in findings:
        assert "hunter2" not in f"{each} {each!r}"
        assert ACCESS_KEY not in f"{each} {each!r}"


def test_a_finding_says_where_and_what_in_one_line() -> None:
    """Without a construct path, it names the stack and the logical id."""
    (finding,) = check([policy(statement("ssm:GetParameter*", PASSWORD))])

    assert str(finding) == (
        "Shop/Resource: history-by-wildcard at Properties/PolicyDocument/Statement/0/Action: "
        "'ssm:GetParameter*' includes ssm:GetParameterHistory"
    )


def test_every_rule_says_why_what_to_do_and_who_says_so() -> None:
    """Each text is there, and the source is a page of AWS."""
    for each in RULES:
        assert each.title[0].isupper() or each.title.startswith(("kms:", "ssm:")), each.rule_id
        assert each.reason, each.rule_id
        assert each.fix, each.rule_id
        assert "Guide, '" in each.source or "Reference, '" in each.source, each.rule_id


def test_a_reference_is_no_literal_whatever_it_comes_to() -> None:
    """The name that stands for a resource which does not exist yet is not a value that somebody wrote."""
    resolved = {"Environment": {"Variables": {"DB_PASSWORD": "Shop-Password-4GQ7", "DB": "x"}}}
    written = {"Environment": {"Variables": {"DB_PASSWORD": {"Ref": "Password"}, "DB": {"Fn::Join": ["", ["x"]]}}}}
    referring = Resource(
        stack="Shop", logical_id="Orders", type="AWS::Lambda::Function", properties=resolved, written=written
    )

    assert broken(referring) == []


def test_a_secure_reference_is_found_within_a_function_of_the_template() -> None:
    """The place is the property, not the argument of the function."""
    written = {
        "Environment": {"Variables": {"DB": {"Fn::Join": ["", ["{{resolve:ssm-secure:", {"Ref": "Name"}, "}}"]]}}}
    }
    (finding,) = check(
        [Resource(stack="Shop", logical_id="Orders", type="AWS::Lambda::Function", properties={}, written=written)]
    )

    assert finding.problem.location == "Properties/Environment/Variables/DB"


def test_a_statement_that_iam_refuses_does_not_hide_what_is_wrong_with_the_next() -> None:
    """Each statement is read by itself."""
    refused = {"Effect": "Perhaps", "Action": "kms:Decrypt", "Resource": KEY}
    (finding,) = check([policy(refused, statement("ssm:GetParameter*", PASSWORD))])

    assert finding.problem.location == "Properties/PolicyDocument/Statement/1/Action"
