"""The error tree. Every message says what is wrong, with which input, and what to do; none carries a value.

::

    SecureStringError
    ├── ParameterNameError (ValueError)     the text cannot be a parameter name
    ├── ParameterArnError (ValueError)      the text is not the ARN of a parameter
    ├── SettingError (ValueError)           an argument of ours is out of range or does not fit another
    ├── GrantError (ValueError)             a grant would have no effect, or more than it says
    ├── ContractError (ValueError)          template and function disagree about the custom resource's properties
    ├── PolicyError (ValueError)            a document is no policy that IAM would take
    ├── SecretFormatError (ValueError)      a value is not what it was to be decoded from
    ├── AssemblyError (ValueError)          a folder is not a cloud assembly that can be read
    ├── LifecycleError                      a parameter could not be created, changed or deleted
    └── ParameterReadError                  a parameter could not be fetched, decrypted or stored
        ├── ParameterNotFoundError (KeyError)
        │   └── ParameterVersionNotFoundError   the parameter exists, this version or label does not
        ├── ParameterAccessDeniedError (PermissionError)
        ├── ParameterKeyError               its KMS key cannot be used
        │   ├── ParameterKeyDisabledError
        │   ├── ParameterKeyPendingDeletionError
        │   ├── ParameterKeyPendingImportError
        │   └── ParameterKeyNotFoundError
        ├── ParameterContextError           the ciphertext is not this parameter's, or is damaged
        ├── ParameterThrottledError
        ├── ParameterCredentialsError       there are none, they have expired, or AWS does not know them
        ├── ParameterUnreachableError (ConnectionError)   no answer, after all retries
        └── ParameterWriteError             a value could not be stored, for a reason that reading does not have
            └── ParameterTooLargeError (ValueError)   it is longer than its tier admits
"""

TYPE_CHECKING = False  # typing itself is slow to import, and every program that uses the helper imports this module
if TYPE_CHECKING:
    from typing import Self


class SecureStringError(Exception):
    """Base of every error that this package raises on purpose."""


class ParameterNameError(SecureStringError, ValueError):
    """The text cannot be a Parameter Store name.

    Attributes:
        name: The text as the caller wrote it.
    """

    def __init__(self, name: str, *, problem: str, fix: str) -> None:
        """Say what is wrong with which text, then what to write instead."""
        super().__init__(f"parameter name {name!r} {problem}: {fix}")
        self.name = name


class ParameterArnError(SecureStringError, ValueError):
    """The text is not the ARN of a Parameter Store parameter.

    Attributes:
        arn: The text as the caller wrote it.
    """

    def __init__(self, arn: str, *, problem: str) -> None:
        """Say what is wrong with which text, and show the right form."""
        super().__init__(
            f"{arn!r} is not the ARN of a parameter, {problem}: "
            "write arn:<partition>:ssm:<region>:<account>:parameter/<name without its leading slash>"
        )
        self.arn = arn


class SettingError(SecureStringError, ValueError):
    """An argument is out of its range, or does not go with another one.

    Attributes:
        setting: Name of the argument.
    """

    def __init__(self, setting: str, *, problem: str, fix: str) -> None:
        """Say which argument is wrong and how, then what to write instead."""
        super().__init__(f"{setting} {problem}: {fix}")
        self.setting = setting


class GrantError(SecureStringError, ValueError):
    """A grant that would silently have no effect, or a wider one than its name says.

    Attributes:
        resource: The parameter or key that was to be granted.
    """

    def __init__(self, resource: str, *, problem: str, fix: str) -> None:
        """Say what cannot be granted and why, then what to do instead."""
        super().__init__(f"cannot grant {resource}, {problem}: {fix}")
        self.resource = resource


class ContractError(SecureStringError, ValueError):
    """The properties of a custom resource are not what this version of the function understands."""


class PolicyError(SecureStringError, ValueError):
    """A document is not a policy that IAM would take.

    Attributes:
        place: Where it stands.
    """

    def __init__(self, place: str, *, problem: str, fix: str) -> None:
        """Say where what is wrong, then what to write instead."""
        super().__init__(f"{place} {problem}: {fix}")
        self.place = place


class LifecycleError(SecureStringError):
    """A parameter could not be created, changed or deleted; nothing was lost.

    Attributes:
        name: Name of the parameter.
    """

    def __init__(self, name: str, *, problem: str, fix: str) -> None:
        """Say what could not be done to which parameter and why, then what to do."""
        super().__init__(f"parameter {name}: {problem}. {fix}")
        self.name = name


class ParameterReadError(SecureStringError):
    """A parameter could not be fetched or decrypted; or, by ``put`` and ``rotate``, stored.

    Attributes:
        name: Name or ARN as the caller asked for it.
        problem: What is wrong.
        fix: What to do about it.
        code: Error code of the service, for example ``AccessDeniedException``.
        request_id: Request id of the failed call, for AWS Support. ``None`` if there was no answer.
    """

    def __init__(self, name: str, *, problem: str, fix: str, code: str, request_id: str | None = None) -> None:
        """Say which parameter could not be read and why, then what to do."""
        self._text = f"parameter {name}: {problem}. {fix}"
        super().__init__(self._text)
        self.name = name
        self.problem = problem
        self.fix = fix
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        """Return the sentence (KeyError, one of the bases below, would quote it)."""
        return self._text

    def copy_for(self, name: str) -> "Self":
        """Return the same error for another caller, who may have written the name in another way.

        Threads that wait for one call must not share one exception: each raise adds to its traceback.
        """
        copied = type(self)(name, problem=self.problem, fix=self.fix, code=self.code, request_id=self.request_id)
        copied.__cause__ = self.__cause__
        return copied


class ParameterNotFoundError(ParameterReadError, KeyError):
    """There is no parameter of this name in this account and Region."""


class ParameterAccessDeniedError(ParameterReadError, PermissionError):
    """IAM or the key policy refuses the call; ``fix`` names the permission that is missing."""


class ParameterVersionNotFoundError(ParameterNotFoundError):
    """The parameter exists, but not in this version or under this label."""


class ParameterKeyError(ParameterReadError):
    """The KMS key cannot be used: disabled, pending deletion, pending import, or not found."""


class ParameterKeyDisabledError(ParameterKeyError):
    """The KMS key is disabled."""


class ParameterKeyPendingDeletionError(ParameterKeyError):
    """The KMS key waits for its deletion, which can still be cancelled."""


class ParameterKeyPendingImportError(ParameterKeyError):
    """The KMS key has no key material."""


class ParameterKeyNotFoundError(ParameterKeyError):
    """There is no such KMS key, or it was deleted."""


class ParameterContextError(ParameterReadError):
    """What is stored was not encrypted for this parameter, or not under this key, or is damaged."""


class ParameterThrottledError(ParameterReadError):
    """The service refused the call because of its rate, after all retries."""


class ParameterCredentialsError(ParameterReadError):
    """There are no credentials, they have expired, or AWS does not know them."""


class ParameterUnreachableError(ParameterReadError, ConnectionError):
    """There was no answer: no network, no endpoint, or too slow; after all retries."""


class ParameterWriteError(ParameterReadError):
    """A value could not be stored: the parameter is of another kind, or was made meanwhile, or refuses the value."""


class ParameterTooLargeError(ParameterWriteError, ValueError):
    """A value is longer than the parameter's tier admits; nothing was sent."""


class SecretFormatError(SecureStringError, ValueError):
    """A value is not of the form that it was to be decoded from. It is not in this error, nor in its causes."""


class AssemblyError(SecureStringError, ValueError):
    """A folder is not a cloud assembly, or one of its files cannot be read.

    Attributes:
        path: The folder or file.
    """

    def __init__(self, path: str, *, problem: str, fix: str) -> None:
        """Say what is wrong with which folder or file, then what to run."""
        super().__init__(f"{path} {problem}: {fix}")
        self.path = path
