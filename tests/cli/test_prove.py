"""``ssm-securestring prove``, called as a shell calls it."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import ParameterKey, SecureStringParameter
from ssm_securestring.cli.main import main

ENVIRONMENT = cdk.Environment(account="111122223333", region="eu-west-1")


def _synthesize(folder: Path, *statements: iam.PolicyStatement, known: bool = True) -> str:
    """Write an assembly: a parameter, and a role that may read it and what the statements say."""
    stack = cdk.Stack(cdk.App(outdir=str(folder)), "Shop", env=ENVIRONMENT)
    key = ParameterKey(stack, "Key", path_prefixes=["/shop"])
    password = SecureStringParameter(stack, "Password", name="/shop/db/password", encryption_key=key)
    role = iam.Role(stack, "Orders", assumed_by=iam.AccountRootPrincipal())
    password.grant_read(role)
    for each in statements:
        role.add_to_policy(each)
    if not known:
        role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name("AWSSomethingNew"))
    app = cdk.Stage.of(stack)
    assert app is not None
    app.synth()
    return str(folder)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An assembly of which everything was granted."""
    return _synthesize(tmp_path_factory.mktemp("exact"))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An assembly in which somebody wrote a statement of his own."""
    statement = iam.PolicyStatement(
        actions=["ssm:GetParameterHistory"], resources=["arn:aws:ssm:eu-west-1:111122223333:parameter/shop/*"]
    )
    return _synthesize(tmp_path_factory.mktemp("wide"), statement)


def test_an_exact_assembly_is_told_as_a_table_and_ends_well(exact: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; the outcome is the last line."""
    assert main(["prove", exact]) == 0

    out = capsys.readouterr().out.splitlines()
    assert out[:2] == [
        "principal                       parameter          operation  allowed  granted",
        "------------------------------  -----------------  ---------  -------  -------",
    ]
    assert "Shop/Orders                     /shop/db/password  read       allowed  granted" in out
    assert out[-1].startswith("EXACT: everything that was granted is allowed, and nothing else (2 principals, 1 param")


def test_an_extra_permission_is_told_with_its_statement(wide: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1."""
    assert main(["prove", wide]) == 1

    out = capsys.readouterr().out
    assert (
        "EXTRA  Shop/Orders: ssm:GetParameterHistory\n  /shop/db/password\n  /shop/z\n  an identity policy allows"
        in out
    )
    assert "Shop/OrdersDefaultPolicy" in out
    assert out.splitlines()[-1].startswith("NOT EXACT: 1 EXTRA (")


def test_what_is_not_known_has_an_exit_code_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A managed policy of AWS whose text is not known may hold anything; it is told with its place."""
    assert main(["prove", _synthesize(tmp_path, known=False)]) == 3

    out = capsys.readouterr().out
    assert "Not known before the deployment:\n  Shop/Orders" in out
    assert "AWSSomethingNew" in out


def test_json_holds_everything(wide: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: access, findings with requests and statements, what is not known, what is assumed."""
    assert main(["prove", wide, "--json"]) == 1

    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert set(found) == {"exact", "decisions", "access", "findings", "unknown", "assumed"}
    assert found["exact"] is False
    (finding,) = found["findings"]
    assert (finding["kind"], finding["principal"], finding["action"]) == (
        "EXTRA",
        "Shop/Orders",
        "ssm:GetParameterHistory",
    )
    assert finding["requests"][0]["resource"] == "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db/password"
    assert [each["operation"] for each in found["access"] if each["principal"] == "Shop/Orders"] == [
        "read",
        "read history",
    ]


def test_the_open_world_tells_of_administrators(exact: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever may do everything in IAM can decrypt through Parameter Store, under a key that leaves it to IAM."""
    assert main(["prove", exact, "--open-world"]) == 1

    assert "EXTRA  an administrator of the account: kms:Decrypt\n" in capsys.readouterr().out


def test_a_decision_is_explained(exact: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Statement by statement, and with what would change it."""
    assert main(["prove", exact, "--explain", "Orders", "/shop/db/password", "decrypt"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("Shop/Orders, read /shop/db/password: allowed\n")
    assert "What would close it, each by itself:\n  - remove Shop/OrdersSecureStringsPolicy" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--explain", "Writer", "/shop/db/password", "read"], "PRINCIPAL 'Writer' is not known here: write one of "),
        (["--explain", "Orders", "/shop/db/password", "see"], "operation 'see' is none: write one of 'read', "),
    ],
)
def test_fails_when_something_is_not_known(
    exact: str, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Exit code 1, and what is known."""
    assert main(["prove", exact, *arguments]) == 1

    assert capsys.readouterr().err.startswith(f"ssm-securestring: {message}")


def test_fails_for_a_folder_that_is_no_assembly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and what to run."""
    assert main(["prove", str(tmp_path)]) == 1

    assert "is no cloud assembly: run `cdk synth`" in capsys.readouterr().err
