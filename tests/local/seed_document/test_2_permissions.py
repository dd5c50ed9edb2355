"""The KMS Developer Guide's page on Parameter Store: its four example policies, each on a real role."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.aws import Account, Statement, allow
from tests.local.commands import KEY, KEY_ID, PARAMETER, Shell

pytestmark = pytest.mark.e2e


STANDARD = "--value secret --type SecureString --key-id"
ADVANCED = "--value secret --type SecureString --tier Advanced --key-id"
As = Callable[..., Shell]

WRITER_OF_STANDARD = (
    allow(["ssm:PutParameter"], f"{PARAMETER}/FinancialParameters/*"),
    allow(["kms:Encrypt"], KEY),
)
WRITER_OF_ADVANCED = (
    allow(["ssm:PutParameter"], f"{PARAMETER}/ReservedParameters/*"),
    allow(["kms:GenerateDataKey"], KEY),
)
READER = (
    allow(["ssm:GetParameter*"], f"{PARAMETER}/ITParameters/*"),
    allow(["kms:Decrypt"], KEY),
)
ONLY_MY_PARAMETER = {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": f"{PARAMETER}/MyParameter"}}
READER_OF_ONE = (
    allow(["ssm:GetParameter*"], f"{PARAMETER}/MyParameter"),
    allow(["kms:Decrypt"], KEY, ONLY_MY_PARAMETER),
)


@pytest.fixture
def shell_of(shell: Shell, role: Callable[..., Account]) -> As:
    """Makes a role with these statements; returns a shell in which it is assumed. The owner's shell cleans up."""
    del shell

    def make(*statements: Statement) -> Shell:
        return Shell(role(*statements))

    return make


@pytest.fixture
def other_key(root: Account) -> Iterator[str]:
    """Another customer managed key of the account."""
    arn = root.kms.create_key()["KeyMetadata"]["Arn"]
    yield arn
    root.kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)


def _put(name: str, rest: str) -> str:
    return f"aws ssm put-parameter --name {name} {rest}"


def _get(name: str) -> str:
    return f"aws ssm get-parameter --name {name} --with-decryption"


def test_first_policy_writes_standard_parameters_of_one_path_under_one_key(shell_of: As, other_key: str) -> None:
    """kms:Encrypt is what writing a standard value takes; the path and the key are those of the policy only."""
    writer = shell_of(*WRITER_OF_STANDARD)

    assert writer.run(_put("/FinancialParameters/a", f"{STANDARD} {KEY_ID}")) == {"Version": 1, "Tier": "Standard"}
    assert writer.run(_put("/FinancialParameters/a", f"{STANDARD} {KEY_ID} --overwrite"))["Version"] == 2
    for name in ("/OtherParameters/a", "/FinancialParametersToo/a", "/FinancialParameters"):
        message = writer.refused(_put(name, f"{STANDARD} {KEY_ID}"), "AccessDeniedException")
        assert f"not authorized to perform: ssm:PutParameter on resource: {PARAMETER}{name}" in message
    message = writer.refused(_put("/FinancialParameters/b", f"{STANDARD} {other_key}"), "AccessDeniedException")
    assert f"not authorized to perform: kms:Encrypt on resource: {other_key}" in message


def test_first_policy_writes_no_advanced_parameter_and_reads_nothing(shell_of: As) -> None:
    """An advanced value takes kms:GenerateDataKey, reading kms:Decrypt; this policy has neither."""
    writer = shell_of(*WRITER_OF_STANDARD)
    writer.run(_put("/FinancialParameters/a", f"{STANDARD} {KEY_ID}"))

    message = writer.refused(_put("/FinancialParameters/b", f"{ADVANCED} {KEY_ID}"), "AccessDeniedException")
    assert f"not authorized to perform: kms:GenerateDataKey on resource: {KEY}" in message
    writer.refused(_get("/FinancialParameters/a"), "AccessDeniedException")
    writer.refused("aws ssm delete-parameter --name /FinancialParameters/a", "AccessDeniedException")


def test_second_policy_writes_advanced_parameters_of_one_path_under_one_key(shell_of: As, other_key: str) -> None:
    """kms:GenerateDataKey is what writing an advanced value takes; it writes no standard one and reads nothing."""
    writer = shell_of(*WRITER_OF_ADVANCED)

    assert writer.run(_put("/ReservedParameters/a", f"{ADVANCED} {KEY}")) == {"Version": 1, "Tier": "Advanced"}
    message = writer.refused(_put("/ReservedParameters/b", f"{STANDARD} {KEY}"), "AccessDeniedException")
    assert f"not authorized to perform: kms:Encrypt on resource: {KEY}" in message
    writer.refused(_put("/OtherParameters/a", f"{ADVANCED} {KEY}"), "AccessDeniedException")
    writer.refused(_put("/ReservedParameters/b", f"{ADVANCED} {other_key}"), "AccessDeniedException")
    writer.refused(_get("/ReservedParameters/a"), "AccessDeniedException")


def test_third_policy_reads_both_tiers_of_one_path(shell_of: As, shell: Shell) -> None:
    """kms:Decrypt is what reading either tier takes; GetParameter and its relatives are allowed below the path."""
    shell.run(_put("/ITParameters/standard", f"{STANDARD} {KEY_ID}"))
    shell.run(_put("/ITParameters/more/advanced", f"{ADVANCED} {KEY_ID}"))
    reader = shell_of(*READER)

    assert reader.run(_get("/ITParameters/standard"))["Parameter"]["Value"] == "secret"
    both = reader.run(
        "aws ssm get-parameters --names /ITParameters/standard /ITParameters/more/advanced --with-decryption"
    )
    history = reader.run("aws ssm get-parameter-history --name /ITParameters/standard --with-decryption")
    below = reader.run("aws ssm get-parameters-by-path --path /ITParameters/more --with-decryption")
    values = [each["Value"] for answer in (both, history, below) for each in answer["Parameters"]]
    assert values == ["secret"] * 4


def test_third_policy_reads_nothing_else_and_writes_nothing(shell_of: As, shell: Shell, other_key: str) -> None:
    """Other paths, other keys, the path as a whole, and every change are refused."""
    shell.run(_put("/OtherParameters/a", f"{STANDARD} {KEY_ID}"))
    shell.run(_put("/ITParameters/a", f"{STANDARD} {other_key}"))
    reader = shell_of(*READER)

    reader.refused(_get("/OtherParameters/a"), "AccessDeniedException")
    message = reader.refused(_get("/ITParameters/a"), "AccessDeniedException")
    assert f"not authorized to perform: kms:Decrypt on resource: {other_key}" in message
    # The policy names what is below the path; the request is authorised on the path itself.
    reader.refused("aws ssm get-parameters-by-path --path /ITParameters", "AccessDeniedException")
    reader.refused(_put("/ITParameters/a", f"{STANDARD} {KEY_ID} --overwrite"), "AccessDeniedException")
    reader.refused("aws ssm delete-parameter --name /ITParameters/a", "AccessDeniedException")


@pytest.mark.parametrize("form", [STANDARD, ADVANCED])
def test_fourth_policy_reads_one_parameter(shell_of: As, shell: Shell, form: str) -> None:
    """The permission holds while the encryption context is the one it names, for either tier."""
    shell.run(_put("MyParameter", f"{form} {KEY_ID}"))
    shell.run(_put("Other", f"{form} {KEY_ID}"))
    reader = shell_of(*READER_OF_ONE)

    assert reader.run(_get("MyParameter"))["Parameter"]["Value"] == "secret"
    reader.refused(_get("Other"), "AccessDeniedException")


@pytest.mark.parametrize("form", [STANDARD, ADVANCED])
def test_fourth_policy_stays_closed_for_who_may_fetch_everything(shell_of: As, shell: Shell, form: str) -> None:
    """The context condition alone keeps other parameters under the same key shut; GetParameter fails there."""
    shell.run(_put("MyParameter", f"{form} {KEY_ID}"))
    shell.run(_put("Other", f"{form} {KEY_ID}"))
    reader = shell_of(allow("ssm:GetParameter*", "*"), READER_OF_ONE[1])

    assert reader.run(_get("MyParameter"))["Parameter"]["Value"] == "secret"
    message = reader.refused(_get("Other"), "AccessDeniedException")
    assert f"not authorized to perform: kms:Decrypt on resource: {KEY}" in message
    assert reader.run("aws ssm get-parameter --name Other")["Parameter"]["Type"] == "SecureString"


def test_fourth_policy_holds_for_calls_to_kms_as_well(shell_of: As, shell: Shell, tmp_path: Path) -> None:
    """Decrypting by oneself is bound by the same condition: right context or nothing."""
    shell.run(_put("MyParameter", f"{STANDARD} {KEY_ID}"))
    reader = shell_of(*READER_OF_ONE)
    blob = tmp_path / "blob"
    blob.write_bytes(base64.b64decode(reader.run("aws ssm get-parameter --name MyParameter")["Parameter"]["Value"]))
    decrypt = f"aws kms decrypt --ciphertext-blob fileb://{blob}"

    opened = reader.run(f"{decrypt} --encryption-context PARAMETER_ARN={PARAMETER}/MyParameter")
    reader.refused(f"{decrypt} --encryption-context PARAMETER_ARN={PARAMETER}/Other", "AccessDeniedException")
    reader.refused(decrypt, "AccessDeniedException")

    assert base64.b64decode(opened["Plaintext"]) == b"secret"


def test_default_key_is_beyond_policies(shell_of: As, shell: Shell, root: Account) -> None:
    """Nobody's policy has to allow the use of aws/ssm, and its key policy cannot be changed, even by the owner."""
    writer = shell_of(allow(["ssm:PutParameter", "ssm:GetParameter"], f"{PARAMETER}/FinancialParameters/*"))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow("kms:*", "*") | {"Principal": {"AWS": "*"}}]})

    writer.run(_put("/FinancialParameters/a", "--value secret --type SecureString"))
    assert writer.run(_get("/FinancialParameters/a"))["Parameter"]["Value"] == "secret"
    key = root.kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["KeyId"]
    shell.refused(
        f"aws kms put-key-policy --key-id {key} --policy-name default --policy '{policy}'", "AccessDeniedException"
    )
    shell.refused(f"aws kms disable-key --key-id {key}", "AccessDeniedException")
