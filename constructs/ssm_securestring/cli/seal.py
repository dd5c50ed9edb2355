"""``ssm-securestring seal``: a value on standard input becomes a text that opens for one parameter only."""

import argparse
import secrets
import sys
from typing import TYPE_CHECKING, Final

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.sealing import MAX_SEALED_BYTES, SEALING_ID_BYTES, SealedText, parts_of, sealing_context

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

_REFUSED: Final = 1


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``seal``."""
    seal = commands.add_parser(
        "seal",
        help="encrypt a value for one parameter, to be committed",
        description=(
            "Reads a value from standard input, without one line feed at its end, and prints what "
            "ValueSource.sealed(...) takes. It opens for this name in this account and Region only."
        ),
    )
    seal.add_argument("--name", required=True, help="full name of the parameter")
    seal.add_argument("--key", required=True, help="symmetric KMS key: ARN, id or alias; not the parameter's own")
    seal.add_argument("--region", default=None, help="the parameter's Region (default: that of the AWS configuration)")
    seal.set_defaults(run=_seal)


def _seal(arguments: argparse.Namespace) -> int:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    name, value = ParameterName(arguments.name), _value()
    session = boto3.Session(region_name=arguments.region)
    try:
        account = session.client("sts").get_caller_identity()["Account"]
        region = session.region_name
        arn = name.arn(partition=session.get_partition_for_region(region), region=region, account=account)
        sealed = _encrypted(session.client("kms"), arguments.key, value, arn)
    except (BotoCoreError, ClientError) as error:
        # The text of a refusal by KMS names key and principal; a value is in none of these.
        print(f"ssm-securestring: cannot seal: {error}", file=sys.stderr)
        return _REFUSED
    print(sealed)
    return 0


def _value() -> bytes:
    value = sys.stdin.buffer.read().removesuffix(b"\n")
    if not 1 <= len(value) <= MAX_SEALED_BYTES:
        raise SettingError(
            "standard input",
            problem=f"has {len(value)} bytes",
            fix=f"seal 1 to {MAX_SEALED_BYTES} bytes, the most that a parameter holds",
        )
    try:
        value.decode()
    except UnicodeDecodeError:
        pass
    else:
        return value
    # Out here, since the error keeps the value.
    raise SettingError("standard input", problem="is not UTF-8, and a parameter holds text", fix="encode it in Base64")


def _encrypted(kms: "KMSClient", key: str, value: bytes, parameter_arn: str) -> SealedText:
    parts = parts_of(value)
    sealing_id = secrets.token_hex(SEALING_ID_BYTES) if len(parts) > 1 else ""
    ciphertexts = [
        kms.encrypt(
            KeyId=key,
            Plaintext=part,
            EncryptionContext=sealing_context(parameter_arn, sealing_id=sealing_id, part=number, parts=len(parts)),
        )["CiphertextBlob"]
        for number, part in enumerate(parts, 1)
    ]
    return SealedText(ciphertexts=tuple(ciphertexts), sealing_id=sealing_id)
