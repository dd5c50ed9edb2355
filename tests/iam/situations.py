"""Random situations: policies of every kind and requests that come close to them."""

import random
from typing import Any

from tests.iam.readings import Document, Situation, Values

HOME, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{HOME}:role/Reader"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/Reader/one"
USER = f"arn:aws:iam::{HOME}:user/alice"
PARAMETER = f"arn:aws:ssm:eu-west-1:{HOME}:parameter"
KEYS = [f"arn:aws:kms:eu-west-1:{account}:key/{name}" for account in (HOME, OTHER) for name in ("a1", "b2")]
PARAMETERS = [
    f"{PARAMETER}/{name}" for name in ("shop/db", "shop/api", "shop/tls/key", "Shop/db", "alice/token", "a:b")
]
ACTIONS = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:PutParameter",
]
ACTION_PATTERNS = [
    *ACTIONS,
    "*",
    "kms:*",
    "ssm:Get*",
    "KMS:decrypt",
    "ssm:GetParameter?",
    "kms:GenerateDataKey*",
    "s3:*",
]
RESOURCE_PATTERNS = [
    *KEYS,
    *PARAMETERS,
    "*",
    "arn:aws:kms:*:*:key/*",
    f"arn:aws:kms:eu-west-1:{HOME}:key/??",
    f"{PARAMETER}/shop/*",
    f"{PARAMETER}/*/key",
    f"{PARAMETER}/s?op/db",
    f"{PARAMETER}/${{aws:username}}/*",
    f"{PARAMETER}/${{aws:PrincipalTag/team, 'shop'}}/*",
    "arn:*",
]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": ["*"]},
    {"AWS": [HOME]},
    {"AWS": [f"arn:aws:iam::{HOME}:root"]},
    {"AWS": [ROLE]},
    {"AWS": [SESSION]},
    {"AWS": [USER]},
    {"AWS": [USER, ROLE]},
    {"AWS": [ROLE, f"arn:aws:iam::{HOME}:root"]},
    {"AWS": [USER.replace("alice", "Alice")]},
    {"AWS": [f"arn:aws:iam::{OTHER}:root"]},
    {"AWS": [f"arn:aws:iam::{OTHER}:role/Reader"]},
    {"Service": ["ssm.amazonaws.com"]},
    {"AWS": [f"arn:aws:iam::{OTHER}:root", SESSION], "Service": ["ssm.amazonaws.com"]},
]
# For each key: what requests have there, and what policies compare it with.
TEXTS = {
    "kms:ViaService": (["ssm.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"], ["ssm.*.amazonaws.com"]),
    "kms:EncryptionContext:PARAMETER_ARN": (PARAMETERS, [f"{PARAMETER}/shop/*", f"{PARAMETER}/${{aws:username}}/*"]),
    "aws:PrincipalTag/team": (["shop", "ops", "", "Shop"], ["sh*", "${aws:username}"]),
    "aws:PrincipalArn": ([ROLE, USER], ["arn:aws:iam::*:role/*"]),
    "aws:SourceArn": (
        ["arn:aws:events:eu-west-1:111122223333:rule/a:b", *PARAMETERS],
        ["arn:aws:*:rule/*", "arn:*:a:b"],
    ),
}
SETS = {
    "kms:EncryptionContextKeys": ["PARAMETER_ARN", "team", "x"],
    "aws:TagKeys": ["team", "cost", "Team"],
}
NUMBERS = {"kms:RotationPeriodInDays": ["90", "180", "365", "3.65e2"]}
DATES = {"aws:TokenIssueTime": ["2026-01-01T00:00:00Z", "2026-06-01T12:00:00+02:00", "2027-01-01", "1780000000"]}
FLAGS = {"aws:SecureTransport": ["true", "false"], "kms:GrantIsForAWSResource": ["true", "false"]}
ADDRESSES = {"aws:SourceIp": ["10.1.2.3", "192.0.2.7", "2001:db8::7"]}
NETWORKS = ["10.0.0.0/8", "192.0.2.7", "192.0.2.0/30", "2001:db8::/32", "0.0.0.0/0"]
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
MATCHES = ["Equals", "NotEquals", "Like", "NotLike"]


class Maker:
    """Makes situations.

    Args:
        seed: The same seed makes the same ones.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible, and nothing secret

    def situations(self, requests: int) -> list[Situation]:
        """Make policies for a caller and a resource, and requests to them."""
        pick = self._random
        session = pick.random() < 0.6
        names = (ROLE, SESSION) if session else (USER,)
        key = pick.random() < 0.6
        policies = {
            "identity": [self._document() for _ in range(pick.randint(0, 2))],
            "boundary": self._document(wide=True) if pick.random() < 0.3 else None,
            "session": [self._document(wide=True)] if session and pick.random() < 0.3 else None,
            "resource_policy": self._document(principals=True) if key or pick.random() < 0.5 else None,
        }
        return [self._request(names, policies, key=key) for _ in range(requests)]

    def _request(self, names: tuple[str, ...], policies: dict[str, Any], *, key: bool) -> Situation:
        pick = self._random
        resource = pick.choice(KEYS if key else PARAMETERS)
        return Situation(
            names=names,
            account=HOME,
            action=pick.choice(ACTIONS[:3] if key else ACTIONS[3:]),
            resource=resource,
            values=self._values(names),
            owner=resource.split(":")[4] if pick.random() < 0.9 else OTHER,
            key=key,
            **policies,
        )

    def _values(self, names: tuple[str, ...]) -> Values:
        pick = self._random
        values: Values = {"aws:username": "alice"} if names == (USER,) else {}
        for key, (found, _) in TEXTS.items():
            if key != "aws:PrincipalArn" and pick.random() < 0.7:
                values[pick.choice([key, key.upper()])] = pick.choice(found)
        for key, elements in SETS.items():
            if pick.random() < 0.7:
                values[key] = pick.sample(elements, pick.randint(0, 3))
        for group in (NUMBERS, DATES, FLAGS, ADDRESSES):
            values |= {key: pick.choice(found) for key, found in group.items() if pick.random() < 0.7}
        # ministack makes these up where a request has none.
        values.setdefault("aws:SecureTransport", "true")
        values.setdefault("aws:SourceIp", "192.0.2.200")
        return values

    def _document(self, *, principals: bool = False, wide: bool = False) -> Document:
        pick = self._random
        statements = [self._statement(principals=principals) for _ in range(pick.randint(1, 4))]
        if wide or pick.random() < 0.3:
            statements.append({"Effect": "Allow", "Action": pick.choice(["*", "kms:*", "ssm:*"]), "Resource": "*"})
            if principals:
                statements[-1]["Principal"] = pick.choice(PRINCIPALS)
        return {"Version": "2012-10-17", "Statement": statements}

    def _statement(self, *, principals: bool) -> Document:
        pick = self._random
        statement: Document = {
            "Effect": "Allow" if pick.random() < 0.85 else "Deny",
            "Action" if pick.random() < 0.9 else "NotAction": self._some(ACTION_PATTERNS),
        }
        wide = pick.random() < 0.4
        element = "Resource" if pick.random() < 0.9 else "NotResource"
        statement[element] = "*" if wide and element == "Resource" else self._some(RESOURCE_PATTERNS)
        if principals:
            element = "Principal" if pick.random() < 0.9 else "NotPrincipal"
            statement[element] = pick.choice(PRINCIPALS)
        if pick.random() < 0.6:
            statement["Condition"] = self._conditions()
        return statement

    def _some(self, texts: list[str]) -> str | list[str]:
        pick = self._random
        return pick.choice(texts) if pick.random() < 0.4 else pick.sample(texts, pick.randint(1, min(4, len(texts))))

    def _conditions(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for _ in range(self._random.randint(1, 3)):
            operator, key, values = self._condition()
            found.setdefault(operator, {})[key] = values
        return found

    def _condition(self) -> tuple[str, str, Any]:
        pick = self._random
        make = pick.choice([self._text, self._text, self._text, self._set, self._set, self._measure, self._presence])
        operator, key, values = make()
        if operator != "Null" and pick.random() < 0.15:
            operator += "IfExists"
        if pick.random() < 0.02:
            operator = operator.replace("Equals", "Matches")
        return operator, pick.choice([key, key.lower()]), values

    def _text(self) -> tuple[str, str, Any]:
        pick = self._random
        key = pick.choice(list(TEXTS))
        arns = key in ("aws:PrincipalArn", "aws:SourceArn") and pick.random() < 0.7
        names = MATCHES if arns else [*MATCHES, "EqualsIgnoreCase", "NotEqualsIgnoreCase"]
        found, patterns = TEXTS[key]
        return ("Arn" if arns else "String") + pick.choice(names), key, self._some([*found, *patterns])

    def _set(self) -> tuple[str, str, Any]:
        pick = self._random
        key = pick.choice([*SETS, "aws:PrincipalTag/team"])
        elements = [*SETS[key], "T*"] if key in SETS else [*TEXTS[key][0], "sh*"]
        quantifier = pick.choice(["ForAllValues:", "ForAnyValue:"]) if pick.random() < 0.95 else ""
        return f"{quantifier}String{pick.choice(MATCHES)}", key, pick.sample(elements, pick.randint(1, 3))

    def _measure(self) -> tuple[str, str, Any]:
        pick = self._random
        if pick.random() < 0.25:
            return pick.choice(["IpAddress", "NotIpAddress"]), "aws:SourceIp", self._some(NETWORKS)
        if pick.random() < 0.4:
            return "Bool", pick.choice(list(FLAGS)), pick.choice(["true", "false", "True"])
        prefix, group = pick.choice([("Numeric", NUMBERS), ("Date", DATES)])
        ((key, found),) = group.items()
        return prefix + pick.choice(ORDERS), key, self._some(found)

    def _presence(self) -> tuple[str, str, Any]:
        pick = self._random
        key = pick.choice([*TEXTS, *SETS, *NUMBERS])
        return "Null", key, pick.choice(["true", "false", "true", "false", ["true", "false"]])
