"""Naming rules of Parameter Store, each refused with the rule and the fix."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.core.errors import ParameterArnError, ParameterNameError
from ssm_securestring.core.names import ParameterArn, ParameterName

LEVELS = st.lists(
    st.from_regex(r"\A[A-Za-z0-9_.-]{1,20}\Z").filter(lambda level: not level.lower().startswith(("aws", "ssm"))),
    min_size=1,
    max_size=15,
)


@pytest.mark.parametrize(
    "name",
    [
        "MyParameter",
        "/ReadableParameters/MyParameter",
        "/a",
        "a.b-c_d",
        "/shop/aws-key",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15",
    ],
)
def test_accepts_what_parameter_store_accepts(name: str) -> None:
    """Names of the AWS documentation and at the edge of a rule are fine."""
    assert str(ParameterName(name)) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "parameter name '' is empty: write one such as '/shop/db/password'"),
        (" /shop/db", "parameter name ' /shop/db' has space around it: write '/shop/db'"),
        (
            "/shop/db password",
            (
                "parameter name '/shop/db password' contains ' ': "
                "use only letters a-z and A-Z, digits, '_', '.', '-', and '/' between levels"
            ),
        ),
        ("shop/db", "parameter name 'shop/db' has no leading slash: write '/shop/db'"),
        ("/shop//db", "parameter name '/shop//db' has an empty level: write '/shop/db'"),
        ("/shop/db/", "parameter name '/shop/db/' has an empty level: write '/shop/db'"),
        ("/", "parameter name '/' has an empty level: write one such as '/shop/db/password'"),
        (
            "/AWS/secret",
            (
                "parameter name '/AWS/secret' starts with 'aws', which AWS keeps for itself in any case of letters: "
                "start with another word; further levels are free, '/shop/aws-key' for example"
            ),
        ),
        (
            "Ssm-secret",
            (
                "parameter name 'Ssm-secret' starts with 'ssm', which AWS keeps for itself in any case of letters: "
                "start with another word; further levels are free, '/shop/aws-key' for example"
            ),
        ),
        (
            "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16",
            "parameter name '/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16' has 16 levels: use 15 at most",
        ),
    ],
)
def test_fails_with_the_rule_and_the_fix(name: str, message: str) -> None:
    """Each broken rule has its own sentence, and says what to write."""
    with pytest.raises(ParameterNameError) as caught:
        ParameterName(name)
    assert str(caught.value) == message
    assert caught.value.name == name


def test_fails_for_a_name_that_fits_behind_no_arn() -> None:
    """ARN and name may have 1,011 characters; the shortest prefix has 45."""
    ParameterName("/" + "a" * 966)
    with pytest.raises(ParameterNameError, match=r"is 967 characters long: use 966 at most"):
        ParameterName("/" + "a" * 967)


def test_fails_for_a_name_too_long_in_a_region_with_a_longer_name() -> None:
    """The exact check counts this partition, Region and account."""
    here = {"partition": "aws-us-gov", "region": "us-gov-west-1", "account": "111122223333"}
    # "arn:aws-us-gov:ssm:us-gov-west-1:111122223333:parameter/" is 56 characters, which leaves 955.
    ParameterArn(**here, name=ParameterName("a" * 955)).check_length()
    with pytest.raises(ParameterNameError, match="use 955 at most"):
        ParameterArn(**here, name=ParameterName("a" * 956)).check_length()


def test_the_arn_has_one_slash_with_and_without_a_leading_one() -> None:
    """The seed's two examples: a name without levels and one below a path."""
    here = {"partition": "aws", "region": "us-west-2", "account": "111122223333"}
    assert ParameterName("MyParameter").arn(**here) == "arn:aws:ssm:us-west-2:111122223333:parameter/MyParameter"
    assert (
        ParameterName("/ReadableParameters/MyParameter").arn(**here)
        == "arn:aws:ssm:us-west-2:111122223333:parameter/ReadableParameters/MyParameter"
    )


def test_a_slash_before_a_single_level_does_not_make_another_parameter() -> None:
    """``foo`` and ``/foo`` are one parameter to Parameter Store, and equal here."""
    assert ParameterName("foo") == ParameterName("/foo")
    assert len({ParameterName("foo"), ParameterName("/foo")}) == 1


@pytest.mark.parametrize(
    ("arn", "problem"),
    [
        ("parameter/x", "six parts"),
        ("arn:aws:kms:eu-west-1:111122223333:key/x", "'kms'"),
        ("arn:aws:ssm::111122223333:parameter/x", "empty"),
        ("arn:aws:ssm:eu-west-1:111122223333:document/x", "'parameter/'"),
    ],
)
def test_fails_for_what_is_not_the_arn_of_a_parameter(arn: str, problem: str) -> None:
    """The message names the part that is wrong and shows the form."""
    with pytest.raises(ParameterArnError, match=re.escape(problem)) as caught:
        ParameterArn.parse(arn)
    assert caught.value.arn == arn
    assert "arn:<partition>:ssm:<region>:<account>:parameter/" in str(caught.value)


@given(levels=LEVELS)
def test_an_arn_reads_back_as_the_same_parameter(levels: list[str]) -> None:
    """Whatever the name, its ARN names it again."""
    name = ParameterName("/" + "/".join(levels))
    at = ParameterArn(partition="aws-cn", region="cn-north-1", account="111122223333", name=name)
    assert ParameterArn.parse(str(at)) == at
