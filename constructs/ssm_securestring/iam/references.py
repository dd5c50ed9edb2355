"""What references in templates come to: pseudo parameters, parameters, resources, and outputs of other stacks."""

import string
from collections.abc import Mapping
from typing import Final

from ssm_securestring.core.errors import ParameterNameError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.spec import RESOURCE_TYPE
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.assembly import NESTED_STACK, Assembly, Stack, mapping
from ssm_securestring.iam.conditions_of_templates import Conditions, Resolve
from ssm_securestring.iam.model import Text, Unknown
from ssm_securestring.iam.standins import (
    KINDS,
    Kind,
    generated_name,
    other_kind,
    partition_of,
    stable_short,
    stable_uuid,
)
from ssm_securestring.iam.values import Nesting, Nothing, joined, moved, text_of

_CUSTOM: Final = "AWS::CloudFormation::CustomResource"


class References:
    """Finds what a name in a template refers to.

    Args:
        assembly: All stacks.
        resolve: Resolves values.
        nesting: Keeps that finite.
    """

    def __init__(self, assembly: Assembly, resolve: Resolve, nesting: Nesting) -> None:
        self._stacks = assembly.stacks
        self._nested = {(each.parent, each.logical_id): each for each in assembly.stacks if each.parent}
        self._pseudos = {each: _pseudo_parameters(each) for each in assembly.stacks}
        self._resolve = resolve
        self._nesting = nesting
        self._conditions = Conditions(resolve, nesting)

    def condition(self, name: str, stack: Stack) -> bool | Unknown:
        """Return whether a condition of the template holds."""
        return self._conditions.named(name, stack)

    def exists(self, stack: Stack, logical_id: str) -> bool | Unknown:
        """Return whether the condition of a resource, if it has one, lets it be made."""
        condition = stack.resource(logical_id).get("Condition")
        return self.condition(condition, stack) if isinstance(condition, str) else True

    def ref(self, name: str, stack: Stack, place: str) -> object:
        """Return what ``Ref`` gives."""
        if name.startswith("AWS::"):
            return self._pseudo(name, stack, place)
        if name in stack.section("Parameters"):
            found = self._nesting.once(("parameter", stack, name), lambda: self._parameter(name, stack), place)
            return moved(found, place)
        if missing := self._missing(name, stack, place):
            return missing
        return self._physical_id(name, stack, place)

    def attribute(self, logical_id: str, attribute: str, stack: Stack, place: str) -> object:
        """Return what ``Fn::GetAtt`` gives."""
        if missing := self._missing(logical_id, stack, place):
            return missing
        resource_type = str(stack.resource(logical_id).get("Type"))
        if resource_type == NESTED_STACK:
            nested = self._nested.get((stack, logical_id))
            name = attribute.removeprefix("Outputs.")
            if nested and name != attribute and name in nested.section("Outputs"):
                return moved(self._output(nested, name), place)
        if resource_type == RESOURCE_TYPE:
            return self._secure_string(logical_id, attribute, stack, place)
        kind = _kind(resource_type)
        if attribute in kind.attributes and not _is_custom(resource_type):
            return self._filled(kind.attributes[attribute], logical_id, stack, place)
        return Unknown(
            place=place, reason=f"{attribute} of {resource_type} {logical_id} is known only after the deployment"
        )

    def exported(self, name: str, stack: Stack, place: str) -> object:
        """Return what ``Fn::ImportValue`` gives."""
        exports = self._nesting.once("exports", self._exports, place)
        if not isinstance(exports, dict):
            return Unknown(place=place, reason="the exports of the assembly refer to each other in a circle")
        found = _nearest(exports.get((stack.account, stack.region, name), []), stack)
        if len(found) != 1:
            reason = "more than one stack" if found else "no stack of the assembly"
            return Unknown(place=place, reason=f"{reason} exports {name!r}")
        return moved(self._output(*found[0]), place)

    def output_of(self, wanted: dict[str, str], stack: Stack, place: str) -> object:
        """Return what ``Fn::GetStackOutput`` gives, the CDK's weak reference to another stack."""
        name, output = wanted["StackName"], wanted["OutputName"]
        region = wanted.get("Region", stack.region)
        role = wanted.get("RoleArn", "").split(":")
        account = role[4] if len(role) > 4 else stack.account  # noqa: PLR2004 - arn:partition:iam::account:role/...
        here = [
            (each, output)
            for each in self._stacks
            if (each.name, each.region, each.account) == (name, region, account) and output in each.section("Outputs")
        ]
        found = _nearest(here, stack)
        if len(found) != 1:
            reason = "more than one stack" if found else "no stack of the assembly"
            return Unknown(place=place, reason=f"{reason} {name} has an output {output}")
        return moved(self._output(*found[0]), place)

    def _missing(self, logical_id: str, stack: Stack, place: str) -> Unknown | None:
        if not stack.resource(logical_id):
            return Unknown(place=place, reason=f"the template has no {logical_id!r}")
        if self.exists(stack, logical_id) is False:
            return Unknown(place=place, reason=f"{logical_id} is not made, since its condition does not hold")
        return None

    def _physical_id(self, logical_id: str, stack: Stack, place: str) -> Text:
        resource_type = str(stack.resource(logical_id).get("Type"))
        if resource_type == NESTED_STACK:
            nested = self._nested.get((stack, logical_id))
            return _stack_id(nested) if nested else Unknown(place=place, reason="its template is not in the assembly")
        if not _is_custom(resource_type):
            return self._filled(_kind(resource_type).ref, logical_id, stack, place)
        reason = f"the custom resource {logical_id} gives its physical id in the deployment"
        if resource_type != RESOURCE_TYPE:
            return Unknown(place=place, reason=reason)
        arn = self._secure_string(logical_id, "Arn", stack, place)
        # The function's own id for it: ARN and incarnation.
        return Unknown(place=place, reason=reason, pattern=f"{arn.pattern if isinstance(arn, Unknown) else arn}#*")

    def _pseudo(self, name: str, stack: Stack, place: str) -> object:
        if name in self._pseudos[stack]:
            return self._pseudos[stack][name]
        return Unknown(place=place, reason=f"{name} is not known before the deployment")

    def _parameter(self, name: str, stack: Stack) -> object:
        place = f"{stack.title}, Parameters.{name}"
        declared = mapping(stack.section("Parameters")[name])
        kind = str(declared.get("Type"))
        if str(declared.get("NoEcho", "false")).lower() == "true":
            return Unknown(place=place, reason="a NoEcho parameter is secret")
        value = self._given(name, stack)
        if value is Nothing.NOTHING and kind.startswith("AWS::SSM::Parameter::Value"):
            return Unknown(place=place, reason="its value comes from Parameter Store")
        if value is Nothing.NOTHING and "Default" in declared:
            value = declared["Default"]
        if isinstance(value, list | Unknown):
            return value
        text = text_of(value)
        if text is None:
            return Unknown(place=place, reason="a parameter without a default is given in the deployment")
        if isinstance(text, str) and (kind == "CommaDelimitedList" or kind.startswith("List<")):
            return [each.strip() for each in text.split(",")]
        return text

    def _given(self, name: str, stack: Stack) -> object:
        """Return what the stack above gives to a parameter of a nested stack."""
        if stack.parent is None:
            return Nothing.NOTHING
        place = f"{stack.title}, Properties.Parameters"
        properties = mapping(stack.parent.resource(stack.logical_id).get("Properties"))
        given = mapping(properties.get("Parameters"))
        if name in given:
            return self._resolve(given[name], stack.parent, f"{place}.{name}")
        if any(each.startswith("Fn::") for each in given):
            return Unknown(place=place, reason="the parameters of the nested stack depend on a function")
        return Nothing.NOTHING

    def _output(self, stack: Stack, name: str) -> object:
        place = f"{stack.title}, Outputs.{name}"
        return self._nesting.once(("output", stack, name), lambda: self._worked_out_output(stack, name, place), place)

    def _worked_out_output(self, stack: Stack, name: str, place: str) -> object:
        declared = mapping(stack.section("Outputs")[name])
        condition = declared.get("Condition")
        if isinstance(condition, str):
            holds = self.condition(condition, stack)
            if holds is not True:
                reason = holds.reason if isinstance(holds, Unknown) else "its condition does not hold"
                return Unknown(place=place, reason=reason)
        text = text_of(self._resolve(declared.get("Value"), stack, place))
        return Unknown(place=place, reason="an output is a text") if text is None else text

    def _exports(self) -> object:
        found: dict[tuple[str, str, str], list[tuple[Stack, str]]] = {}
        for stack in self._stacks:
            for output, declared in stack.section("Outputs").items():
                export = mapping(mapping(declared).get("Export"))
                if "Name" in export:
                    name = text_of(self._resolve(export["Name"], stack, f"{stack.title}, Outputs.{output}.Export.Name"))
                    if isinstance(name, str):
                        found.setdefault((stack.account, stack.region, name), []).append((stack, output))
        return found

    def _filled(self, form: str, logical_id: str, stack: Stack, place: str) -> Text:
        """Fill the parts of an ARN, a name or an id in."""
        parts: list[object] = []
        for literal, part, _, _ in string.Formatter().parse(form):
            parts += [literal, *([] if part is None else [self._part(part, logical_id, stack, place)])]
        return joined(parts, place=place, function="Ref")

    def _part(self, part: str, logical_id: str, stack: Stack, place: str) -> object:
        partition = partition_of(stack.region)
        seed = (stack.account, stack.region, stack.name, logical_id)
        known = {
            "partition": partition.name,
            "suffix": partition.url_suffix,
            "region": stack.region,
            "account": stack.account,
            "short": stable_short(*seed),
        }
        if part in known:
            return known[part]
        if part == "key":
            return self._key_id(logical_id, stack, place)
        if part == "name":
            return self._name(logical_id, stack, place)
        if part == "path":
            path = self._property("Path", logical_id, stack, place, default="/")
            return "/" if isinstance(path, Unknown) else path
        return self._property(part, logical_id, stack, place, default=Unknown(place=place, reason=f"it has no {part}"))

    def _name(self, logical_id: str, stack: Stack, place: str) -> Text:
        resource_type = str(stack.resource(logical_id).get("Type"))
        kind = _kind(resource_type)
        generated = generated_name(
            stack.name,
            logical_id,
            seed=(stack.account, stack.region, stack.name),
            max_chars=kind.max_chars,
        )
        if kind.lower:
            generated = generated.lower()
        properties = mapping(stack.resource(logical_id).get("Properties"))
        given = next((each for each in (kind.name_property, "Name") if each in properties), kind.name_property)
        name = self._property(given, logical_id, stack, place, default=generated)
        return generated if isinstance(name, Unknown) and kind.always_named else name

    def _key_id(self, logical_id: str, stack: Stack, place: str) -> Text:
        seed = (stack.account, stack.region, stack.name, logical_id)
        primary = self._property("PrimaryKeyArn", logical_id, stack, place, default="")
        if isinstance(primary, Unknown):
            return Unknown(place=primary.place, reason=primary.reason)
        if primary:
            return primary.rpartition("/")[2]
        # KMS Developer Guide, "Multi-Region keys": the ids of such keys begin with mrk-.
        if self._property("MultiRegion", logical_id, stack, place, default="false") == "true":
            return f"mrk-{stable_uuid(*seed).replace('-', '')}"
        return stable_uuid(*seed)

    def _property(self, name: str, logical_id: str, stack: Stack, place: str, *, default: Text) -> Text:
        properties = mapping(stack.resource(logical_id).get("Properties"))
        if name not in properties:
            return default
        here = f"{stack.title}/{logical_id}, Properties.{name}"
        value = self._nesting.once(
            ("property", stack, logical_id, name), lambda: self._resolve(properties[name], stack, here), place
        )
        text = default if value is Nothing.NOTHING else text_of(moved(value, place))
        return Unknown(place=place, reason=f"{name} of {logical_id} is no text") if text is None else text

    def _secure_string(self, logical_id: str, attribute: str, stack: Stack, place: str) -> Text:
        """Return an attribute that the function gives to the custom resource of a parameter."""
        unknown = Unknown(place=place, reason=f"{attribute} of {logical_id} is known only after the deployment")
        wanted = {"Arn": "Name", "Name": "Name", "Tier": "Tier"}.get(attribute)
        if wanted is None:
            return unknown
        value = self._property(wanted, logical_id, stack, place, default=unknown)
        if isinstance(value, Unknown):
            return value if attribute != "Arn" else Unknown(place=place, reason=value.reason, pattern="arn:*")
        if attribute == "Arn":
            return _parameter_arn(value, stack, place)
        return unknown if value == Tier.INTELLIGENT_TIERING else value


def _pseudo_parameters(stack: Stack) -> Mapping[str, object]:
    partition = partition_of(stack.region)
    return {
        "AWS::Partition": partition.name,
        "AWS::URLSuffix": partition.url_suffix,
        "AWS::AccountId": stack.account,
        "AWS::Region": stack.region,
        "AWS::StackName": stack.name,
        "AWS::StackId": _stack_id(stack),
        "AWS::NoValue": Nothing.NOTHING,
    }


def _parameter_arn(name: str, stack: Stack, place: str) -> Text:
    try:
        return ParameterName(name).arn(
            partition=partition_of(stack.region).name, region=stack.region, account=stack.account
        )
    except ParameterNameError as error:
        return Unknown(place=place, reason=str(error), pattern="arn:*")


def _is_custom(resource_type: str) -> bool:
    return resource_type == _CUSTOM or resource_type.startswith("Custom::")


def _kind(resource_type: str) -> Kind:
    return KINDS.get(resource_type) or other_kind(resource_type)


def _stack_id(stack: Stack) -> str:
    partition = partition_of(stack.region).name
    unique = stable_uuid("stack", stack.account, stack.region, stack.name)
    return f"arn:{partition}:cloudformation:{stack.region}:{stack.account}:stack/{stack.name}/{unique}"


def _nearest(found: list[tuple[Stack, str]], stack: Stack) -> list[tuple[Stack, str]]:
    """Prefer the same stage: two stages that are deployed to accounts of their own may use the same names."""
    return [each for each in found if each[0].stage == stack.stage] or found
