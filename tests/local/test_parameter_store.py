"""The rules of Parameter Store, through its API: names, types, sizes, tiers, versions, labels, tags, pages, filters."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.aws import Account, recorded, refused

TIER_SETTING = "/ssm/parameter-store/default-parameter-tier"


@pytest.fixture
def put(root: Account) -> Callable[..., Any]:
    """Puts a String unless told otherwise."""

    def call(name: str, value: str = "v", **more: Any) -> Any:  # noqa: ANN401 - any parameter of PutParameter
        return root.ssm.put_parameter(**{"Name": name, "Value": value, "Type": "String", **more})

    return call


@pytest.mark.parametrize(
    ("bad", "code", "text"),
    [
        ("shop/db", "ValidationException", "Parameter name must be a fully qualified name."),
        ("awsfoo", "ValidationException", 'can\'t be prefixed with "aws" or "ssm"'),
        ("SSMfoo", "ValidationException", 'can\'t be prefixed with "aws" or "ssm"'),
        ("/ssm/x", "ValidationException", 'can\'t be prefixed with "ssm"'),
        ("/aws/x", "AccessDeniedException", "No access to reserved parameter name: /aws/x."),
        ("/a b", "ValidationException", "3 symbols .-_"),
        ("/a//b", "ValidationException", "3 symbols .-_"),
        ("/a/", "ValidationException", "3 symbols .-_"),
        ("/a" * 16, "HierarchyLevelLimitExceededException", "15 levels"),
        ("/" + "a" * 1000, "ValidationException", ""),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/x", "ValidationException", "must not be an ARN"),
    ],
)
def test_fails_with_a_bad_name(put: Callable[..., Any], bad: str, code: str, text: str) -> None:
    """Each naming rule is refused with AWS's code."""
    with refused(code) as message:
        put(bad)
    assert text in message[0]


def test_name_with_and_without_slash_is_the_same_parameter(root: Account, put: Callable[..., Any]) -> None:
    """A name of one level may be written either way; the ARN has one slash."""
    put("OneLevel")

    with refused("ParameterAlreadyExists"):
        put("/OneLevel")
    assert put("/OneLevel", "w", Overwrite=True)["Version"] == 2
    found = root.ssm.get_parameter(Name="/OneLevel")["Parameter"]
    assert (found["Name"], found["Value"]) == ("OneLevel", "w")
    assert found["ARN"] == "arn:aws:ssm:eu-west-1:111122223333:parameter/OneLevel"
    assert root.ssm.get_parameter(Name=found["ARN"])["Parameter"]["Version"] == 2
    root.ssm.delete_parameter(Name="/OneLevel")
    with refused("ParameterNotFound"):
        root.ssm.get_parameter(Name="OneLevel")


@pytest.mark.parametrize(("tier", "size"), [("Standard", 4096), ("Advanced", 8192)])
@pytest.mark.parametrize("kind", ["String", "SecureString"])
def test_value_may_have_exactly_the_bytes_of_its_tier(
    root: Account, name: str, put: Callable[..., Any], tier: str, size: int, *, kind: str
) -> None:
    """4,096 and 8,192 bytes are stored; one more is refused, also if it is the second byte of a character."""
    put(name, "x" * size, Type=kind, Tier=tier)

    assert len(root.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]) == size
    for value in ("x" * (size + 1), "x" * (size - 1) + "é"):
        with refused("ValidationException") as message:
            put(name, value, Type=kind, Tier=tier, Overwrite=True)
        assert f"maximum parameter value of {size} characters" in message[0]
        assert value not in message[0]


def test_intelligent_tiering_answers_with_the_tier_it_chose(name: str, put: Callable[..., Any]) -> None:
    """Standard while that will do, advanced when size or data type need it, and then for good."""
    assert put(name, Tier="Intelligent-Tiering")["Tier"] == "Standard"
    assert put(f"{name}2", Tier="Intelligent-Tiering", DataType="json")["Tier"] == "Advanced"
    assert put(name, "x" * 4097, Tier="Intelligent-Tiering", Overwrite=True)["Tier"] == "Advanced"
    assert put(name, Tier="Intelligent-Tiering", Overwrite=True)["Tier"] == "Advanced"


@pytest.fixture
def default_tier(root: Account) -> Iterator[Callable[[str], None]]:
    """Sets the account's default tier, and sets it back."""

    def choose(tier: str) -> None:
        root.ssm.update_service_setting(SettingId=TIER_SETTING, SettingValue=tier)

    yield choose
    root.ssm.reset_service_setting(SettingId=TIER_SETTING)


def test_omitted_tier_follows_the_accounts_setting(
    name: str, put: Callable[..., Any], default_tier: Callable[[str], None]
) -> None:
    """Without Tier the account's default decides; what is advanced stays so."""
    assert put(f"{name}-a")["Tier"] == "Standard"
    default_tier("Advanced")
    assert put(f"{name}-b")["Tier"] == "Advanced"
    default_tier("Standard")
    assert put(f"{name}-b", Overwrite=True)["Tier"] == "Advanced"


def test_fails_to_break_the_rules_of_put(root: Account, name: str, put: Callable[..., Any]) -> None:
    """Type on create, no silent overwrite, no tags with overwrite, patterns, references, types that stay."""
    with refused("ValidationException") as message:
        root.ssm.put_parameter(Name=name, Value="v")
    assert message == ["A parameter type is required when you create a parameter."]
    put(name, AllowedPattern=r"[a-z]{1,4}", Description="d")
    with refused("ParameterAlreadyExists"):
        put(name)
    with refused("ValidationException") as message:
        put(f"{name}2", Overwrite=True, Tags=[{"Key": "a", "Value": "b"}])
    assert message[0].startswith("Invalid request: tags and overwrite can't be used together.")
    with refused("ParameterPatternMismatchException") as message:
        put(name, "NOTLOWER", Overwrite=True)
    assert "NOTLOWER" not in message[0]
    with refused("InvalidAllowedPatternException"):
        put(f"{name}2", AllowedPattern="(")
    with refused("ValidationException"):
        put(f"{name}2", "{{ssm:other}}")
    with refused("HierarchyTypeMismatchException"):
        put(name, Type="SecureString", Overwrite=True)
    with refused("ValidationException"):
        put(f"{name}2", DataType="poem")
    with refused("ValidationException"):
        put(f"{name}2", KeyId="alias/aws/ssm")
    kept = root.ssm.put_parameter(Name=name, Value="w", Overwrite=True)
    assert kept["Version"] == 2
    shown = root.ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"][0]
    assert (shown["Description"], shown["AllowedPattern"], shown["Type"]) == ("d", "[a-z]{1,4}", "String")


def test_versions_and_labels_select_what_is_read(root: Account, name: str, put: Callable[..., Any]) -> None:
    """A version is read by number or label; a label moves; a label that breaks a rule comes back as invalid."""
    for value in ("one", "two", "three"):
        put(name, value, Overwrite=True)

    root.ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["prod"])
    moved = root.ssm.label_parameter_version(Name=name, Labels=["prod", "aws-no", "1no"])

    assert (sorted(moved["InvalidLabels"]), moved["ParameterVersion"]) == (["1no", "aws-no"], 3)
    assert root.ssm.get_parameter(Name=f"{name}:2")["Parameter"]["Value"] == "two"
    labelled = root.ssm.get_parameter(Name=f"{name}:prod")["Parameter"]
    assert (labelled["Value"], labelled["Selector"]) == ("three", ":prod")
    with refused("ParameterVersionNotFound"):
        root.ssm.get_parameter(Name=f"{name}:9")
    removed = root.ssm.unlabel_parameter_version(Name=name, ParameterVersion=3, Labels=["prod", "none"])
    assert (removed["RemovedLabels"], removed["InvalidLabels"]) == (["prod"], ["none"])


def test_a_hundred_versions_are_kept_unless_the_oldest_has_a_label(
    root: Account, name: str, put: Callable[..., Any]
) -> None:
    """The 101st version drops the first; a labelled first version refuses it."""
    for _ in range(101):
        put(name, Overwrite=True)
    versions = [
        each["Version"]
        for page in root.ssm.get_paginator("get_parameter_history").paginate(Name=name)
        for each in page["Parameters"]
    ]
    assert versions == list(range(2, 102))
    root.ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["keep"])
    with refused("ParameterMaxVersionLimitExceeded"):
        put(name, Overwrite=True)


def test_several_names_come_back_in_order_with_the_missing_ones_listed(
    root: Account, name: str, put: Callable[..., Any]
) -> None:
    """GetParameters takes ten names, sorts what it finds and lists what it does not."""
    for letter in "ba":
        put(f"{name}-{letter}")

    answer = root.ssm.get_parameters(Names=[f"{name}-b", f"{name}-none", f"{name}-a"])

    assert [each["Name"] for each in answer["Parameters"]] == [f"{name}-a", f"{name}-b"]
    assert answer["InvalidParameters"] == [f"{name}-none"]
    deleted = root.ssm.delete_parameters(Names=[f"{name}-a", f"{name}-none"])
    assert (deleted["DeletedParameters"], deleted["InvalidParameters"]) == ([f"{name}-a"], [f"{name}-none"])
    with refused("ValidationException"):
        root.ssm.get_parameters(Names=[f"{name}{number}" for number in range(11)])


def test_path_reads_its_level_or_everything_below_ten_at_a_time(
    root: Account, name: str, put: Callable[..., Any]
) -> None:
    """A path is one level deep unless recursive, and comes in pages of ten."""
    for number in range(12):
        put(f"{name}/p{number:02}")
    put(f"{name}/deep/er", Type="SecureString")

    first = root.ssm.get_parameters_by_path(Path=name)
    second = root.ssm.get_parameters_by_path(Path=name, NextToken=first["NextToken"])
    below = root.ssm.get_paginator("get_parameters_by_path").paginate(Path=name, Recursive=True, WithDecryption=True)

    assert [len(first["Parameters"]), len(second["Parameters"])] == [10, 2]
    assert "NextToken" not in second
    assert sum(len(page["Parameters"]) for page in below) == 13
    secure = root.ssm.get_parameters_by_path(
        Path=name, Recursive=True, ParameterFilters=[{"Key": "Type", "Values": ["SecureString"]}]
    )
    assert [each["Name"] for each in secure["Parameters"]] == [f"{name}/deep/er"]
    with refused("ValidationException"):
        root.ssm.get_parameters_by_path(Path="no/slash")
    with refused("InvalidNextToken"):
        root.ssm.get_parameters_by_path(Path=name, NextToken="made up")
    with refused("InvalidFilterKey"):
        root.ssm.get_parameters_by_path(Path=name, ParameterFilters=[{"Key": "Name", "Values": ["x"]}])


@pytest.mark.parametrize(
    ("key", "option", "value", "found"),
    [
        ("Name", "Equals", "{name}/a", ["a"]),
        ("Name", "BeginsWith", "{name}/", ["a", "b/c"]),
        ("Name", "Contains", "{name}/b", ["b/c"]),
        ("Path", "OneLevel", "{name}", ["a"]),
        ("Path", "Recursive", "{name}", ["a", "b/c"]),
        ("tag:team", "Equals", "{name}", ["a"]),
    ],
)
def test_describe_filters(
    root: Account, name: str, put: Callable[..., Any], key: str, *, option: str, value: str, found: list[str]
) -> None:
    """DescribeParameters admits what passes its filter, and never shows a value."""
    put(f"{name}/a", "visible?", Tags=[{"Key": "team", "Value": name}])
    put(f"{name}/b/c")

    answer = root.ssm.describe_parameters(
        ParameterFilters=[{"Key": key, "Option": option, "Values": [value.format(name=name)]}]
    )

    assert [each["Name"] for each in answer["Parameters"]] == [f"{name}/{each}" for each in found]
    assert "Value" not in answer["Parameters"][0]


def test_tags_are_added_listed_and_removed(root: Account, name: str, put: Callable[..., Any]) -> None:
    """Tags of a parameter live and die with it."""
    put(name, Tags=[{"Key": "a", "Value": "1"}])
    root.ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=[{"Key": "b", "Value": "2"}])
    root.ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=["a"])

    listed = root.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]

    assert listed == [{"Key": "b", "Value": "2"}]
    root.ssm.delete_parameter(Name=name)
    with refused("InvalidResourceId"):
        root.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
    put(name)
    assert root.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"] == []


def _policy(kind: str, **attributes: str) -> dict[str, Any]:
    return {"Type": kind, "Version": "1.0", "Attributes": attributes}


def test_policies_are_for_advanced_parameters_and_expiration_deletes(
    root: Account, name: str, put: Callable[..., Any]
) -> None:
    """Policies are kept until others are sent; an Expiration in the past has deleted the parameter."""
    later = json.dumps([_policy("Expiration", Timestamp="2099-12-02T21:34:33.000Z")])
    with refused("ValidationException"):
        put(name, Tier="Standard", Policies=later)
    put(name, Tier="Advanced", Policies=later)
    put(name, Overwrite=True)

    shown = root.ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"][0]
    assert [each["PolicyType"] for each in shown["Policies"]] == ["Expiration"]
    put(name, Overwrite=True, Policies="[{}]")
    shown = root.ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"][0]
    assert shown["Policies"] == []
    put(name, Overwrite=True, Policies=json.dumps([_policy("Expiration", Timestamp="2001-01-01T00:00:00Z")]))
    with refused("ParameterNotFound"):
        root.ssm.get_parameter(Name=name)


@pytest.mark.parametrize(
    ("policies", "code"),
    [
        ([_policy("Poem")], "InvalidPolicyTypeException"),
        ([_policy("Expiration")], "InvalidPolicyAttributeException"),
        ([_policy("Expiration", Timestamp="soon")], "InvalidPolicyAttributeException"),
        ([_policy("NoChangeNotification", After="x", Unit="Days")], "InvalidPolicyAttributeException"),
        ([_policy("Expiration", Timestamp="2099-01-01T00:00:00Z")] * 2, "IncompatiblePolicyException"),
        ([_policy("NoChangeNotification", After="1", Unit="Days")] * 11, "PoliciesLimitExceededException"),
        ({}, "ValidationException"),
    ],
)
def test_fails_with_malformed_policies(name: str, put: Callable[..., Any], policies: object, code: str) -> None:
    """Each fault of a policy has AWS's error."""
    with refused(code):
        put(name, Tier="Advanced", Policies=json.dumps(policies))


def test_a_refused_put_changes_nothing(root: Account, name: str, key: str, put: Callable[..., Any]) -> None:
    """When KMS refuses, no version, tag or parameter appears."""
    root.kms.disable_key(KeyId=key)

    with recorded(root.aws) as trail, refused("InvalidKeyId"):
        put(name, Type="SecureString", KeyId=key, Tags=[{"Key": "a", "Value": "b"}])

    assert [(each.event_name, each.error_code) for each in trail] == [
        ("PutParameter", "InvalidKeyId"),
        ("Encrypt", "DisabledException"),
    ]
    with refused("ParameterNotFound"):
        root.ssm.get_parameter(Name=name)


def _send(account: Account, service: str, target: str, body: bytes) -> tuple[int, bytes]:
    request = AWSRequest(
        "POST",
        account.aws.endpoint_url,
        data=body,
        headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"},
    )
    SigV4Auth(Credentials("test", "test"), service, account.aws.region).add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    return answer.status_code, answer.content


_FIELDS = [
    *("Name", "Names", "Value", "Type", "KeyId", "Tier", "Overwrite", "Tags", "TagKeys", "Policies", "AllowedPattern"),
    *("DataType", "Description", "Path", "Recursive", "WithDecryption", "MaxResults", "NextToken", "ParameterFilters"),
    *("Filters", "Labels", "ParameterVersion", "ResourceType", "ResourceId", "Plaintext", "CiphertextBlob"),
    *("EncryptionContext", "AliasName", "TargetKeyId", "DestinationKeyId", "NumberOfBytes", "KeySpec", "Policy"),
    *("ResourceArn", "Operations", "GranteePrincipal", "Constraints", "PendingWindowInDays", "Name"),
]
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["/a", "String", "alias/aws/ssm", "arn:aws:ssm:eu-west-1:444455556666:parameter/a", "arn:"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    target=st.sampled_from(
        [
            *("AmazonSSM.PutParameter", "AmazonSSM.GetParameter", "AmazonSSM.GetParameters"),
            *("AmazonSSM.GetParametersByPath", "AmazonSSM.DescribeParameters", "AmazonSSM.GetParameterHistory"),
            *("AmazonSSM.AddTagsToResource", "AmazonSSM.LabelParameterVersion", "AmazonSSM.DeleteParameters"),
            *("TrentService.Encrypt", "TrentService.Decrypt", "TrentService.ReEncrypt", "TrentService.CreateAlias"),
            *("TrentService.GenerateDataKey", "TrentService.DescribeKey", "TrentService.PutKeyPolicy"),
            *("TrentService.CreateKey", "TrentService.CreateGrant", "TrentService.ScheduleKeyDeletion"),
            *("AmazonSSM.PutResourcePolicy", "AmazonSSM.GetResourcePolicies", "AmazonSSM.DeleteParameter"),
        ]
    ),
    body=st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=6).map(lambda data: json.dumps(data).encode())
    | st.binary(max_size=20),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fails_cleanly_on_any_malformed_request(root: Account, target: str, body: bytes) -> None:
    """Whatever is sent, the answer is one of AWS's form and never a fault of the engine."""
    service = "ssm" if target.startswith("AmazonSSM") else "kms"

    status, answer = _send(root, service, target, body)

    assert status in (200, 400), (status, answer)
    assert isinstance(json.loads(answer), dict)


@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(.*a){20}$", "((a{0,99}){0,99}){0,99}$"])
def test_fails_soon_with_a_pattern_that_would_never_end(root: Account, name: str, pattern: str) -> None:
    """A pattern that backtracks without end is refused instead of stopping the engine."""
    with refused("InvalidAllowedPatternException") as message:
        root.ssm.put_parameter(Name=name, Value="a" * 4000 + "!", Type="String", AllowedPattern=pattern)

    assert "takes too long" in message[0]
