"""The one place that knows ministack's insides.

ministack is emulated AWS for everything that this product is not about. What is used of it, and what is replaced, is
private to it and may move in any release. So every name is listed here with the signature that is expected, each is
checked when the engine starts, and a mismatch stops the start with a message that names it.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from types import ModuleType
from typing import Any, Final

from ssm_securestring.local.errors import EmbeddedAwsError
from ssm_securestring.local.protocol import Caller, HttpAnswer, JsonObject, ServiceError, Verdict

_KMS: Final = "ministack.services.kms"
_SSM: Final = "ministack.services.ssm"
_EVALUATOR: Final = "ministack.core.iam_evaluator"
_IAM: Final = "ministack.services.iam"
_ACTIONS: Final = "ministack.core.iam_actions"
_RESPONSES: Final = "ministack.core.responses"
_ROUTER: Final = "ministack.core.router"
_RUNTIME: Final = "ministack.core.lambda_runtime"
_LAMBDA: Final = "ministack.services.lambda_svc"
_CUSTOM_RESOURCE: Final = "ministack.services.cloudformation.custom_resource"
_CHANGE_SETS: Final = "ministack.services.cloudformation.changesets"
_PROVISIONERS: Final = "ministack.services.cloudformation.provisioners"
_SECRETS: Final = "ministack.services.secretsmanager"
_APP: Final = "ministack.app"

_HANDLER: Final = "method, path, headers, body, query_params"


@dataclass(frozen=True, slots=True)
class Expected:
    """One name of ministack.

    Attributes:
        module: Where it is.
        name: Its name there.
        form: Names of its parameters, or ``type:`` and the type of a value.
        replaced: Whether we put something of our own in its place.
    """

    module: str
    name: str
    form: str
    replaced: bool = False

    def mismatch(self, found: object) -> str | None:
        """Return what is wrong with what was found; ``None`` if nothing is."""
        if self.form.startswith("type:"):
            kind = type(found).__name__
            return None if kind == self.form.removeprefix("type:") else f"is a {kind}"
        if not callable(found):
            return "cannot be called"
        parameters = ", ".join(inspect.signature(found).parameters)
        return None if parameters == self.form else f"takes ({parameters})"


EXPECTED: Final = (
    Expected(_APP, "app", "scope, receive, send"),
    Expected(_APP, "AUTH", "type:bool"),
    # Authorisation of KMS and Parameter Store is ours: several resources per call, and all condition keys.
    Expected(_ACTIONS, "extract_iam_action", "service, method, path, headers, body, query_params", replaced=True),
    Expected(_ACTIONS, "request_tag_context", "service, iam_action, body, params"),
    Expected(_EVALUATOR, "resolve_principal", "access_key_id, account_id, credential"),
    Expected(_EVALUATOR, "request_caller_arn", "headers, query_params"),
    Expected(_EVALUATOR, "evaluate", "ctx, policies, limits"),
    Expected(_EVALUATOR, "evaluate_resource_policy", "doc, ctx, service, named_only, direct_only"),
    Expected(_EVALUATOR, "combine_resource_policy", "identity, ctx, policy, owner_account, required, limits"),
    Expected(
        _EVALUATOR,
        "EvalContext",
        "principal_arn, principal_type, principal_account, action, resource_arn, region, source_ip, secure_transport, "
        "request_tags, tag_keys, service_context, principal_keys",
    ),
    Expected(_EVALUATOR, "_resolve_condition_key", "key, ctx", replaced=True),
    Expected(_IAM, "_roles", "type:AccountScopedDict"),
    Expected(_IAM, "_IAM_HANDLERS", "type:dict"),
    Expected(_EVALUATOR, "AuthError", "code, message, details"),
    Expected(_EVALUATOR, "_anonymous", "type:ContextVar"),
    Expected(_RESPONSES, "get_account_id", ""),
    Expected(_RESPONSES, "get_region", ""),
    Expected(_RESPONSES, "request_scope", "account_id, region"),
    Expected(_ROUTER, "extract_access_key_id", "headers, query_params"),
    # KMS: cryptography, key states, errors, grants in authorisation and the managed key are ours.
    Expected(_KMS, "handle_request", _HANDLER, replaced=True),
    Expected(_KMS, "_keys", "type:AccountRegionScopedDict"),
    Expected(_KMS, "_aliases", "type:AccountRegionScopedDict"),
    Expected(_KMS, "_grants", "type:AccountRegionScopedDict"),
    Expected(_KMS, "_create_key", "data"),
    Expected(_KMS, "_stamp_alias", "alias_arn, created"),
    # Parameter Store: all of it is ours; ministack's containers keep the records, and the rest of Systems Manager.
    Expected(_SSM, "handle_request", _HANDLER, replaced=True),
    Expected(_SSM, "_put_parameter", "data", replaced=True),
    Expected(_SSM, "_delete_parameter", "data", replaced=True),
    Expected(_SSM, "resolve_parameter_value", "name_or_arn, version, decrypt", replaced=True),
    Expected(_SSM, "_parameters", "type:AccountRegionScopedDict"),
    Expected(_SSM, "_parameter_history", "type:AccountRegionScopedDict"),
    Expected(_SSM, "_tags", "type:AccountRegionScopedDict"),
    Expected(_SSM, "_service_settings", "type:AccountRegionScopedDict"),
    Expected(_SSM, "_public_parameter", "name"),
    # Functions: a clean interpreter and environment, and an answer for CloudFormation when one crashes.
    Expected(_RUNTIME, "_detect_runtime_binary", "runtime", replaced=True),
    Expected(_RUNTIME, "_PYTHON_WORKER_SCRIPT", "type:str"),
    Expected(_RUNTIME, "reset", ""),
    Expected(_LAMBDA, "_execute_function_with_config_scope", "func, event", replaced=True),
    Expected(_CUSTOM_RESOURCE, "deliver_response", "token, response"),
    Expected(_CUSTOM_RESOURCE, "_pending", "type:dict"),
    # CloudFormation: what counts as a change, and what Ref of a secret gives.
    Expected(_CHANGE_SETS, "_resolve_props_for_diff", "template, params, stack_name, stack_id", replaced=True),
    Expected(_PROVISIONERS, "_RESOURCE_HANDLERS", "type:dict"),
    Expected(_SECRETS, "_resolve", "secret_id, use_arn_scope"),
)


class Seam:
    """ministack, checked. Only names of :data:`EXPECTED` can be reached.

    Raises:
        EmbeddedAwsError: ministack is missing, or a name is not as expected.
    """

    def __init__(self) -> None:
        """Import ministack and check every name."""
        self._names = {(each.module, each.name): each for each in EXPECTED}
        self._originals: dict[tuple[str, str], Any] = {}
        for expected in EXPECTED:
            module = _module(expected.module)
            found = getattr(module, expected.name, _ABSENT)
            problem = "is missing" if found is _ABSENT else expected.mismatch(found)
            if problem:
                raise _mismatch(expected, problem)
            self._originals[expected.module, expected.name] = found
        if not self._originals[_APP, "AUTH"]:
            raise EmbeddedAwsError("ministack checks no permissions", fix="Do not set AUTH in the environment.")

    def _original(self, module: str, name: str) -> Any:  # noqa: ANN401 - ministack has no types
        return self._originals[module, name]

    def _replace(self, module: str, name: str, replacement: Callable[..., Any]) -> None:
        if not self._names[module, name].replaced:
            raise KeyError(name)
        setattr(_module(module), name, replacement)

    @property
    def application(self) -> Callable[..., Any]:
        """The ASGI application."""
        application: Callable[..., Any] = self._original(_APP, "app")
        return application

    # -- who calls ---------------------------------------------------------------------------------------------------

    def account(self) -> str:
        """Return the account of the request that is being served."""
        return str(self._original(_RESPONSES, "get_account_id")())

    def region(self) -> str:
        """Return the Region of the request that is being served."""
        return str(self._original(_RESPONSES, "get_region")())

    def in_account(self, account: str, region: str) -> AbstractContextManager[None]:
        """Serve what happens inside as if the request came from this account and Region."""
        scope: AbstractContextManager[None] = self._original(_RESPONSES, "request_scope")(account, region)
        return scope

    def access_key(self, headers: Mapping[str, str], query: Mapping[str, Any]) -> str:
        """Return the access key that signed the request."""
        return str(self._original(_ROUTER, "extract_access_key_id")(headers, query))

    def caller_arn(self, headers: Mapping[str, str], query: Mapping[str, Any]) -> str:
        """Return the ARN of the user, role session or root that signed the request."""
        return str(self._original(_EVALUATOR, "request_caller_arn")(headers, query))

    def is_anonymous(self) -> bool:
        """Return whether the request carries no credentials at all."""
        return bool(self._original(_EVALUATOR, "_anonymous").get())

    # -- what a caller may do ----------------------------------------------------------------------------------------

    def verdict(
        self, caller: Caller, *, action: str, resource: str, context: Mapping[str, Any], key_policy: str | None = None
    ) -> Verdict:
        """Return what the caller's policies say, and those of a key if it has one.

        Raises:
            ServiceError: The credentials are not good.
        """
        principal = self._original(_EVALUATOR, "resolve_principal")(caller.access_key, caller.account)
        if isinstance(principal, self._original(_EVALUATOR, "AuthError")):
            raise ServiceError(principal.code, principal.message)
        request = self._original(_EVALUATOR, "EvalContext")(
            principal_arn=principal.arn,
            principal_type=principal.type,
            principal_account=principal.account,
            principal_keys=principal.keys,
            action=action,
            resource_arn=resource,
            region=caller.region,
            service_context=dict(context),
        )
        resource_decision = together = None
        if key_policy is not None:
            resource_decision = self._original(_EVALUATOR, "evaluate_resource_policy")(key_policy, request).decision
        if principal.policies is None:
            return Verdict(is_root=True, identity="Allow", key_policy=resource_decision, together="Allow")
        identity = self._original(_EVALUATOR, "evaluate")(request, principal.policies, *principal.limits)
        if key_policy is not None:
            together = self._original(_EVALUATOR, "combine_resource_policy")(
                identity, request, key_policy, resource.split(":")[4], required=True, limits=principal.limits
            ).decision
        return Verdict(
            is_root=False,
            identity=identity.decision,
            key_policy=resource_decision,
            together=together or identity.decision,
        )

    def request_tag_context(self, service: str, action: str, body: bytes) -> dict[str, Any]:
        """Return ``aws:RequestTag/*`` and ``aws:TagKeys`` of a request."""
        context: dict[str, Any] = self._original(_ACTIONS, "request_tag_context")(service, action, body, {})
        return context

    def exempt_from_generic_authorisation(self, is_ours: Callable[[str], bool]) -> None:
        """Let our own services authorise their requests; ministack still checks the signature."""
        original = self._original(_ACTIONS, "extract_iam_action")

        def extract_iam_action(*request: Any, **named: Any) -> str | None:  # noqa: ANN401 - ministack has no types
            action: str | None = original(*request, **named)
            return None if action is not None and is_ours(action) else action

        self._replace(_ACTIONS, "extract_iam_action", extract_iam_action)

    def name_sessions_by_their_role(self) -> None:
        """Let ``aws:PrincipalArn`` be the ARN of the role, as IAM documents it, instead of that of the session."""
        original = self._original(_EVALUATOR, "_resolve_condition_key")

        def resolve(key: str, request: Any) -> Any:  # noqa: ANN401 - ministack has no types
            value = original(key, request)
            if key.lower() != "aws:principalarn" or ":assumed-role/" not in value:
                return value
            return self._original(_IAM, "_roles")[value.split("/")[1]]["Arn"]

        self._replace(_EVALUATOR, "_resolve_condition_key", resolve)

    # -- KMS ---------------------------------------------------------------------------------------------------------

    @property
    def keys(self) -> Any:  # noqa: ANN401 - ministack has no types
        """Keys by id, of the account and Region that is being served."""
        return self._original(_KMS, "_keys")

    @property
    def aliases(self) -> Any:  # noqa: ANN401 - ministack has no types
        """Key ids by alias ARN."""
        return self._original(_KMS, "_aliases")

    @property
    def grants(self) -> Any:  # noqa: ANN401 - ministack has no types
        """Grants by id."""
        return self._original(_KMS, "_grants")

    def create_key(self, data: JsonObject) -> HttpAnswer:
        """Create a key."""
        answer: HttpAnswer = self._original(_KMS, "_create_key")(data)
        return answer

    def stamp_alias(self, alias_arn: str) -> None:
        """Note when an alias was made."""
        self._original(_KMS, "_stamp_alias")(alias_arn, created=True)

    def replace_kms(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Serve KMS with ``handler``; returns what served it before."""
        self._replace(_KMS, "handle_request", handler)
        original: Callable[..., Any] = self._original(_KMS, "handle_request")
        return original

    # -- Parameter Store ---------------------------------------------------------------------------------------------

    @property
    def parameters(self) -> Any:  # noqa: ANN401 - ministack has no types
        """Parameters by name, of the account and Region that is being served."""
        return self._original(_SSM, "_parameters")

    @property
    def parameter_history(self) -> Any:  # noqa: ANN401 - ministack has no types
        """Lists of versions by name."""
        return self._original(_SSM, "_parameter_history")

    @property
    def parameter_tags(self) -> Any:  # noqa: ANN401 - ministack has no types
        """Tags by ARN; CloudFormation writes to them as well."""
        return self._original(_SSM, "_tags")

    @property
    def service_settings(self) -> Any:  # noqa: ANN401 - ministack has no types
        """Settings of the account by id."""
        return self._original(_SSM, "_service_settings")

    def public_parameter(self, name: str) -> dict[str, Any] | None:
        """Return a parameter that AWS publishes for every account."""
        found: dict[str, Any] | None = self._original(_SSM, "_public_parameter")(name)
        return found

    def replace_parameter_store(
        self,
        *,
        handler: Callable[..., Any],
        put: Callable[..., Any],
        delete: Callable[..., Any],
        resolve: Callable[..., Any],
    ) -> Callable[..., Any]:
        """Serve Systems Manager with ``handler``, and CloudFormation with the rest; returns the handler before."""
        self._replace(_SSM, "handle_request", handler)
        self._replace(_SSM, "_put_parameter", put)
        self._replace(_SSM, "_delete_parameter", delete)
        self._replace(_SSM, "resolve_parameter_value", resolve)
        original: Callable[..., Any] = self._original(_SSM, "handle_request")
        return original

    # -- functions ---------------------------------------------------------------------------------------------------

    @property
    def python_worker_script(self) -> str:
        """The program that runs a Python function."""
        return str(self._original(_RUNTIME, "_PYTHON_WORKER_SCRIPT"))

    def replace_runtime_lookup(self, replacement: Callable[[str], tuple[str, str]]) -> Callable[[str], tuple[str, str]]:
        """Choose the interpreter and program of functions; returns what chose them before."""
        self._replace(_RUNTIME, "_detect_runtime_binary", replacement)
        original: Callable[[str], tuple[str, str]] = self._original(_RUNTIME, "_detect_runtime_binary")
        return original

    def end_workers(self) -> None:
        """End every process that runs a function."""
        self._original(_RUNTIME, "reset")()

    def replace_function_execution(self, replacement: Callable[..., Any]) -> Callable[..., Any]:
        """Run functions with ``replacement``; returns what ran them before."""
        self._replace(_LAMBDA, "_execute_function_with_config_scope", replacement)
        original: Callable[..., Any] = self._original(_LAMBDA, "_execute_function_with_config_scope")
        return original

    def answer_custom_resource(self, token: str, response: dict[str, Any]) -> None:
        """Answer CloudFormation for a function, unless the function did."""
        pending = self._original(_CUSTOM_RESOURCE, "_pending").get(token)
        if pending is not None and not pending["event"].is_set():
            self._original(_CUSTOM_RESOURCE, "deliver_response")(token, response)

    # -- CloudFormation ----------------------------------------------------------------------------------------------

    @property
    def resource_handlers(self) -> dict[str, dict[str, Any]]:
        """The functions that make, change and delete resources, by type of resource."""
        handlers: dict[str, dict[str, Any]] = self._original(_PROVISIONERS, "_RESOURCE_HANDLERS")
        return handlers

    def iam(self, action: str, parameters: dict[str, str]) -> Any:  # noqa: ANN401 - ministack has no types
        """Perform an action of IAM as the account itself; returns the HTTP answer."""
        return self._original(_IAM, "_IAM_HANDLERS")[action](parameters)

    def secret_key(self, secret_id: str) -> str:
        """Return what ministack keeps a secret under; the id itself if there is no such secret."""
        key, _ = self._original(_SECRETS, "_resolve")(secret_id)
        return str(key or secret_id)

    def wrap_change_detection(self, prepare: Callable[[Any], Any]) -> None:
        """Compare templates as ``prepare`` returns them."""
        original = self._original(_CHANGE_SETS, "_resolve_props_for_diff")

        def resolve(template: Any, *context: Any) -> Any:  # noqa: ANN401 - ministack has no types
            return original(prepare(template), *context)

        self._replace(_CHANGE_SETS, "_resolve_props_for_diff", resolve)


_ABSENT: Final = object()


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EmbeddedAwsError(
            f"{name} cannot be imported ({error})", fix="Install the extra: pip install 'ssm-securestring[local]'."
        ) from error


def _mismatch(expected: Expected, problem: str) -> EmbeddedAwsError:
    wanted = expected.form.replace("type:", "a value of type ") if "type:" in expected.form else f"({expected.form})"
    return EmbeddedAwsError(
        f"ministack {version('ministack')} does not fit: {expected.module}.{expected.name} {problem}, "
        f"expected {wanted}",
        fix="Install the version that requirements.txt pins.",
    )
