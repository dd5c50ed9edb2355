"""Ways to break a good template, each with what has to be found in it.

A mutation changes the template of ``tests/iam/good_app.py`` in place. What it expects is a kind of finding of the proof
(``EXTRA``: somebody may do more than was granted; ``MISSING``: somebody may not do what was granted; ``OPEN``: an
administrator of the account may, who may do anything that IAM alone can allow) or the id of a rule; each of them has to
be found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.iam.editing import (
    CONTEXT,
    Template,
    add_key_statement,
    add_statement,
    bind,
    key,
    key_arn,
    key_statement,
    logical_id,
    policy,
    statement,
    statements,
    use,
)

EXTRA: Final = "EXTRA"
MISSING: Final = "MISSING"
OPEN: Final = "OPEN"

PARAMETERS: Final = "arn:aws:ssm:eu-west-1:111122223333:parameter"
FOREIGN_ROOT: Final = "arn:aws:iam::444455556666:root"
OWN_ROOT: Final = "arn:aws:iam::111122223333:root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One way to break a template.

    Args:
        name: What somebody did.
        change: Does it.
        proof: Kinds of findings that the proof has to make.
        rules: Ids of the rules that find it without a proof.
    """

    name: str
    change: Callable[[Template], None]
    proof: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


MUTATIONS: Final[list[Mutation]] = []


def mutation(name: str, *, proof: tuple[str, ...] = (), rules: tuple[str, ...] = ()) -> Callable[..., None]:
    """Enter a function into the table."""

    def entered(change: Callable[[Template], None]) -> None:
        MUTATIONS.append(Mutation(name=name, change=change, proof=proof, rules=rules))

    return entered


# Actions


@mutation("a typo in kms:Decrypt", proof=(MISSING,), rules=("unknown-action",))
def _(template: Template) -> None:
    statement(template, "Reader", "kms:Decrypt")["Action"] = "kms:Decrpyt"


@mutation("a typo in ssm:GetParameter", proof=(MISSING,), rules=("unknown-action",))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Action"] = ["ssm:GetParamter", "ssm:GetParameters"]


@mutation("ssm:GetParameters left out", proof=(MISSING,))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Action"] = "ssm:GetParameter"


@mutation("the history added by a wildcard", proof=(EXTRA,), rules=("history-by-wildcard",))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Action"] = "ssm:GetParameter*"


@mutation("the history added by name", proof=(EXTRA,))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Action"].append("ssm:GetParameterHistory")


@mutation("deletion added", proof=(EXTRA,))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Action"].append("ssm:DeleteParameter")


@mutation("kms:Encrypt and kms:GenerateDataKey swapped, standard tier", proof=(EXTRA, MISSING))
def _(template: Template) -> None:
    statement(template, "StandardWriter", "kms:Encrypt")["Action"] = "kms:GenerateDataKey"


@mutation("kms:Encrypt and kms:GenerateDataKey swapped, advanced tier", proof=(EXTRA, MISSING))
def _(template: Template) -> None:
    statement(template, "AdvancedWriter", "kms:GenerateDataKey")["Action"] = "kms:Encrypt"


@mutation("Action turned into NotAction", proof=(EXTRA, MISSING), rules=("inverted-allow",))
def _(template: Template) -> None:
    reading = statement(template, "Reader", "ssm:GetParameter")
    reading["NotAction"] = reading.pop("Action")


@mutation("kms:* added beside", proof=(EXTRA,), rules=("decrypt-without-context",))
def _(template: Template) -> None:
    add_statement(template, "Reader", "kms:*", key_arn(template, "Delegated"))


@mutation("the writer may decrypt", proof=(EXTRA,))
def _(template: Template) -> None:
    encrypt = statement(template, "StandardWriter", "kms:Encrypt")
    encrypt["Action"] = ["kms:Decrypt", "kms:Encrypt"]
    statement(template, "StandardWriter", "ssm:PutParameter")["Action"] = ["ssm:GetParameter", "ssm:PutParameter"]


# Resources


@mutation("every parameter instead of one", proof=(EXTRA,), rules=("read-all-parameters",))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Resource"] = "*"


@mutation("a pattern that matches the neighbours", proof=(EXTRA, MISSING), rules=("cut-word",))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Resource"] = f"{PARAMETERS}/shop/*db*"
    statement(template, "StandardWriter", "ssm:PutParameter")["Resource"] = f"{PARAMETERS}/shop/t*"


@mutation("a path above the one that is meant", proof=(EXTRA, MISSING), rules=("ancestor-path",))
def _(template: Template) -> None:
    statements(template, "PathReader")[1]["Resource"] = f"{PARAMETERS}/shop"


@mutation("a double slash in a resource", proof=(MISSING,), rules=("malformed-parameter-arn",))
def _(template: Template) -> None:
    statement(template, "Reader", "ssm:GetParameter")["Resource"] = f"{PARAMETERS}//shop/db/password"


@mutation("another partition", proof=(MISSING,), rules=("wrong-partition",))
def _(template: Template) -> None:
    reading = statement(template, "Reader", "ssm:GetParameter")
    reading["Resource"] = reading["Resource"].replace("arn:aws:", "arn:aws-cn:")


@mutation("another account", proof=(MISSING,))
def _(template: Template) -> None:
    reading = statement(template, "Reader", "ssm:GetParameter")
    reading["Resource"] = reading["Resource"].replace("111122223333", "444455556666")


@mutation("another Region", proof=(MISSING,))
def _(template: Template) -> None:
    reading = statement(template, "Reader", "ssm:GetParameter")
    reading["Resource"] = reading["Resource"].replace("eu-west-1", "eu-central-1")


@mutation("another key", proof=(MISSING,))
def _(template: Template) -> None:
    statement(template, "Reader", "kms:Decrypt")["Resource"] = key_arn(template, "Strict")


@mutation("an alias instead of the key", proof=(MISSING,), rules=("alias-as-resource",))
def _(template: Template) -> None:
    alias = "arn:aws:kms:eu-west-1:111122223333:alias/shop/parameters"
    statement(template, "Reader", "kms:Decrypt")["Resource"] = alias


@mutation("the alias of the AWS managed key", proof=(MISSING,), rules=("aws-managed-key-granted",))
def _(template: Template) -> None:
    alias = "arn:aws:kms:eu-west-1:111122223333:alias/aws/ssm"
    statement(template, "Reader", "kms:Decrypt")["Resource"] = alias


@mutation("Resource turned into NotResource", proof=(EXTRA, MISSING), rules=("inverted-allow", "read-all-parameters"))
def _(template: Template) -> None:
    reading = statement(template, "Reader", "ssm:GetParameter")
    reading["NotResource"] = reading.pop("Resource")


# Conditions


@mutation("the condition on the context dropped", proof=(EXTRA,), rules=("decrypt-without-context",))
def _(template: Template) -> None:
    del statement(template, "Reader", "kms:Decrypt")["Condition"]["StringEquals"][CONTEXT]


@mutation("all conditions dropped", proof=(EXTRA,), rules=("decrypt-without-context",))
def _(template: Template) -> None:
    del statement(template, "Reader", "kms:Decrypt")["Condition"]


@mutation("kms:ViaService dropped in role and key", proof=(EXTRA, OPEN))
def _(template: Template) -> None:
    del statement(template, "Reader", "kms:Decrypt")["Condition"]["StringEquals"]["kms:ViaService"]
    del use(template)["Condition"]["StringEquals"]["kms:ViaService"]


@mutation("kms:ViaService of another service", proof=(MISSING,))
def _(template: Template) -> None:
    condition = statement(template, "Reader", "kms:Decrypt")["Condition"]["StringEquals"]
    condition["kms:ViaService"] = "secretsmanager.eu-west-1.amazonaws.com"


@mutation("kms:ViaService without a Region", proof=(MISSING,), rules=("via-service-never-matches",))
def _(template: Template) -> None:
    condition = statement(template, "Reader", "kms:Decrypt")["Condition"]["StringEquals"]
    condition["kms:ViaService"] = "ssm.amazonaws.com"


@mutation("StringLike with a wildcard instead of StringEquals", proof=(EXTRA,))
def _(template: Template) -> None:
    bind(statement(template, "Reader", "kms:Decrypt"), "StringLike", f"{PARAMETERS}/shop/*")


@mutation("StringEquals with a wildcard", proof=(MISSING,), rules=("wildcard-under-string-equals",))
def _(template: Template) -> None:
    bind(statement(template, "PathReader", "kms:Decrypt"), "StringEquals", f"{PARAMETERS}/shop/db/*")


@mutation("StringNotEquals", proof=(EXTRA, MISSING), rules=("negated-condition",))
def _(template: Template) -> None:
    bind(statement(template, "Reader", "kms:Decrypt"), "StringNotEquals", f"{PARAMETERS}/shop/db/password")


# The policy of the key still asks for a context, so nothing opens before somebody loosens that one, too.
@mutation("StringEqualsIfExists", rules=("optional-condition",))
def _(template: Template) -> None:
    bind(statement(template, "Reader", "kms:Decrypt"), "StringEqualsIfExists", f"{PARAMETERS}/shop/db/password")


@mutation("ForAllValues", rules=("set-operator-on-context",))
def _(template: Template) -> None:
    bind(statement(template, "Reader", "kms:Decrypt"), "ForAllValues:StringEquals", f"{PARAMETERS}/shop/db/password")


@mutation("the context of another parameter", proof=(EXTRA, MISSING))
def _(template: Template) -> None:
    bind(statement(template, "Reader", "kms:Decrypt"), "StringEquals", f"{PARAMETERS}/shop/tls/certificate")


@mutation("a double slash in the context", proof=(MISSING,), rules=("malformed-parameter-arn",))
def _(template: Template) -> None:
    bind(statement(template, "Reader", "kms:Decrypt"), "StringEquals", f"{PARAMETERS}//shop/db/password")


@mutation("the name as context, instead of the ARN", proof=(MISSING,), rules=("malformed-parameter-arn",))
def _(template: Template) -> None:
    bind(statement(template, "Reader", "kms:Decrypt"), "StringEquals", "/shop/db/password")


# Effects and attachments


@mutation("Allow turned into Deny", proof=(MISSING,))
def _(template: Template) -> None:
    statement(template, "Reader", "kms:Decrypt")["Effect"] = "Deny"


@mutation("a Deny dropped", proof=(EXTRA,))
def _(template: Template) -> None:
    found = statements(template, "Operator")
    found[:] = [each for each in found if each["Effect"] != "Deny"]


@mutation("a policy attached to another role", proof=(EXTRA, MISSING))
def _(template: Template) -> None:
    policy(template, "Reader")["Roles"] = [{"Ref": logical_id(template, "AWS::IAM::Role", "Stranger")}]


@mutation("a managed policy attached beside", proof=(EXTRA,), rules=("decrypt-under-any-key", "read-all-parameters"))
def _(template: Template) -> None:
    allow = {"Effect": "Allow", "Action": ["kms:Decrypt", "ssm:GetParameter"], "Resource": "*"}
    template["Resources"]["Beside"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]},
            "Roles": [{"Ref": logical_id(template, "AWS::IAM::Role", "Stranger")}],
        },
    }


@mutation("a statement in the role itself", proof=(EXTRA,), rules=("decrypt-without-context",))
def _(template: Template) -> None:
    allow = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "ssm:GetParameter"],
        "Resource": [key_arn(template, "Delegated"), f"{PARAMETERS}/shop/db/password"],
    }
    role = template["Resources"][logical_id(template, "AWS::IAM::Role", "Stranger")]["Properties"]
    role["Policies"] = [{"PolicyName": "Inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}]


# Key policies


@mutation("another account in the key policy", proof=(EXTRA,))
def _(template: Template) -> None:
    add_key_statement(template, "Delegated", "kms:Decrypt", FOREIGN_ROOT)


@mutation("everybody of the account in the key policy", proof=(EXTRA,))
def _(template: Template) -> None:
    use(template)["Principal"] = {"AWS": "*"}


@mutation("everybody in the key policy", proof=(EXTRA,), rules=("key-open-to-everyone",))
def _(template: Template) -> None:
    use(template)["Principal"] = "*"
    del use(template)["Condition"]["StringEquals"]["kms:CallerAccount"]


@mutation("the default statement added to the key policy", proof=(OPEN,), rules=("context-bypassed-in-key-policy",))
def _(template: Template) -> None:
    add_key_statement(template, "Delegated", "kms:*", OWN_ROOT)


@mutation("the strict key leaves its use to IAM", proof=(OPEN,), rules=("context-bypassed-in-key-policy",))
def _(template: Template) -> None:
    add_key_statement(template, "Strict", "kms:Decrypt", OWN_ROOT)


@mutation("the conditions of the key policy dropped", proof=(OPEN,))
def _(template: Template) -> None:
    del use(template)["Condition"]


@mutation("the use left out of the key policy", proof=(MISSING,))
def _(template: Template) -> None:
    key(template, "Delegated")["KeyPolicy"]["Statement"].remove(use(template))


@mutation("a principal left out of the strict key", proof=(MISSING,))
def _(template: Template) -> None:
    named = key_statement(template, "Strict", "DecryptByNamedPrincipals")["Condition"]["ArnEquals"]
    named["aws:PrincipalArn"] = named["aws:PrincipalArn"][:1]


@mutation("a role may change the key policy", proof=(EXTRA,))
def _(template: Template) -> None:
    add_statement(template, "Reader", "kms:PutKeyPolicy", key_arn(template, "Delegated"))


@mutation("a role may create grants", proof=(EXTRA,), rules=("grant-creation-unbound",))
def _(template: Template) -> None:
    stranger = {"Fn::GetAtt": [logical_id(template, "AWS::IAM::Role", "Stranger"), "Arn"]}
    add_key_statement(template, "Delegated", "kms:CreateGrant", "", Principal={"AWS": stranger})


@mutation("an asymmetric key", rules=("asymmetric-key",))
def _(template: Template) -> None:
    key(template, "Delegated")["KeySpec"] = "RSA_2048"


# Values


@mutation("a SecureString by CloudFormation", rules=("securestring-in-template",))
def _(template: Template) -> None:
    template["Resources"]["Beside"] = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "SecureString", "Name": "/shop/mode", "Value": "on"},
    }


@mutation("a password in the environment of a function", rules=("secret-in-environment",))
def _(template: Template) -> None:
    function = template["Resources"][logical_id(template, "AWS::Lambda::Function", "SecureStringProvider")]
    function["Properties"]["Environment"] = {"Variables": {"DB_PASSWORD": "hunter2"}}
