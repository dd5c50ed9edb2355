"""The error tree is part of the API."""

import pytest

from ssm_securestring.core import errors


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (errors.ParameterNameError, (errors.SecureStringError, ValueError)),
        (errors.ParameterArnError, (errors.SecureStringError, ValueError)),
        (errors.SettingError, (errors.SecureStringError, ValueError)),
        (errors.GrantError, (errors.SecureStringError, ValueError)),
        (errors.ContractError, (errors.SecureStringError, ValueError)),
        (errors.LifecycleError, (errors.SecureStringError,)),
        (errors.ParameterReadError, (errors.SecureStringError,)),
        (errors.ParameterNotFoundError, (errors.ParameterReadError, KeyError)),
        (errors.ParameterAccessDeniedError, (errors.ParameterReadError, PermissionError)),
        (errors.ParameterKeyError, (errors.ParameterReadError,)),
        (errors.ParameterThrottledError, (errors.ParameterReadError,)),
    ],
)
def test_each_error_is_also_what_its_standard_base_says(
    error: type[Exception], bases: tuple[type[Exception], ...]
) -> None:
    """Callers can catch ours, or the standard library's."""
    assert all(issubclass(error, base) for base in bases)


def test_an_error_about_a_missing_parameter_reads_as_a_sentence() -> None:
    """KeyError would print its argument quoted."""
    error = errors.ParameterNotFoundError(
        "/shop/db", problem="not found", fix="Check the name.", code="ParameterNotFound", request_id="42"
    )
    assert str(error) == "parameter /shop/db: not found. Check the name."
    assert (error.name, error.code, error.request_id) == ("/shop/db", "ParameterNotFound", "42")
