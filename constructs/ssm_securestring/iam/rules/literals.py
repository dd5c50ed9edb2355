"""Rules about values in templates: whoever may look at a template, a function or a parameter can read them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ssm_securestring.core.credentials import is_placeholder, known_form, looks_random, names_a_secret
from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.patterns import pattern_of
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

# They are long and hold no values.
_POLICIES: Final = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")


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
    """A value with a name.

    Args:
        name: The name.
        location: Where it stands, within the properties.
    """

    name: str
    location: tuple[str | int, ...]

    def problem(self, resource: Resource) -> str | None:
        """Say why its value looks like a secret, without repeating it."""
        value = _at(resource.properties, self.location)
        if not isinstance(value, str | Unknown):
            return None
        # What is known of it is known for certain: postgres://shop:hunter2@<the host of a database>.
        form = known_form(pattern_of(value).replace("*", "x"))
        if form:
            return f"holds {form}"
        written = _at(resource.properties if resource.written is None else resource.written, self.location)
        # A reference is no literal, whatever it refers to.
        if not isinstance(written, str) or is_placeholder(written):
            return None
        if names_a_secret(self.name):
            return "is named like a secret and holds a literal"
        return "holds a literal as random as a key" if looks_random(self.name, written) else None


def _at(value: object, location: tuple[str | int, ...]) -> object:
    """Return what stands at a place; ``None`` where nothing does."""
    for step in location:
        if isinstance(value, list):
            value = value[step] if isinstance(step, int) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _problems(resource: Resource, values: Iterable[_Named]) -> Iterator[Problem]:
    for each in values:
        problem = each.problem(resource)
        if problem:
            where = "/".join(map(str, ("Properties", *each.location)))
            yield Problem(location=where, text=f"{each.name!r} {problem}")


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
        yield from _problems(resource, [_Named(name=named, location=("Value",))])


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
    yield from _problems(resource, _variables(resource))


def _variables(resource: Resource) -> Iterator[_Named]:
    if resource.type == "AWS::Lambda::Function":
        variables = _at(resource.properties, ("Environment", "Variables"))
        for name in variables if isinstance(variables, Mapping) else ():
            yield _Named(name=name, location=("Environment", "Variables", name))
    if resource.type == "AWS::ECS::TaskDefinition":
        containers = resource.properties.get("ContainerDefinitions")
        for index in range(len(containers) if isinstance(containers, list) else 0):
            place = ("ContainerDefinitions", index, "Environment")
            variables = _at(resource.properties, place)
            for number in range(len(variables) if isinstance(variables, list) else 0):
                name = _at(variables, (number, "Name"))
                if isinstance(name, str):
                    yield _Named(name=name, location=(*place, number, "Value"))


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
    if resource.type in _POLICIES:
        return
    allowed = _SECURE_REFERENCES.get(resource.type, ())
    written = resource.properties if resource.written is None else resource.written
    for path, text in _texts(written):
        if "{{resolve:ssm-secure:" in text and "/".join(part for part in path if not part.isdigit()) not in allowed:
            yield Problem(location="/".join(("Properties", *path)), text="CloudFormation does not resolve it here")


def _texts(properties: object) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return all texts of a template with the properties that they stand in, also as a part of a function."""
    left: list[tuple[tuple[str, ...], object, bool]] = [((), properties, False)]
    while left:
        path, value, within = left.pop()
        if isinstance(value, str | Unknown):
            yield path, pattern_of(value)
        elif isinstance(value, Mapping | list):
            for name, each in value.items() if isinstance(value, Mapping) else enumerate(value):
                inside = within or (isinstance(name, str) and name.startswith("Fn::"))
                left.append((path if inside else (*path, str(name)), each, inside))
