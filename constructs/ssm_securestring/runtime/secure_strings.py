"""Fetch and decrypt SecureString parameters."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from ssm_securestring.core.errors import ParameterNameError, SettingError
from ssm_securestring.runtime.cache import Cache
from ssm_securestring.runtime.calls import NoAnswerError, ServiceRefusalError, Transport
from ssm_securestring.runtime.connect import connect, this_environment
from ssm_securestring.runtime.failures import from_no_answer, from_refusal
from ssm_securestring.runtime.handle import ParameterHandle
from ssm_securestring.runtime.lifecycle import watch
from ssm_securestring.runtime.locked import Once
from ssm_securestring.runtime.parameters import Outcome
from ssm_securestring.runtime.reader import Reader
from ssm_securestring.runtime.record import Record
from ssm_securestring.runtime.reference import parse
from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.values import SecretValues

if TYPE_CHECKING:
    import os

    from types_boto3_kms import KMSClient
    from types_boto3_ssm import SSMClient

    from ssm_securestring.core.errors import ParameterReadError
    from ssm_securestring.core.tiers import Tier
    from ssm_securestring.runtime.direct import DirectDecryptor

_DEFAULT_TTL_SECONDS: Final = 300.0
_DEFAULT_MISSING_TTL_SECONDS: Final = 5.0
_DEFAULT_MAX_STALE_SECONDS: Final = 3600.0
_DEFAULT_TIMEOUT_SECONDS: Final = 10.0

_OFFLINE_VARIABLE: Final = "SSM_SECURESTRING_OFFLINE"

_monotonic = time.monotonic
_wall = time.time


class SecureStrings:
    """Fetches and decrypts parameters, under the permissions of whoever runs it; keeps them for some minutes.

    It needs ``ssm:GetParameter``, ``ssm:GetParameters`` and, for a customer-managed key, ``kms:Decrypt``:
    what ``grant_read`` of the construct gives. Make one and share it: threads that want the same parameter share one
    call, and calls for several share batches of ten.

    Args:
        client: A boto3 client for Systems Manager. Default: the standard library where the credentials are in the
            environment or come from the endpoint of a container or an instance, a boto3 client otherwise.
        region: Region. Default: the environment's.
        ttl_seconds: How long a value may be used before it is fetched again. 0 keeps none. Default: 300.
        missing_ttl_seconds: How long a name that does not exist is not asked for again. Default: 5.
        max_stale_seconds: How long after that a value may stand in while Parameter Store throttles or cannot be
            reached; never after a refusal. Default: 3600.
        timeout_seconds: How long a call may take, all retries included. Default: 10.
        on_stale: Is called with the error, in the thread that asked, when a value stands in. What it raises comes out
            of :meth:`get`. Default: only a warning is logged.
        decrypt: ``"service"`` lets Parameter Store decrypt; ``"direct"`` calls ``kms:Decrypt`` from here, for which
            permissions must not demand ``kms:ViaService``, one call for each parameter. Advanced parameters then
            need the extra ``direct``. Default: ``"service"``.
        key_arns: With ``"direct"``: ARNs of the KMS keys that values may be encrypted with.
        kms_client: With ``"direct"``: a boto3 client for KMS. Default: made as that for Systems Manager.
        offline: Values by name, or the path of a JSON file that holds such: nothing is asked of AWS then.
            Default: the file that ``SSM_SECURESTRING_OFFLINE`` names, if it is set.

    Raises:
        SettingError: A number is out of its range, or ``decrypt`` and ``key_arns`` do not go together.

    Example:
        >>> secrets = SecureStrings()
        >>> connect(password=secrets.get("/shop/db/password").reveal())

    Source:
        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
    """

    def __init__(
        self,
        *,
        client: "SSMClient | None" = None,
        region: str | None = None,
        ttl_seconds: float = _DEFAULT_TTL_SECONDS,
        missing_ttl_seconds: float = _DEFAULT_MISSING_TTL_SECONDS,
        max_stale_seconds: float = _DEFAULT_MAX_STALE_SECONDS,
        timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS,
        on_stale: "Callable[[ParameterReadError], None] | None" = None,
        decrypt: Literal["service", "direct"] = "service",
        key_arns: Sequence[str] = (),
        kms_client: "KMSClient | None" = None,
        offline: "Mapping[str, str] | str | os.PathLike[str] | None" = None,
    ) -> None:
        """Remember how to reach Parameter Store; no call is made yet."""
        durations = {
            "ttl_seconds": ttl_seconds,
            "missing_ttl_seconds": missing_ttl_seconds,
            "max_stale_seconds": max_stale_seconds,
        }
        for setting, seconds in durations.items():
            if not seconds >= 0:
                raise SettingError(setting, problem=f"is {seconds}", fix="write 0 or more")
        if not timeout_seconds > 0:
            raise SettingError("timeout_seconds", problem=f"is {timeout_seconds}", fix="write more than 0")
        if decrypt not in {"service", "direct"} or (decrypt == "service" and (key_arns or kms_client)):
            fix = "write 'direct' with key_arns, or leave both out"
            raise SettingError("decrypt", problem=f"is {decrypt!r}", fix=fix)
        self._decryptor = self._make_decryptor(key_arns, kms_client) if decrypt == "direct" else None
        self._client = client
        self._offline = offline
        self._region = region
        self._timeout_seconds = timeout_seconds
        self._cache = Cache(**durations)
        self._texts = self._cache.texts
        self._reader = Reader(self._connect, self._cache, on_stale)
        watch(self._reader)

    def get(self, name: str) -> SecretValue:
        """Return the value of one parameter; fetches and decrypts it if it is not known or too old.

        Args:
            name: Its name or ARN; behind it, after a colon, a version number or label if not the newest is wanted.

        Raises:
            ParameterNameError: ``name`` cannot be a parameter name.
            ParameterNotFoundError: There is none of this name.
            ParameterAccessDeniedError: A permission is missing; the message says which, on what.
            ParameterKeyError: The KMS key is disabled, pending deletion or import, or gone.
            ParameterThrottledError: Too many calls, after all retries.
            ParameterReadError: Anything else, with the service's code.
        """
        entry = self._texts.get(name)
        if entry is not None and _monotonic() < entry.until and _wall() < entry.until_wall:
            return entry.value
        return self.record(name).value

    def known(self, name: str, *, max_age_seconds: float | None = None) -> SecretValue | None:
        """Return a value only if no call is needed for it.

        Args:
            name: As for :meth:`get`.
            max_age_seconds: How old it may be. Default: as old as its time to live.
        """
        key = parse(name).key
        found = self._cache.find(key, name) if max_age_seconds is None else self._cache.young(key, max_age_seconds)
        return found.value if isinstance(found, Record) else None

    def record(self, name: str) -> Record:
        """Return what :meth:`get` does, with version, ARN and type."""
        return _or_raise(self._reader.read([parse(name)])[name])

    def refresh(self, name: str) -> SecretValue:
        """Fetch and decrypt one parameter now, whatever is known; for use after a rotation.

        Raises:
            ParameterReadError: As :meth:`get`; an older value never stands in.
        """
        return _or_raise(self._reader.read([parse(name)], fresh=True)[name]).value

    def get_many(self, names: Iterable[str]) -> SecretValues:
        """Return the values of several parameters: one call for ten names that are not known, in parallel.

        A call that fails as a whole is repeated name by name, so that one key or permission does not take others along.

        Args:
            names: As for :meth:`get`; the same one twice is asked for once.

        Raises:
            ParameterNameError: One of ``names`` cannot be a parameter name; nothing is fetched.
        """
        references = [parse(name) for name in dict.fromkeys(names)]
        return _values(self._reader.read(references))

    def get_by_path(self, path: str, *, recursive: bool = True) -> SecretValues:
        """Fetch and decrypt all parameters below a path; :meth:`get` knows each of them afterwards.

        This needs ``ssm:GetParametersByPath``, which ``grant_read`` does not give, and takes one call after the other
        for ten parameters each: where the names are known, :meth:`get_many` is faster.

        Args:
            path: Path with a leading slash, for example ``/shop``.
            recursive: Also what is more than one level below. Default: yes.

        Raises:
            ParameterNameError: ``path`` has no leading slash.
            ParameterReadError: The path could not be listed.
        """
        if not path.startswith("/"):
            raise ParameterNameError(path, problem="is not a path", fix=f"write {'/' + path!r}")
        return _values(self._reader.read_below(path, recursive=recursive))

    def prefetch(self, names: Iterable[str]) -> None:
        """Fetch what will be needed, for example while a function initializes; :meth:`get` tells of failures."""
        self.get_many(names)

    def put(
        self,
        name: str,
        value: str | SecretValue,
        *,
        key_id: str | None = None,
        tier: "Tier | str | None" = None,
        description: str | None = None,
        create: bool = False,
    ) -> int:
        """Store a new value of a SecureString; key, tier, description and all other settings stay as they are.

        It needs ``ssm:PutParameter``; ``kms:Encrypt`` (standard tier) or ``kms:GenerateDataKey`` (advanced) for a
        customer-managed key; and ``ssm:DescribeParameters``, which AWS grants on all parameters or none. With
        ``key_id``, ``tier`` and ``description``, ``ssm:GetParameter`` is enough instead of that last one.

        The last writer wins: Parameter Store has no conditional writes. After an error that says that the service did
        not answer, the value may have been stored all the same; putting it again is safe.

        Args:
            name: Its name, without version or label.
            value: 1 to 4,096 bytes of UTF-8 in the standard tier, 8,192 in the others.
            key_id: KMS key to encrypt with. Default: the parameter's.
            tier: ``"Standard"``, ``"Advanced"`` or ``"Intelligent-Tiering"``. Default: the parameter's; for a new one
                ``"Standard"``.
            description: Description. Default: the parameter's.
            create: Make the parameter if there is none; needs ``key_id``. Default: refuse.

        Returns:
            The version that was stored. All who ask this helper get its value from now on.

        Raises:
            ParameterNameError: ``name`` is an ARN, or has a version or label, or could be no name.
            ParameterNotFoundError: There is none of this name, and ``create`` was not asked for.
            ParameterTooLargeError: ``value`` is too long for the tier; nothing was sent.
            ParameterWriteError: The parameter is no SecureString, or refuses the value.
            ParameterAccessDeniedError: A permission is missing; the message says which, on what.
            ParameterReadError: As :meth:`get`.
        """
        from ssm_securestring.runtime import writing

        how = writing.wanted(key_id=key_id, tier=tier, description=description, create=create)
        return writing.put(self._reader, name, writing.secret(value), how)

    def rotate(
        self,
        name: str,
        make: "Callable[[SecretValue], str | SecretValue]",
        *,
        key_id: str | None = None,
        tier: "Tier | str | None" = None,
        description: str | None = None,
    ) -> int:
        """Read a value, make a new one of it, and store that as :meth:`put` does.

        The value is read from Parameter Store, whatever is known. If somebody else stores one in between, it stays in
        the parameter's history, and a warning with both versions is logged.

        Args:
            name: Its name, without version or label.
            make: Returns the new value. What it raises comes out as it is, and nothing is stored.
            key_id: As for :meth:`put`.
            tier: As for :meth:`put`.
            description: As for :meth:`put`.

        Returns:
            The version that was stored.

        Raises:
            ParameterReadError: As :meth:`refresh` and :meth:`put`.

        Example:
            >>> version = secrets.rotate("/shop/db/password", lambda old: token_urlsafe())
        """
        from ssm_securestring.runtime import writing

        how = writing.wanted(key_id=key_id, tier=tier, description=description)
        return writing.rotate(self._reader, name, make, how)

    def invalidate(self, *names: str) -> None:
        """Forget some parameters, or all if none is named, so that the next one who asks gets what is stored then."""
        self._reader.forget([parse(name) for name in names] or None)

    def decrypt(self, ciphertext: str, *, parameter_arn: str) -> SecretValue:
        """Decrypt a ciphertext that came another way: out of a file or a variable. Parameter Store is not asked.

        Args:
            ciphertext: As Parameter Store returns it without decryption: base64.
            parameter_arn: ARN of the parameter it was encrypted for.

        Raises:
            SettingError: This helper was not made with ``decrypt="direct"``.
            ParameterContextError: It is another parameter's, under another key, or damaged.
            ParameterReadError: KMS refuses, or does not answer.
        """
        if self._decryptor is None:
            fix = "make this helper with decrypt='direct' and key_arns"
            raise SettingError("decrypt", problem="is 'service'", fix=fix)
        try:
            return SecretValue(self._decryptor.open(ciphertext, parameter_arn=parameter_arn))
        except ServiceRefusalError as refusal:
            raise from_refusal(parameter_arn, refusal) from refusal
        except NoAnswerError as failure:
            raise from_no_answer(parameter_arn, failure) from failure

    def parameter(self, name: str) -> ParameterHandle:
        """Return a handle on one parameter: hand that to code that needs this one and no other.

        Raises:
            ParameterNameError: ``name`` cannot be a parameter name.
        """
        parse(name)
        return ParameterHandle(self, name)

    def __repr__(self) -> str:
        """Show no value and no name."""
        return "SecureStrings()"

    def _make_decryptor(self, key_arns: Sequence[str], kms_client: object) -> "DirectDecryptor":
        from ssm_securestring.runtime.direct import DirectDecryptor

        return DirectDecryptor(Once(lambda: self._transport("kms", kms_client)).get, key_arns)

    def _connect(self) -> Transport:
        offline = self._offline
        if offline is None and self._client is None:
            offline = this_environment().get(_OFFLINE_VARIABLE) or None
        if offline is not None:
            from ssm_securestring.runtime.offline import OfflineTransport, read_file

            return OfflineTransport(offline if isinstance(offline, Mapping) else read_file(offline))
        transport = self._transport("ssm", self._client)
        if self._decryptor is None:
            return transport
        from ssm_securestring.runtime.direct import DirectTransport

        return DirectTransport(transport, self._decryptor)

    def _transport(self, service: str, client: object) -> Transport:
        if client is not None:
            from ssm_securestring.runtime.client import Boto3Transport

            return Boto3Transport(client)
        return connect(service, region=self._region, seconds=self._timeout_seconds, environment=this_environment())


def _or_raise(outcome: Outcome) -> Record:
    if isinstance(outcome, Record):
        return outcome
    raise outcome from outcome.__cause__


def _values(outcomes: dict[str, Outcome]) -> SecretValues:
    values, errors = {}, {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, Record):
            values[name] = outcome.value
        else:
            errors[name] = outcome
    return SecretValues(values, errors)
