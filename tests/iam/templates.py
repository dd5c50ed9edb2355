"""Templates spelled by hand, and what is read of them."""

from typing import Any

from ssm_securestring.iam.assembly import from_templates
from ssm_securestring.iam.model import Effect, Policy, Statement
from ssm_securestring.iam.reading import read_world
from ssm_securestring.iam.world import Key, Principal, World

ACCOUNT = "111122223333"
IAM = f"arn:aws:iam::{ACCOUNT}"
KEY_ID = "11111111-2222-3333-4444-555555555555"
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY_ID}"
DB = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/shop/db"
OPEN = {"Open": {"Type": "String"}}
NO_DEFAULT = "a parameter without a default is given in the deployment (Shop, Parameters.Open)"


def document(*actions: str) -> dict[str, Any]:
    """Spell out a policy that allows actions on everything."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def policy(place: str, *actions: str) -> Policy:
    """Spell out the same policy as it is read."""
    statement = Statement(effect=Effect.ALLOW, actions=actions, resources=("*",), place=f"{place}, statement 1")
    return Policy(place=place, statements=(statement,))


def role(name: str, **properties: object) -> dict[str, Any]:
    """Spell out a role of a name of its own."""
    return {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, **properties}}


def attached(kind: str, *actions: str, **properties: object) -> dict[str, Any]:
    """Spell out a resource that attaches a policy."""
    return {"Type": f"AWS::IAM::{kind}", "Properties": {"PolicyDocument": document(*actions), **properties}}


def world_of(resources: dict[str, Any], **sections: object) -> World:
    """Read one stack."""
    return read_world(from_templates({"Shop": {"Resources": resources, **sections}}))


def only(world: World) -> Principal:
    """Return the one principal."""
    (principal,) = world.principals
    return principal


def by_name(world: World, name: str) -> Principal:
    """Return the principal of a name."""
    (found,) = [each for each in world.principals if each.name == name]
    return found


def key_of(world: World) -> Key:
    """Return the one key."""
    (key,) = world.keys
    return key
