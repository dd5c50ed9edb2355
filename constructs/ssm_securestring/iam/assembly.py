"""Reading a cloud assembly, what ``cdk synth`` writes: its stacks, those of stages and nested stacks included.

Source:
    AWS CDK, package "cloud-assembly-schema".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ssm_securestring.core.errors import AssemblyError
from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.standins import generated_name

STAND_IN_ACCOUNT: Final = "111122223333"
STAND_IN_REGION: Final = "eu-west-1"
NESTED_STACK: Final = "AWS::CloudFormation::Stack"
_STACK: Final = "aws:cloudformation:stack"
_STAGE: Final = "cdk:cloud-assembly"
_ASSETS: Final = "cdk:asset-manifest"
# They add functions to a template, and no resources.
_HARMLESS_TRANSFORMS: Final = frozenset({"AWS::LanguageExtensions"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stack:
    """One stack, with its template as it was synthesized.

    Args:
        name: Its name in CloudFormation; a stand-in for a nested one.
        title: How reports call it: its name, with ``/`` and the logical id behind it for each level of nesting.
        account: Account, 12 digits; a stand-in where the app leaves it open.
        region: Region; a stand-in where the app leaves it open.
        template: Its template.
        stage: Folder of the cloud assembly that it is in, within the one that was read.
        parent: The stack that it is nested in. Default: none.
        logical_id: Its logical id there. Default: empty.
        paths: Construct paths by logical id, as far as the assembly tells them.
        tags: Tags of the stack, which CloudFormation gives its resources, too.
    """

    name: str
    title: str
    account: str
    region: str
    template: Mapping[str, Any]
    stage: str = ""
    parent: "Stack | None" = None
    logical_id: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the template, such as ``Resources``; empty where there is none."""
        return mapping(self.template.get(name))

    def resource(self, logical_id: str) -> Mapping[str, Any]:
        """Return a resource of the template; empty where there is none."""
        return mapping(self.section("Resources").get(logical_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The stacks of an app.

    Args:
        stacks: All of them; a nested stack follows the one that it is in.
        unknown: What could not be read, with its place.
    """

    stacks: tuple[Stack, ...]
    unknown: tuple[Unknown, ...] = ()


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def read_assembly(path: Path, *, account: str | None = None, region: str | None = None) -> Assembly:
    """Read a cloud assembly.

    Args:
        path: The folder, usually ``cdk.out``.
        account: Stands for the account of stacks whose account is open. Default: 111122223333.
        region: Stands for the Region of stacks whose Region is open. Default: eu-west-1.

    Raises:
        AssemblyError: The folder is no cloud assembly, or one of its files cannot be read.
    """
    environment = (account or STAND_IN_ACCOUNT, region or STAND_IN_REGION)
    return _complete(tuple(_Folder(path, "", environment).stacks()))


def from_templates(
    templates: Mapping[str, Mapping[str, Any]], *, account: str | None = None, region: str | None = None
) -> Assembly:
    """Make an assembly of templates, all of one account and Region.

    Args:
        templates: Templates by the names of their stacks; ``Shop/Orders`` is nested in ``Shop`` as resource ``Orders``.
        account: Their account. Default: 111122223333.
        region: Their Region. Default: eu-west-1.

    Raises:
        AssemblyError: The stack that another one is nested in is missing.
    """
    made: dict[str, Stack] = {}
    for title in sorted(templates, key=lambda each: each.count("/")):
        above, _, logical_id = title.rpartition("/")
        if above and above not in made:
            raise AssemblyError(title, problem=f"is nested in {above}, which is missing", fix="add its template")
        parent = made.get(above)
        made[title] = (
            _nested(parent, logical_id, templates[title], {})
            if parent
            else Stack(
                name=title,
                title=title,
                account=account or STAND_IN_ACCOUNT,
                region=region or STAND_IN_REGION,
                template=templates[title],
                paths=_paths(templates[title], {}),
            )
        )
    return _complete(tuple(made.values()))


def _complete(stacks: tuple[Stack, ...]) -> Assembly:
    known = {(each.parent, each.logical_id) for each in stacks}
    unknown = [problem for each in stacks for problem in (*_transforms(each), *_missing_nested(each, known))]
    return Assembly(stacks=stacks, unknown=tuple(unknown))


def _transforms(stack: Stack) -> Iterator[Unknown]:
    declared = stack.template.get("Transform", [])
    for each in declared if isinstance(declared, list) else [declared]:
        name = each if isinstance(each, str) else mapping(each).get("Name")
        if name not in _HARMLESS_TRANSFORMS:
            yield Unknown(place=f"{stack.title}, Transform", reason=f"the resources that {name} makes are not known")
    for name in stack.section("Resources"):
        if name.startswith("Fn::"):
            yield Unknown(
                place=f"{stack.title}, Resources.{name}", reason=f"the resources that {name} makes are not known"
            )


def _missing_nested(stack: Stack, known: set[tuple[Stack | None, str]]) -> Iterator[Unknown]:
    for logical_id in stack.section("Resources"):
        if stack.resource(logical_id).get("Type") == NESTED_STACK and (stack, logical_id) not in known:
            yield Unknown(
                place=f"{stack.title}/{logical_id}, Properties.TemplateURL",
                reason="the template of this nested stack is not in the assembly",
            )


class _Folder:
    """One folder of an assembly: the whole, or a stage of it."""

    def __init__(self, path: Path, stage: str, environment: tuple[str, str]) -> None:
        self._path = path
        self._stage = stage
        self._environment = environment
        manifest = path / "manifest.json"
        if not manifest.is_file():
            raise AssemblyError(
                str(path),
                problem="is no cloud assembly",
                fix="run `cdk synth` and name the folder that it writes, usually cdk.out",
            )
        self._artifacts = mapping(_read(manifest).get("artifacts"))

    def stacks(self) -> Iterator[Stack]:
        """Return the stacks of this folder and of the stages in it."""
        for artifact_id in self._artifacts:
            artifact = mapping(self._artifacts[artifact_id])
            properties = mapping(artifact.get("properties"))
            if artifact.get("type") == _STACK:
                yield from self._with_nested(self._stack(artifact_id, artifact), self._templates(artifact))
            elif artifact.get("type") == _STAGE:
                name = str(properties.get("directoryName", artifact_id))
                yield from _Folder(self._path / name, f"{self._stage}/{name}", self._environment).stacks()

    def _stack(self, artifact_id: str, artifact: Mapping[str, Any]) -> Stack:
        properties = mapping(artifact.get("properties"))
        account, region = self._environment_of(str(artifact.get("environment", "")))
        template = _read(self._path / str(properties.get("templateFile", "")))
        name = str(properties.get("stackName", artifact_id))
        return Stack(
            name=name,
            title=name,
            account=account,
            region=region,
            template=template,
            stage=self._stage,
            paths=_paths(template, self._metadata(artifact)),
            tags={str(key): str(value) for key, value in mapping(properties.get("tags")).items()},
        )

    def _environment_of(self, text: str) -> tuple[str, str]:
        account, _, region = text.removeprefix("aws://").partition("/")
        open_account, open_region = self._environment
        return (
            open_account if account in {"", "unknown-account"} else account,
            open_region if region in {"", "unknown-region"} else region,
        )

    def _metadata(self, artifact: Mapping[str, Any]) -> Mapping[str, Any]:
        further = artifact.get("additionalMetadataFile")
        return {**mapping(artifact.get("metadata")), **(_read(self._path / further) if further else {})}

    def _templates(self, artifact: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the files that are uploaded, by their names there."""
        found = {}
        for name in artifact.get("dependencies", []):
            needed = mapping(self._artifacts.get(name))
            if needed.get("type") == _ASSETS:
                files = mapping(_read(self._path / str(mapping(needed.get("properties")).get("file"))).get("files"))
                for each in files.values():
                    for destination in each["destinations"].values():
                        found[destination["objectKey"]] = each["source"].get("path", "")
        return found

    def _with_nested(self, stack: Stack, templates: Mapping[str, str]) -> Iterator[Stack]:
        yield stack
        for logical_id in stack.section("Resources"):
            resource = stack.resource(logical_id)
            if resource.get("Type") == NESTED_STACK:
                file = _template_file(resource, templates)
                if file and (self._path / file).is_file():
                    nested = _nested(stack, logical_id, _read(self._path / file), stack.paths)
                    yield from self._with_nested(nested, templates)


def _template_file(resource: Mapping[str, Any], templates: Mapping[str, str]) -> str | None:
    # The CLI has the first written; an app that is run without the CLI only has the second.
    named = mapping(resource.get("Metadata")).get("aws:asset:path")
    if isinstance(named, str):
        return named
    url = json.dumps(mapping(resource.get("Properties")).get("TemplateURL"))
    return next((file for key, file in templates.items() if key in url), None)


def _nested(parent: Stack, logical_id: str, template: Mapping[str, Any], paths: Mapping[str, str]) -> Stack:
    seed = (parent.account, parent.region, parent.name)
    return Stack(
        name=generated_name(parent.name, logical_id, seed=seed),
        title=f"{parent.title}/{logical_id}",
        account=parent.account,
        region=parent.region,
        template=template,
        stage=parent.stage,
        parent=parent,
        logical_id=logical_id,
        paths={**paths, **_paths(template, {})},
        tags=parent.tags,
    )


def _paths(template: Mapping[str, Any], metadata: Mapping[str, Any]) -> Mapping[str, str]:
    """Return construct paths by logical id, from wherever the CDK was told to write them."""
    found: dict[str, str] = {}
    for path, entries in metadata.items():
        for entry in entries if isinstance(entries, list) else []:
            if mapping(entry).get("type") == "aws:cdk:logicalId":
                found[str(entry["data"])] = path.removeprefix("/")
    for logical_id, resource in mapping(template.get("Resources")).items():
        written = mapping(mapping(resource).get("Metadata")).get("aws:cdk:path")
        if isinstance(written, str):
            found[logical_id] = written
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AssemblyError(str(path), problem="cannot be read", fix="run `cdk synth` again") from error
    if not isinstance(content, dict):
        raise AssemblyError(str(path), problem="is not an object of JSON", fix="run `cdk synth` again")
    return content
