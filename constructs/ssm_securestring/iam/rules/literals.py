"""Rules about values in templates: whoever may look at a template, a function or a parameter can read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ssm_securestring.core.credentials import is_placeholder, known_form, looks_random, names_a_secret
from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.rules.rule import Problem, Resource, Severity, rule

_PARAMETER: Final = "AWS::SSM::Parameter"
# CloudFormation User Guide, "Using dynamic references to specify template values", secure string parameters.
_SECURE_REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::DirectoryService::MicrosoftAD": ("Password",),
    "AWS::DirectoryService::SimpleAD": ("Password",),
    "AWS::ElastiCache::ReplicationGroup": ("AuthToken",),
    "AWS::IAM::User": ("LoginProfile/Password",),
    "AWS::KinesisFirehose::DeliveryStream": ("RedshiftDestinationConfiguration/Password",),
    "AWS::OpsWorks::App": ("AppSource/Password",),
    "AWS::OpsWorks::Stack": ("CustomCookbooksSource/Password", "RdsDbInstances/DbPassword"),
    "AWS::RDS::DBCluster": ("MasterUserPassword",),
    "AWS::RDS::DBInstance": ("MasterUserPassword",),
    "AWS::Redshift::Cluster": ("MasterUserPassword",),
}


@rule(
    "securestring-in-template",
    Severity.ERROR,
    title="An AWS::SSM::Parameter of type SecureString",
    reason="CloudFormation refuses it when it is deployed, and its value stands in the template",
    fix="use SecureStringParameter, whose value is made or fetched inside a function",
    source="CloudFormation Template Reference, 'AWS::SSM::Parameter', Type",
)
def securestring_in_template(resource: Resource) -> Iterator[Problem]:
    """Find parameters of a type that CloudFormation cannot create."""
    if resource.type == _PARAMETER and resource.properties.get("Type") == "SecureString":
        yield Problem(location="Properties/Type", text="CloudFormation cannot create a SecureString")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A value with a name, and where it stands. Its ``repr`` has no value."""

    location: str
    name: str
    value: object

    def __repr__(self) -> str:
        return f"_Named({self.location})"

    def problem(self) -> str | None:
        """Say why it looks like a secret, without repeating it."""
        if isinstance(self.value, Unknown):
            # What is known of it is known for certain: postgres://app:…@<the host of a database>.
            form = known_form(self.value.pattern.replace("*", "x"))
            return f"holds {form}" if form else None
        if not isinstance(self.value, str):
            return None
        form = known_form(self.value)
        if form:
            return f"holds {form}"
        if is_placeholder(self.value):
            return None
        if names_a_secret(self.name):
            return "is named like a secret and holds a literal"
        return "holds a literal as random as a key" if looks_random(self.name, self.value) else None


def _problems(values: Iterator[_Named]) -> Iterator[Problem]:
    for each in values:
        problem = each.problem()
        if problem:
            yield Problem(location=each.location, text=f"{each.name!r} {problem}")


@rule(
    "secret-in-parameter",
    Severity.ERROR,
    title="A literal that looks like a secret in a parameter",
    reason="a String parameter is not encrypted with a key of yours, and its value stands in the template: in the "
    "repository, in the bucket of the assembly, and for everybody who may describe the stack",
    fix="use SecureStringParameter with ValueSource.generated(), .secrets_manager(...), .sealed(...) or .external()",
    source="CloudFormation User Guide, 'CloudFormation best practices', Do not embed credentials in your templates",
)
def secret_in_parameter(resource: Resource) -> Iterator[Problem]:
    """Find parameters that are not secure and hold what looks like a secret."""
    if resource.type == _PARAMETER:
        name = resource.properties.get("Name")
        named = name if isinstance(name, str) else resource.logical_id
        value = resource.properties.get("Value")
        yield from _problems(iter((_Named(location="Properties/Value", name=named, value=value),)))


@rule(
    "secret-in-environment",
    Severity.ERROR,
    title="A literal that looks like a secret in an environment variable",
    reason="everybody who may look at a function or a task definition sees its environment, and the template has it, "
    "too",
    fix="put the parameter's name into the environment and fetch the value when it is needed: "
    "SecureStrings().get(name); in a container definition, use Secrets",
    source="Lambda Developer Guide, 'Using environment variables'; CloudFormation User Guide, 'CloudFormation best "
    "practices', Do not embed credentials in your templates",
)
def secret_in_environment(resource: Resource) -> Iterator[Problem]:
    """Find variables of functions and containers that hold what looks like a secret."""
    yield from _problems(_variables(resource))


def _variables(resource: Resource) -> Iterator[_Named]:
    if resource.type == "AWS::Lambda::Function":
        environment = resource.properties.get("Environment")
        variables = environment.get("Variables") if isinstance(environment, Mapping) else None
        for name, value in variables.items() if isinstance(variables, Mapping) else ():
            yield _Named(location=f"Properties/Environment/Variables/{name}", name=name, value=value)
    if resource.type == "AWS::ECS::TaskDefinition":
        containers = resource.properties.get("ContainerDefinitions")
        for index, container in enumerate(containers if isinstance(containers, list) else []):
            variables = container.get("Environment") if isinstance(container, Mapping) else None
            for number, each in enumerate(variables if isinstance(variables, list) else []):
                if isinstance(each, Mapping) and isinstance(each.get("Name"), str):
                    where = f"Properties/ContainerDefinitions/{index}/Environment/{number}/Value"
                    yield _Named(location=where, name=each["Name"], value=each.get("Value"))


@rule(
    "unresolved-secure-reference",
    Severity.ERROR,
    title="A secure reference where CloudFormation does not resolve it",
    reason="{{resolve:ssm-secure:...}} works in a few properties for passwords only: elsewhere the deployment fails, "
    "and a custom resource is handed the text itself",
    fix="pass the parameter's name, and fetch the value where it is needed",
    source="CloudFormation User Guide, 'Using dynamic references to specify template values', secure string parameters",
)
def unresolved_secure_reference(resource: Resource) -> Iterator[Problem]:
    """Find secure dynamic references in properties that do not take them."""
    allowed = _SECURE_REFERENCES.get(resource.type, ())
    for path, value in _leaves(resource.properties, ""):
        text = value.pattern if isinstance(value, Unknown) else value
        if isinstance(text, str) and "{{resolve:ssm-secure:" in text:
            without_numbers = "/".join(part for part in path.split("/") if not part.isdigit())
            if without_numbers not in allowed:
                yield Problem(location=f"Properties/{path}", text="CloudFormation does not resolve it here")


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if not isinstance(value, Mapping | list):
        yield path, value
        return
    for name, each in value.items() if isinstance(value, Mapping) else enumerate(value):
        yield from _leaves(each, f"{path}/{name}".removeprefix("/"))
