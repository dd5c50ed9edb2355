"""The example is proved: what its grants say is all that anybody can do, before it is deployed."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest

from app import build
from ssm_securestring.cdk import Access, assert_access
from stacks.access import ACCESS

FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text(encoding="utf-8"))["context"]
NAMES = ["/shop/db/password", "/shop/mail/api-key", "/shop/payment/password", "/shop/reports/signing-key"]


@pytest.fixture(scope="module", params=["recommended", "none"])
def assembly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as ``cdk synth`` writes it, with the recommended feature flags and without any."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(context=FLAGS if request.param == "recommended" else {}, outdir=str(folder))
    build(app)
    app.synth()
    return folder


def test_the_example_is_exact(assembly: Path) -> None:
    """Everything that was granted is allowed and nothing else: for principals, outsiders and strangers."""
    proof = Access.from_assembly(assembly).prove()

    assert proof.exact
    assert proof.assumed == ()
    assert len(proof.world.principals) == 5
    assert proof.decisions > 200


def test_the_example_allows_what_its_table_says(assembly: Path) -> None:
    """The same table that the demo holds what it observes against."""
    allows = {
        f"ShopService/{principal}Role": {
            operation: [f"/shop/{name}" for name, operations in by_name.items() if operation in operations]
            for operation in {each for operations in by_name.values() for each in operations}
        }
        for principal, by_name in ACCESS.items()
    }
    # To look at names and descriptions is not in that table; it cannot be bound to a parameter.
    allows["ShopService/AuditorRole"]["read metadata"] = ["*"]

    assert_access(assembly, allows=allows)


def test_who_can_decrypt_each_parameter(assembly: Path) -> None:
    """Spelled out, the function that keeps them among them."""
    access = Access.from_assembly(assembly)

    keeper = "ShopParameters/SecureStringProvider/Role"
    assert {name: access.who_can("decrypt", name) for name in NAMES} == {
        "/shop/db/password": [keeper, "ShopService/OrdersRole"],
        "/shop/mail/api-key": [keeper],
        "/shop/payment/password": [keeper],
        "/shop/reports/signing-key": [keeper, "ShopService/ReportingRole"],
    }
