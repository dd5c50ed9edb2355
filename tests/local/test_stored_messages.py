"""What Parameter Store checks by itself before it returns an advanced value: the store may have been tampered with."""

import base64
import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from ssm_securestring.core.tiers import Tier
from ssm_securestring.local.parameters.values import ValueCipher
from ssm_securestring.local.protocol import Caller, ServiceError
from ssm_securestring.local.settings import AdvancedSuite

if TYPE_CHECKING:
    from ssm_securestring.local.keys.service import KeyService

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db"
CALLER = Caller(access_key="", arn="arn:aws:iam::111122223333:root", account="111122223333", region="eu-west-1")


class CarelessKms:
    """A KMS that opens everything: what is refused here, Parameter Store refuses by itself."""

    def call(self, caller: Caller, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Hand out a data key, or hand back the one that is asked for."""
        assert caller.invoked_by == "ssm.amazonaws.com"
        if operation == "GenerateDataKey":
            key = base64.b64encode(os.urandom(data["NumberOfBytes"])).decode()
            return {"Plaintext": key, "CiphertextBlob": key, "KeyId": KEY}
        return {"Plaintext": data["CiphertextBlob"], "KeyId": data["KeyId"]}


@pytest.fixture(params=list(AdvancedSuite))
def cipher(request: pytest.FixtureRequest) -> ValueCipher:
    """Parameter Store's cipher in each algorithm suite, with a KMS that checks nothing."""
    return ValueCipher(cast("KeyService", CarelessKms()), request.param)


@pytest.fixture
def stored(cipher: ValueCipher) -> dict[str, Any]:
    """An advanced version as it is kept."""
    value = cipher.encrypt(CALLER, key_id=KEY, tier=Tier.ADVANCED, value="secret", arn=ARN)
    return {"Value": value, "ARN": ARN, "Tier": "Advanced"}


def test_untouched_message_is_opened(cipher: ValueCipher, stored: dict[str, Any]) -> None:
    """The message comes back as the value that went in."""
    assert cipher.decrypt(CALLER, stored) == "secret"


def test_fails_when_the_message_belongs_to_another_parameter(cipher: ValueCipher, stored: dict[str, Any]) -> None:
    """A message moved to another parameter is refused after decryption, by its context alone."""
    with pytest.raises(ServiceError) as caught:
        cipher.decrypt(CALLER, stored | {"ARN": f"{ARN}2"})

    assert caught.value.code == "InvalidKeyId"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("position", [0, 3, 30, -40, -1])
def test_fails_when_the_message_was_changed(cipher: ValueCipher, stored: dict[str, Any], position: int) -> None:
    """A flipped bit anywhere is refused with an error that a caller can understand, never with a crash."""
    message = bytearray(base64.b64decode(stored["Value"]))
    message[position] ^= 1

    with pytest.raises(ServiceError) as caught:
        cipher.decrypt(CALLER, stored | {"Value": base64.b64encode(message).decode()})

    assert caught.value.code == "InvalidKeyId"


@pytest.mark.parametrize("length", [0, 1, 20, -1])
def test_fails_when_the_message_was_cut_off(cipher: ValueCipher, stored: dict[str, Any], length: int) -> None:
    """So is a message that ends too early."""
    message = base64.b64decode(stored["Value"])[:length]

    with pytest.raises(ServiceError) as caught:
        cipher.decrypt(CALLER, stored | {"Value": base64.b64encode(message).decode()})

    assert caught.value.code == "InvalidKeyId"
