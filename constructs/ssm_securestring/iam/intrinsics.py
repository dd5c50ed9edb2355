"""Resolving the intrinsic functions of templates, as far as values are known before the deployment.

What is not known becomes :class:`Unknown`, with its place, the reason, and a pattern that any value of it matches.

Source:
    CloudFormation User Guide, "Intrinsic function reference", "Pseudo parameters reference".
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from ssm_securestring.iam.assembly import Assembly, Stack, mapping
from ssm_securestring.iam.model import Text, Unknown
from ssm_securestring.iam.references import References
from ssm_securestring.iam.values import Nesting, Nothing, joined, malformed, moved, plain, text_of, unknowns

_VARIABLE: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_PAIR: Final = 2
_TRIPLE: Final = 3

Function = Callable[[Any, Stack, str], object]
"""Works out one function: its argument, the stack whose template it is in, and its place."""


class Resolver:
    """Resolves values of the templates of an assembly.

    Args:
        assembly: The stacks, which refer to each other.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._nesting = Nesting()
        self._joined: dict[tuple[object, ...], str] = {}
        self._references = References(assembly, self.resolve, self._nesting)
        self._functions: dict[str, Function] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::GetStackOutput": self._get_stack_output,
            "Fn::Base64": self._base64,
            "Fn::ToJsonString": self._to_json_string,
        }

    def plain(self, value: object, stack: Stack, place: str) -> object:
        """Return a value as the resource gets it: objects and lists of texts, which may be unknown."""
        resolved = self.resolve(value, stack, place)
        return None if resolved is Nothing.NOTHING else plain(resolved, place)

    def exists(self, stack: Stack, logical_id: str) -> bool | Unknown:
        """Return whether the condition of a resource, if it has one, lets it be made."""
        return self._references.exists(stack, logical_id)

    def resolve(self, value: object, stack: Stack, place: str) -> object:
        """Return a value without intrinsic functions, with numbers and booleans as they were."""
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            if len(value) == 1 and "Ref" in value and isinstance(value, dict):
                return self._ref(value["Ref"], stack, place)
            return self._nesting.deeper(lambda: self._inside(value, stack, place), place)
        if value is None:
            return Unknown(place=place, reason="null is no value of a template")
        return value

    def _inside(self, value: dict[str, Any] | list[Any], stack: Stack, place: str) -> object:
        if isinstance(value, list):
            items = [self.resolve(each, stack, f"{place}[{index}]") for index, each in enumerate(value)]
            return [each for each in items if each is not Nothing.NOTHING]
        function = _function(value)
        if function is None:
            fields = {key: self.resolve(each, stack, f"{place}.{key}") for key, each in value.items()}
            return {key: each for key, each in fields.items() if each is not Nothing.NOTHING}
        if len(value) > 1:
            return Unknown(place=place, reason=f"{function} stands beside something else")
        if function not in self._functions:
            return Unknown(place=place, reason=f"{function} is not supported")
        return self._functions[function](value[function], stack, place)

    def _ref(self, argument: object, stack: Stack, place: str) -> object:
        if not isinstance(argument, str):
            return malformed("Ref", place)
        return self._references.ref(argument, stack, place)

    def _get_att(self, argument: object, stack: Stack, place: str) -> object:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not (isinstance(parts, list) and len(parts) == _PAIR and isinstance(parts[0], str)):
            return malformed("Fn::GetAtt", place)
        attribute = text_of(self.resolve(parts[1], stack, place))
        if not isinstance(attribute, str):
            return attribute or malformed("Fn::GetAtt", place)
        return self._references.attribute(parts[0], attribute, stack, place)

    def _join(self, argument: object, stack: Stack, place: str) -> object:
        if not (isinstance(argument, list) and len(argument) == _PAIR and isinstance(argument[0], str)):
            return malformed("Fn::Join", place)
        # Grants repeat the ARN of a parameter for each principal, in this form.
        key = (stack, argument[0], *map(_short_form, argument[1])) if isinstance(argument[1], list) else (None,)
        if key in self._joined:
            return self._joined[key]
        parts = self._list(argument[1], stack, place, "Fn::Join")
        if isinstance(parts, Unknown):
            return parts
        text = joined(parts, between=argument[0], place=place, function="Fn::Join")
        if isinstance(text, str) and None not in key:
            self._joined[key] = text
        return text

    def _sub(self, argument: object, stack: Stack, place: str) -> object:
        template, variables = argument if isinstance(argument, list) and len(argument) == _PAIR else (argument, {})
        if not (isinstance(template, str) and isinstance(variables, dict)):
            return malformed("Fn::Sub", place)
        return joined(list(self._substituted(template, variables, stack, place)), place=place, function="Fn::Sub")

    def _substituted(self, template: str, variables: dict[str, Any], stack: Stack, place: str) -> Iterator[object]:
        end = 0
        for found in _VARIABLE.finditer(template):
            yield template[end : found.start()]
            end = found.end()
            escaped, name = found.groups()
            if escaped:
                yield f"${{{name}}}"
            elif name in variables:
                yield self.resolve(variables[name], stack, place)
            elif "." in name:
                yield self._get_att(name, stack, place)
            else:
                yield self._ref(name, stack, place)
        yield template[end:]

    def _select(self, argument: object, stack: Stack, place: str) -> object:
        if not (isinstance(argument, list) and len(argument) == _PAIR):
            return malformed("Fn::Select", place)
        index = text_of(self.resolve(argument[0], stack, place))
        items = self._list(argument[1], stack, place, "Fn::Select")
        if isinstance(index, Unknown) or isinstance(items, Unknown):
            return index if isinstance(index, Unknown) else items
        if index is None or not index.isascii() or not index.isdigit() or int(index[:9]) >= len(items):
            return malformed("Fn::Select", place)
        return items[int(index)]

    def _split(self, argument: object, stack: Stack, place: str) -> object:
        if not (isinstance(argument, list) and len(argument) == _PAIR and isinstance(argument[0], str) and argument[0]):
            return malformed("Fn::Split", place)
        text = text_of(self.resolve(argument[1], stack, place))
        if isinstance(text, Unknown):
            return Unknown(place=text.place, reason=text.reason)
        return malformed("Fn::Split", place) if text is None else text.split(argument[0])

    def _if(self, argument: object, stack: Stack, place: str) -> object:
        if not (isinstance(argument, list) and len(argument) == _TRIPLE and isinstance(argument[0], str)):
            return malformed("Fn::If", place)
        holds = self._references.condition(argument[0], stack)
        if isinstance(holds, Unknown):
            return moved(holds, place)
        return self.resolve(argument[1] if holds else argument[2], stack, place)

    def _find_in_map(self, argument: object, stack: Stack, place: str) -> object:
        if not (isinstance(argument, list) and len(argument) >= _TRIPLE):
            return malformed("Fn::FindInMap", place)
        found: object = stack.section("Mappings")
        for each in argument[:_TRIPLE]:
            key = text_of(self.resolve(each, stack, place))
            if isinstance(key, Unknown):
                return Unknown(place=key.place, reason=key.reason)
            found = mapping(found).get(key or "")
        if found is not None:
            return self.resolve(found, stack, place)
        default = mapping(argument[-1])
        if "DefaultValue" in default:
            return self.resolve(default["DefaultValue"], stack, place)
        return Unknown(place=place, reason="Fn::FindInMap finds nothing")

    def _import_value(self, argument: object, stack: Stack, place: str) -> object:
        name = text_of(self.resolve(argument, stack, place))
        if isinstance(name, str):
            return self._references.exported(name, stack, place)
        return _without_pattern(name, "Fn::ImportValue", place)

    def _get_stack_output(self, argument: object, stack: Stack, place: str) -> object:
        fields = mapping(self.resolve(argument, stack, place))
        names = ("StackName", "OutputName", "Region", "RoleArn")
        texts = {name: text_of(fields[name]) for name in names if name in fields}
        wrong = [each for each in texts.values() if not isinstance(each, str)]
        if wrong or not {"StackName", "OutputName"} <= texts.keys():
            return _without_pattern(wrong[0] if wrong else None, "Fn::GetStackOutput", place)
        return self._references.output_of({name: str(text) for name, text in texts.items()}, stack, place)

    def _base64(self, argument: object, stack: Stack, place: str) -> object:
        text = text_of(self.resolve(argument, stack, place))
        if isinstance(text, str):
            return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
        return _without_pattern(text, "Fn::Base64", place)

    def _to_json_string(self, argument: object, stack: Stack, place: str) -> object:
        value = self.resolve(argument, stack, place)
        unknown = next(unknowns(value), None)
        if unknown is not None or not isinstance(value, dict | list):
            return _without_pattern(unknown, "Fn::ToJsonString", place)
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def _list(self, argument: object, stack: Stack, place: str, function: str) -> list[object] | Unknown:
        if isinstance(argument, list):
            items = [self.resolve(each, stack, place) for each in argument]
            return [each for each in items if each is not Nothing.NOTHING]
        value = self.resolve(argument, stack, place)
        if isinstance(value, Unknown):
            return Unknown(place=value.place, reason=value.reason)
        return value if isinstance(value, list) else malformed(function, place)


def _short_form(part: object) -> object:
    """Return what tells a part of a join from others; ``None`` where that takes longer than to resolve it."""
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and len(part) == 1 and isinstance(part.get("Ref"), str):
        return ("Ref", part["Ref"])
    return None


def _function(value: dict[str, Any]) -> str | None:
    for each in value:
        if each.startswith("Fn::"):
            return each
    return "Ref" if len(value) == 1 and "Ref" in value else None


def _without_pattern(value: Text | None, function: str, place: str) -> Unknown:
    """Return what a function comes to whose argument is not known: nothing can be said of it."""
    if isinstance(value, Unknown):
        return Unknown(place=value.place, reason=value.reason)
    return malformed(function, place)
