"""Which parameter a resource is."""

import pytest

from ssm_securestring.core.errors import ContractError, ParameterNameError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.handler.identity import Identity, failed_create_id
from ssm_securestring.handler.request import Request
from tests.handler.cloudformation import OTHER_STACK_ID, STACK_ID, properties, request

NAME = ParameterName("/shop/db")
ARN = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db"


def test_physical_id_is_arn_and_incarnation() -> None:
    """Partition, Region and account are the stack's."""
    physical_id = str(Identity.mint(request(), NAME))

    arn, incarnation = physical_id.split("#")
    assert arn == ARN
    assert len(incarnation) == 12
    assert set(incarnation) <= set("0123456789abcdef")


def test_each_delivery_of_a_request_means_the_same() -> None:
    """A duplicate delivery has the same id, so it is known as one; any other request, resource or stack has another."""
    first = Identity.mint(request(), NAME)
    others = [
        Identity.mint(changed, NAME)
        for changed in (request(request_id="request-2"), request(logical_id="Other"), request(stack_id=OTHER_STACK_ID))
    ]

    assert Identity.mint(request(response_url="https://example.invalid/2"), NAME) == first
    assert len({first, *others}) == 4


def test_partition_is_that_of_the_stack() -> None:
    """In China and GovCloud too."""
    stack_id = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/shop/1"

    identity = Identity.mint(request(stack_id=stack_id), NAME)

    assert str(identity).startswith("arn:aws-cn:ssm:cn-north-1:111122223333:parameter/shop/db#")


@pytest.mark.parametrize("name", ["/shop/db", "single", "/single"])
def test_physical_id_can_be_read_again(name: str) -> None:
    """Delete has nothing but the id to go by."""
    identity = Identity.mint(request(), ParameterName(name))

    assert Identity.parse(str(identity)) == identity


@pytest.mark.parametrize(
    "physical_id",
    [
        "",
        "shop-Password-1ABCDEFGHIJKL",
        ARN,
        f"{ARN}#",
        f"{ARN}#0123456789AB",
        f"{ARN}#0123456789abc",
        "arn:aws:s3:eu-west-1:111122223333:parameter/shop/db#0123456789ab",
        "arn:aws:ssm:eu-west-1:111122223333:parameter/#0123456789ab",
        "Custom::SsmSecureString/create-failed/request-1",
    ],
)
def test_foreign_id_is_known_as_such(physical_id: str) -> None:
    """CloudFormation invents ids; none of them is taken for ours."""
    assert Identity.parse(physical_id) is None


def test_ownership_takes_both_tags() -> None:
    """The stack's tag alone, or the incarnation's, says nothing."""
    identity = Identity.mint(request(), NAME)
    stack, incarnation = "ssm-securestring:stack", "ssm-securestring:incarnation"
    tags = {stack: STACK_ID, incarnation: identity.incarnation, "team": "orders"}

    assert identity.owns(tags, stack_id=STACK_ID)
    for changed in ({}, {**tags, stack: OTHER_STACK_ID}, {**tags, incarnation: "0" * 12}, {stack: STACK_ID}):
        assert not identity.owns(changed, stack_id=STACK_ID)


def test_predecessor_is_of_the_same_resource() -> None:
    """A parameter that an earlier request of this resource made is known; one of another resource is not."""
    now = Identity.mint(request(request_id="request-9"), NAME)

    for made_by, known in (
        (request(), True),
        (request(logical_id="Other"), False),
        (request(stack_id=OTHER_STACK_ID), False),
    ):
        earlier = Identity.mint(made_by, NAME)
        found = now.predecessor(earlier.tags(made_by.stack_id), stack_id=STACK_ID)
        assert found == (earlier if known else None)
    assert now.predecessor({}, stack_id=STACK_ID) is None


def test_failed_create_is_answered_with_the_id_it_would_have_had() -> None:
    """So Delete can clean up what was made after all."""
    asked = request(properties=properties("/shop/db"))

    assert failed_create_id(asked) == str(Identity.mint(asked, NAME))


@pytest.mark.parametrize(
    "asked",
    [request(properties={"Name": "aws/no"}), request(), request(stack_id="odd", properties=properties("/shop/db"))],
    ids=["bad name", "no name", "bad stack"],
)
def test_failed_create_that_could_make_nothing_gets_an_id_that_delete_ignores(asked: Request) -> None:
    """There is nothing to clean up."""
    physical_id = failed_create_id(asked)

    assert physical_id
    assert Identity.parse(physical_id) is None


def test_fails_for_a_name_that_is_too_long_for_the_region() -> None:
    """The Region is known here, so the limit is exact: 1,011 characters of ARN."""
    prefix = "arn:aws:ssm:eu-west-1:111122223333:parameter/"
    longest = "n" * (1011 - len(prefix))

    assert len(str(Identity.mint(request(), ParameterName(longest)))) == 1024
    with pytest.raises(ParameterNameError, match="use 965 at most"):
        Identity.mint(request(stack_id=STACK_ID.replace("eu-west-1", "eu-west-11")), ParameterName(longest))


def test_fails_for_what_is_no_stack() -> None:
    """An ARN of another service is not taken for a stack's."""
    with pytest.raises(ContractError, match="is not the ARN of a stack"):
        Identity.mint(request(stack_id="arn:aws:s3:eu-west-1:111122223333:stack/shop/1"), NAME)
