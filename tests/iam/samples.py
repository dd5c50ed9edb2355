"""One resource that keeps each rule and one that breaks it, spelled as a template has them after its references.

``KEEPS`` is what the violating one should have been, so that the two differ in what the rule is about and nothing else.
"""

from typing import Any, Final

from ssm_securestring.iam.rules import Resource

ACCOUNT: Final = "111122223333"
KEY: Final = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS: Final = "arn:aws:kms:eu-west-1:111122223333:alias/shop/parameters"
PARAMETERS: Final = "arn:aws:ssm:eu-west-1:111122223333:parameter"
PASSWORD: Final = f"{PARAMETERS}/shop/db/password"
CONTEXT: Final = "kms:EncryptionContext:PARAMETER_ARN"
VIA: Final = {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}
BOUND: Final = {"StringEquals": {**VIA, CONTEXT: PASSWORD}}
ROOT: Final = {"AWS": "arn:aws:iam::111122223333:root"}


def resource(type_: str, **properties: object) -> Resource:
    """Make a resource of the stack Shop."""
    return Resource(stack="Shop", logical_id="Resource", type=type_, properties=properties)


def statement(action: object, on: object, condition: object = None, **elements: object) -> dict[str, Any]:
    """Spell a statement; an ``Allow`` unless told otherwise."""
    conditions = {} if condition is None else {"Condition": condition}
    return {"Effect": "Allow", "Action": action, "Resource": on, **conditions, **elements}


def inverted(of: dict[str, Any], element: str) -> dict[str, Any]:
    """Turn ``Action`` into ``NotAction``, or ``Resource`` into ``NotResource``."""
    return {f"Not{name}" if name == element else name: value for name, value in of.items()}


def policy(*statements: dict[str, Any]) -> Resource:
    """Make an inline policy of a role."""
    return resource("AWS::IAM::Policy", PolicyDocument={"Version": "2012-10-17", "Statement": list(statements)})


def key(*statements: dict[str, Any], **properties: object) -> Resource:
    """Make a key with this policy."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return resource("AWS::KMS::Key", KeyPolicy=document, **properties)


def function(**variables: object) -> Resource:
    """Make a function with these environment variables."""
    return resource("AWS::Lambda::Function", Environment={"Variables": variables})


READ: Final = statement(["ssm:GetParameter", "ssm:GetParameters"], PASSWORD)
DECRYPT: Final = statement("kms:Decrypt", KEY, BOUND)
USE: Final = statement("kms:Decrypt", "*", {"StringLike": {CONTEXT: f"{PARAMETERS}/shop/*"}}, Principal=ROOT)

KEEPS: Final = {
    "securestring-in-template": resource("AWS::SSM::Parameter", Name="/shop/mode", Type="String", Value="test"),
    "secret-in-parameter": resource("AWS::SSM::Parameter", Name="/shop/db/host", Type="String", Value="db.example"),
    "secret-in-environment": function(DB_PASSWORD_PARAMETER="/shop/db/password"),
    "unresolved-secure-reference": resource(
        "AWS::RDS::DBInstance", MasterUserPassword="{{resolve:ssm-secure:/shop/db/password:1}}"
    ),
    "read-all-parameters": policy(statement("ssm:GetParameter", f"{PARAMETERS}/shop/*")),
    "history-by-wildcard": policy(READ),
    "ancestor-path": policy(
        statement("ssm:GetParameter", f"{PARAMETERS}/shop/db/*"),
        statement("ssm:GetParametersByPath", f"{PARAMETERS}/shop/db"),
    ),
    "describe-on-parameter": policy(statement("ssm:DescribeParameters", "*")),
    "unknown-action": policy(statement("kms:ReEncrypt*", KEY, BOUND)),
    "inverted-allow": policy(DECRYPT),
    "malformed-parameter-arn": policy(READ),
    "wrong-partition": policy(statement("ssm:GetParameter", "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/shop")),
    "cut-word": policy(statement("ssm:GetParameter", f"{PARAMETERS}/shop/db/*")),
    "wildcard-under-string-equals": policy(
        statement("kms:Decrypt", KEY, {"StringLike": {CONTEXT: f"{PARAMETERS}/shop/*"}})
    ),
    "set-operator-on-context": policy(DECRYPT),
    "optional-condition": policy(DECRYPT),
    "negated-condition": policy(DECRYPT, statement("kms:Decrypt", KEY, {"StringNotEquals": VIA}, Effect="Deny")),
    "via-service-never-matches": policy(DECRYPT),
    "aws-managed-key-granted": policy(DECRYPT),
    "alias-as-resource": policy(statement("kms:UpdateAlias", [ALIAS, KEY])),
    "decrypt-under-any-key": policy(statement("kms:Decrypt", "*", BOUND)),
    "decrypt-without-context": policy(READ, DECRYPT),
    "key-open-to-everyone": key(
        statement("kms:Decrypt", "*", {"StringEquals": {"kms:CallerAccount": ACCOUNT, **VIA}}, Principal={"AWS": "*"})
    ),
    "context-bypassed-in-key-policy": key(USE, statement("kms:PutKeyPolicy", "*", Principal=ROOT)),
    "grant-creation-unbound": policy(
        statement("kms:CreateGrant", KEY, {"Bool": {"kms:GrantIsForAWSResource": "true"}})
    ),
    "asymmetric-key": key(USE, KeySpec="SYMMETRIC_DEFAULT", KeyUsage="ENCRYPT_DECRYPT"),
}

BREAKS: Final = {
    "securestring-in-template": resource("AWS::SSM::Parameter", Name="/shop/mode", Type="SecureString", Value="test"),
    "secret-in-parameter": resource("AWS::SSM::Parameter", Name="/shop/db/password", Type="String", Value="hunter2"),
    "secret-in-environment": function(DB_PASSWORD="hunter2"),
    "unresolved-secure-reference": function(DB="{{resolve:ssm-secure:/shop/db/password:1}}"),
    "read-all-parameters": policy(statement("ssm:GetParameter", f"{PARAMETERS}/*")),
    "history-by-wildcard": policy(statement("ssm:GetParameter*", PASSWORD)),
    "ancestor-path": policy(
        statement("ssm:GetParameter", f"{PARAMETERS}/shop/db/*"),
        statement("ssm:GetParametersByPath", f"{PARAMETERS}/shop"),
    ),
    "describe-on-parameter": policy(statement("ssm:DescribeParameters", PASSWORD)),
    "unknown-action": policy(statement("kms:ReEncrypt", KEY, BOUND)),
    "inverted-allow": policy(inverted(DECRYPT, "Action")),
    "malformed-parameter-arn": policy(statement("ssm:GetParameter", f"{PARAMETERS}//shop/db/password")),
    "wrong-partition": policy(statement("ssm:GetParameter", "arn:aws:ssm:cn-north-1:111122223333:parameter/shop")),
    "cut-word": policy(statement("ssm:GetParameter", f"{PARAMETERS}/shop/db*")),
    "wildcard-under-string-equals": policy(
        statement("kms:Decrypt", KEY, {"StringEquals": {CONTEXT: f"{PARAMETERS}/shop/*"}})
    ),
    "set-operator-on-context": policy(
        statement("kms:Decrypt", KEY, {"ForAllValues:StringEquals": {CONTEXT: PASSWORD}})
    ),
    "optional-condition": policy(statement("kms:Decrypt", KEY, {"StringEqualsIfExists": {CONTEXT: PASSWORD}})),
    "negated-condition": policy(statement("kms:Decrypt", KEY, {"StringNotEquals": {CONTEXT: PASSWORD}})),
    "via-service-never-matches": policy(
        statement("kms:Decrypt", KEY, {"StringEquals": {"kms:ViaService": "ssm.amazonaws.com", CONTEXT: PASSWORD}})
    ),
    "aws-managed-key-granted": policy(
        statement("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:alias/aws/ssm", BOUND)
    ),
    "alias-as-resource": policy(statement("kms:Decrypt", ALIAS, BOUND)),
    "decrypt-under-any-key": policy(statement("kms:*", "*", {"StringEquals": VIA})),
    "decrypt-without-context": policy(READ, statement("kms:Decrypt", KEY, {"StringEquals": VIA})),
    "key-open-to-everyone": key(statement("kms:Decrypt", "*", {"StringEquals": VIA}, Principal={"AWS": "*"})),
    "context-bypassed-in-key-policy": key(USE, statement("kms:*", "*", Principal=ROOT)),
    "grant-creation-unbound": policy(statement("kms:CreateGrant", KEY)),
    "asymmetric-key": key(USE, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT"),
}

# Where the rule points to, and what it says there.
FOUND: Final = {
    "securestring-in-template": ("Properties/Type", "CloudFormation cannot create a SecureString"),
    "secret-in-parameter": ("Properties/Value", "'/shop/db/password' is named like a secret and holds a literal"),
    "secret-in-environment": (
        "Properties/Environment/Variables/DB_PASSWORD",
        "'DB_PASSWORD' is named like a secret and holds a literal",
    ),
    "unresolved-secure-reference": (
        "Properties/Environment/Variables/DB",
        "CloudFormation does not resolve it here",
    ),
    "read-all-parameters": (
        "Properties/PolicyDocument/Statement/0/Resource",
        "ssm:GetParameter reads every parameter",
    ),
    "history-by-wildcard": (
        "Properties/PolicyDocument/Statement/0/Action",
        "'ssm:GetParameter*' includes ssm:GetParameterHistory",
    ),
    "ancestor-path": (
        "Properties/PolicyDocument/Statement/1/Resource",
        "'arn:aws:ssm:eu-west-1:111122223333:parameter/shop' reads more than is allowed below it",
    ),
    "describe-on-parameter": (
        "Properties/PolicyDocument/Statement/0/Action",
        "ssm:DescribeParameters has no effect on a parameter",
    ),
    "unknown-action": (
        "Properties/PolicyDocument/Statement/0/Action",
        "'kms:ReEncrypt' does not exist; 'kms:ReEncryptTo' does",
    ),
    "inverted-allow": (
        "Properties/PolicyDocument/Statement/0/NotAction",
        "it allows every action but those that it names",
    ),
    "malformed-parameter-arn": (
        "Properties/PolicyDocument/Statement/0/Resource",
        "'arn:aws:ssm:eu-west-1:111122223333:parameter//shop/db/password' has a double slash",
    ),
    "wrong-partition": (
        "Properties/PolicyDocument/Statement/0/Resource",
        "cn-north-1 is in partition aws-cn, not in aws",
    ),
    "cut-word": (
        "Properties/PolicyDocument/Statement/0/Resource",
        "'arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db*' also matches names that only begin like this",
    ),
    "wildcard-under-string-equals": (
        "Properties/PolicyDocument/Statement/0/Condition/StringEquals/kms:EncryptionContext:PARAMETER_ARN",
        "'arn:aws:ssm:eu-west-1:111122223333:parameter/shop/*' is compared literally by StringEquals",
    ),
    "set-operator-on-context": (
        f"Properties/PolicyDocument/Statement/0/Condition/ForAllValues:StringEquals/{CONTEXT}",
        "ForAllValues:StringEquals compares kms:EncryptionContext:PARAMETER_ARN",
    ),
    "optional-condition": (
        "Properties/PolicyDocument/Statement/0/Condition/StringEqualsIfExists/kms:EncryptionContext:PARAMETER_ARN",
        "StringEqualsIfExists holds without kms:EncryptionContext:PARAMETER_ARN",
    ),
    "negated-condition": (
        "Properties/PolicyDocument/Statement/0/Condition/StringNotEquals/kms:EncryptionContext:PARAMETER_ARN",
        "StringNotEquals holds for every other kms:EncryptionContext:PARAMETER_ARN, and for none",
    ),
    "via-service-never-matches": (
        "Properties/PolicyDocument/Statement/0/Condition/StringEquals/kms:ViaService",
        "'ssm.amazonaws.com' is not the name of Parameter Store",
    ),
    "aws-managed-key-granted": (
        "Properties/PolicyDocument/Statement/0/Resource",
        "'arn:aws:kms:eu-west-1:111122223333:alias/aws/ssm' is the AWS managed key",
    ),
    "alias-as-resource": (
        "Properties/PolicyDocument/Statement/0/Resource",
        "'arn:aws:kms:eu-west-1:111122223333:alias/shop/parameters' is an alias, not a key",
    ),
    "decrypt-under-any-key": (
        "Properties/PolicyDocument/Statement/0/Resource",
        "'kms:*' decrypts under any key",
    ),
    "decrypt-without-context": (
        "Properties/PolicyDocument/Statement/1",
        "it decrypts whatever is encrypted under its keys",
    ),
    "key-open-to-everyone": (
        "Properties/KeyPolicy/Statement/0/Principal",
        "it is for everybody, in every account",
    ),
    "context-bypassed-in-key-policy": (
        "Properties/KeyPolicy/Statement/1",
        "it decrypts for the account without an encryption context",
    ),
    "grant-creation-unbound": (
        "Properties/PolicyDocument/Statement/0/Action",
        "any grant can be created",
    ),
    "asymmetric-key": ("Properties/KeySpec", "KeySpec is RSA_2048"),
}
