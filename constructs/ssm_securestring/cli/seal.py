"""``ssm-securestring seal``: a value on standard input becomes a ciphertext that opens for one parameter only."""

import argparse
import base64
import sys
from typing import Final

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.sealing import MAX_SEALED_BYTES, sealing_context

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

    name, value = ParameterName(arguments.name), sys.stdin.buffer.read().removesuffix(b"\n")
    if not 1 <= len(value) <= MAX_SEALED_BYTES:
        raise SettingError(
            "standard input",
            problem=f"has {len(value)} bytes",
            fix=f"seal 1 to {MAX_SEALED_BYTES} bytes; keep a longer value in Secrets Manager and use "
            "ValueSource.secrets_manager(...)",
        )
    session = boto3.Session(region_name=arguments.region)
    try:
        account = session.client("sts").get_caller_identity()["Account"]
        region = session.region_name
        arn = name.arn(partition=session.get_partition_for_region(region), region=region, account=account)
        sealed = session.client("kms").encrypt(
            KeyId=arguments.key, Plaintext=value, EncryptionContext=sealing_context(arn)
        )["CiphertextBlob"]
    except (BotoCoreError, ClientError) as error:
        # The text of a refusal by KMS names key and principal; a value is in none of these.
        print(f"ssm-securestring: cannot seal: {error}", file=sys.stderr)
        return _REFUSED
    print(base64.b64encode(sealed).decode())
    return 0
