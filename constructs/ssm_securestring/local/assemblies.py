"""Reading a cloud assembly: what ``cdk synth`` has written.

Source:
    AWS CDK, package "cloud-assembly-schema".
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ssm_securestring.local.errors import EmbeddedAwsError

_STACK: Final = "aws:cloudformation:stack"
_ASSETS: Final = "cdk:asset-manifest"
# The first moment that a zip file can express: the same files give the same bytes, whenever they were written.
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file or folder that goes to a bucket.

    Attributes:
        source: Where it is.
        is_folder: Whether it is packed first.
        bucket: Name of the bucket, with ``${AWS::…}`` placeholders.
        key: Its key there.
    """

    source: Path
    is_folder: bool
    bucket: str
    key: str

    def content(self) -> bytes:
        """Return what is uploaded."""
        return _packed(self.source) if self.is_folder else self.source.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesizedStack:
    """One stack of an assembly.

    Attributes:
        name: Its name in CloudFormation.
        environment: ``aws://ACCOUNT/REGION``, with ``unknown-account`` and ``unknown-region`` for what is open.
        template: Its template.
        assets: Files that it refers to.
        tags: Tags of the stack.
        dependencies: Ids of the stacks that come first.
    """

    name: str
    environment: str
    template: dict[str, Any]
    assets: tuple[Asset, ...]
    tags: dict[str, str]
    dependencies: tuple[str, ...]


class Assembly:
    """A cloud assembly.

    Args:
        directory: Where it is.

    Raises:
        EmbeddedAwsError: There is none.
    """

    def __init__(self, directory: Path) -> None:
        """Read the manifest."""
        self._directory = directory
        try:
            self._artifacts: dict[str, dict[str, Any]] = self._read("manifest.json").get("artifacts", {})
        except FileNotFoundError as error:
            raise EmbeddedAwsError(
                f"{directory} is no cloud assembly", fix="Name the folder that `cdk synth` writes, usually cdk.out."
            ) from error

    def stack(self, artifact_id: str) -> SynthesizedStack:
        """Return a stack.

        Raises:
            EmbeddedAwsError: There is none of that id, or it needs a Docker image.
        """
        artifact = self._artifacts.get(artifact_id, {})
        if artifact.get("type") != _STACK:
            known = ", ".join(sorted(name for name, each in self._artifacts.items() if each["type"] == _STACK))
            raise EmbeddedAwsError(f"{self._directory} has no stack {artifact_id}", fix=f"It has: {known or 'none'}.")
        needed = artifact.get("dependencies", [])
        properties = artifact["properties"]
        return SynthesizedStack(
            name=properties.get("stackName", artifact_id),
            environment=artifact["environment"],
            template=self._read(properties["templateFile"]),
            assets=tuple(asset for name in needed for asset in self._assets(name)),
            tags=properties.get("tags", {}),
            dependencies=tuple(name for name in needed if self._artifacts[name]["type"] == _STACK),
        )

    def _assets(self, artifact_id: str) -> Iterator[Asset]:
        artifact = self._artifacts[artifact_id]
        if artifact["type"] != _ASSETS:
            return
        manifest = self._read(artifact["properties"]["file"])
        if manifest.get("dockerImages"):
            raise EmbeddedAwsError(
                f"{artifact_id} builds a Docker image", fix="Images are not emulated; deploy without that part."
            )
        for each in manifest.get("files", {}).values():
            source = each["source"]
            if "path" not in source:
                raise EmbeddedAwsError(
                    f"{artifact_id} has an asset that a command makes", fix="Run `cdk deploy` for such a stack."
                )
            for destination in each["destinations"].values():
                yield Asset(
                    source=self._directory / source["path"],
                    is_folder=source.get("packaging") == "zip",
                    bucket=destination["bucketName"],
                    key=destination["objectKey"],
                )

    def _read(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self._directory / name).read_text(encoding="utf-8"))
        return content


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = path.stat().st_mode << _FILE_MODE
            archive.writestr(entry, path.read_bytes())
    return content.getvalue()
