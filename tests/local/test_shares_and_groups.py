"""Types of resources that the embedded CloudFormation has from us: resource shares of parameters, groups of users."""

import json
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError, WaiterError

from ssm_securestring.local import EmbeddedAccount, EmbeddedAws
from tests.local.aws import refused

pytestmark = pytest.mark.e2e

WAIT: Final = {"Delay": 1, "MaxAttempts": 60}
READ_ONLY: Final = "arn:aws:ram::aws:permission/AWSRAMDefaultPermissionSSMParameterReadOnly"
WITH_HISTORY: Final = "arn:aws:ram::aws:permission/AWSRAMPermissionSSMParameterReadOnlyWithHistory"


def _deploy(account: EmbeddedAccount, operation: str, **resources: dict[str, Any]) -> None:
    client = account.client("cloudformation")
    # A stack needs a resource, also when the one under test goes.
    all_of_them = {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}, **resources}
    getattr(client, f"{operation}_stack")(
        StackName="s", TemplateBody=json.dumps({"Resources": all_of_them}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    client.get_waiter(f"stack_{operation}_complete").wait(StackName="s", WaiterConfig=WAIT)


def _reasons(account: EmbeddedAccount) -> str:
    events = account.client("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
    return " ".join(each.get("ResourceStatusReason", "") for each in events)


def _share(*parameters: str, principal: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - properties are JSON
    return {
        "Type": "AWS::RAM::ResourceShare",
        "Properties": {"Name": "s", "ResourceArns": list(parameters), "Principals": [principal], **more},
    }


def _parameter(owner: EmbeddedAccount, name: str, **more: Any) -> str:  # noqa: ANN401 - arguments of the API
    owner.client("ssm").put_parameter(Name=name, Value="v", **{"Type": "String", "Tier": "Advanced", **more})
    return f"arn:aws:ssm:{owner.region}:{owner.account}:parameter{name}"


def _readable(reader: EmbeddedAccount, arn: str, operation: str = "get_parameter") -> bool:
    try:
        getattr(reader.client("ssm"), operation)(Name=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


def test_a_share_opens_follows_its_template_and_ends(embedded_aws: EmbeddedAws) -> None:
    """For its accounts and parameters, with what its permission allows, until it leaves the template."""
    owner, reader, third = (embedded_aws.new_account() for _ in range(3))
    one, two = _parameter(owner, "/one"), _parameter(owner, "/two")

    _deploy(owner, "create", Share=_share(one, principal=reader.account))
    assert [_readable(reader, each) for each in (one, two)] == [True, False]
    assert not _readable(reader, one, "get_parameter_history")
    assert not _readable(third, one)

    _deploy(owner, "update", Share=_share(two, principal=reader.account, PermissionArns=[WITH_HISTORY]))
    assert [_readable(reader, each) for each in (one, two)] == [False, True]
    assert _readable(reader, two, "get_parameter_history")

    _deploy(owner, "update", Share=_share(two, principal=third.account, PermissionArns=[READ_ONLY]))
    assert [_readable(each, two) for each in (reader, third)] == [False, True]

    _deploy(owner, "update")
    assert not _readable(third, two)


def test_a_share_can_be_for_one_role(embedded_aws: EmbeddedAws) -> None:
    """Then another role of that account stays outside, whatever it may do at home."""
    owner, reader = embedded_aws.new_account(), embedded_aws.new_account()
    arn = _parameter(owner, "/one")
    iam = reader.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": reader.account}}
    fetch = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
    roles = {}
    for name in ("named", "other"):
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        roles[name] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": [fetch]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)

    _deploy(owner, "create", Share=_share(arn, principal=roles["named"]))

    assert reader.client("ssm", role_arn=roles["named"]).get_parameter(Name=arn)["Parameter"]["Value"] == "v"
    with refused("AccessDeniedException"):
        reader.client("ssm", role_arn=roles["other"]).get_parameter(Name=arn)


def test_a_deleted_parameter_takes_its_share_along(embedded_account: EmbeddedAccount) -> None:
    """The stack can still be deleted; a new parameter of the name is not shared."""
    arn = _parameter(embedded_account, "/one")
    _deploy(embedded_account, "create", Share=_share(arn, principal="999922223333"))
    ssm = embedded_account.client("ssm")
    assert len(ssm.get_resource_policies(ResourceArn=arn)["Policies"]) == 1

    ssm.delete_parameter(Name="/one")
    _parameter(embedded_account, "/one")

    assert ssm.get_resource_policies(ResourceArn=arn)["Policies"] == []
    client = embedded_account.client("cloudformation")
    client.delete_stack(StackName="s")
    client.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig=WAIT)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ResourceArns": ["PLAIN"]}, "Only a parameter of the advanced tier can be shared"),
        ({"ResourceArns": ["GOOD", "GONE"]}, "parameter/gone is not found"),
        ({"ResourceArns": ["arn:aws:s3:::bucket"]}, "bucket is not a parameter, and only parameters can be shared"),
        ({"Principals": ["arn:aws:organizations::1:organization/o"]}, "is neither an account nor a role or user"),
        ({"PermissionArns": ["arn:aws:ram::aws:permission/Other"]}, "Permission Other is not one of"),
        ({"AllowExternalPrincipals": False}, "needs an organization, and there is none here"),
    ],
)
def test_fails_to_share_what_cannot_be_shared(
    embedded_account: EmbeddedAccount, changed: dict[str, Any], reason: str
) -> None:
    """The stack fails with the reason, and nothing stays open."""
    good = _parameter(embedded_account, "/good")
    arns = {"GOOD": good, "PLAIN": _parameter(embedded_account, "/plain", Tier="Standard")}
    arns["GONE"] = good.replace("/good", "/gone")
    share = _share(good, principal="999922223333")
    share["Properties"].update(changed)
    share["Properties"]["ResourceArns"] = [arns.get(each, each) for each in share["Properties"]["ResourceArns"]]

    with pytest.raises(WaiterError):
        _deploy(embedded_account, "create", Share=share)

    assert reason in _reasons(embedded_account)
    assert embedded_account.client("ssm").get_resource_policies(ResourceArn=good)["Policies"] == []


def _group(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 - properties are JSON
    return {"Type": "AWS::IAM::Group", "Properties": properties}


def _inline(name: str, action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def test_a_group_gives_its_policies_to_its_users(embedded_account: EmbeddedAccount) -> None:
    """Inline and managed, through the template's own properties; a user who leaves loses them."""
    iam = embedded_account.client("iam")
    users = {"Type": "AWS::IAM::User", "Properties": {"UserName": "anna"}}
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    one, other = {"Ref": "One"}, {"Ref": "Other"}

    def member_of(group: dict[str, str], *names: str) -> dict[str, Any]:
        return {
            "Type": "AWS::IAM::UserToGroupAddition",
            "DependsOn": "Anna",
            "Properties": {"GroupName": group, "Users": list(names)},
        }

    def groups_of(user: str) -> list[str]:
        return [each["GroupName"].split("-")[1] for each in iam.list_groups_for_user(UserName=user)["Groups"]]

    first = _group(Policies=[_inline("a", "ssm:GetParameter")], ManagedPolicyArns=[managed])
    _deploy(embedded_account, "create", Anna=users, One=first, Other=_group(), In=member_of(one, "anna"))
    (group,) = [each for each in iam.list_groups()["Groups"] if each["GroupName"].startswith("s-One-")]
    name = group["GroupName"]
    assert groups_of("anna") == ["One"]
    assert iam.list_group_policies(GroupName=name)["PolicyNames"] == ["a"]
    attached = iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [managed]

    changed = _group(Policies=[_inline("b", "ssm:GetParameter")])
    _deploy(embedded_account, "update", Anna=users, One=changed, Other=_group(), In=member_of(other, "anna"))
    assert groups_of("anna") == ["Other"]
    assert iam.list_group_policies(GroupName=name)["PolicyNames"] == ["b"]
    assert iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"] == []

    _deploy(embedded_account, "update", Anna=users, Other=_group(GroupName="x-named"), In=member_of(other, "anna"))
    assert groups_of("anna") == ["named"]
    assert [each["GroupName"] for each in iam.list_groups()["Groups"]] == ["x-named"]

    _deploy(embedded_account, "update", Anna=users)
    assert (groups_of("anna"), iam.list_groups()["Groups"]) == ([], [])


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ({"Group": _group(GroupName="taken")}, "taken already exists"),
        (
            {
                "Added": {
                    "Type": "AWS::IAM::UserToGroupAddition",
                    "Properties": {"GroupName": "taken", "Users": ["nobody"]},
                }
            },
            "The user with name nobody cannot be found",
        ),
    ],
)
def test_fails_with_the_reason_of_iam(
    embedded_account: EmbeddedAccount, resources: dict[str, Any], reason: str
) -> None:
    """A name that is taken, and a user that is not there."""
    iam = embedded_account.client("iam")
    iam.create_group(GroupName="taken")

    with pytest.raises(WaiterError):
        _deploy(embedded_account, "create", **resources)

    assert reason in _reasons(embedded_account)
    assert [each["GroupName"] for each in iam.list_groups()["Groups"]] == ["taken"]
