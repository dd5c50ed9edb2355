"""Access in tests: who can do what with which parameter, asked of a stack or an assembly before it is deployed."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import cx_api

from ssm_securestring.core.errors import SettingError
from ssm_securestring.iam.assembly import read_assembly
from ssm_securestring.iam.intentions import compare
from ssm_securestring.iam.model import Verdict
from ssm_securestring.iam.operations import operations_of
from ssm_securestring.iam.proof import Proof, prove
from ssm_securestring.iam.reading import read_world
from ssm_securestring.iam.report import as_text
from ssm_securestring.iam.table import Cell, table_of
from ssm_securestring.iam.world import World

Synthesized = cdk.App | cdk.Stage | cx_api.CloudAssembly | Path | str
"""An app, which is synthesized; or what was synthesized: the assembly, or its folder."""


class Access:
    """Who can do what with which parameter.

    Args:
        world: What an assembly says about access.

    Example:
        >>> Access.from_stack(stack).who_can("decrypt", "/shop/db/password")
        ['ShopService/OrdersRole']
    """

    def __init__(self, world: World) -> None:
        """Use :meth:`from_stack` or :meth:`from_assembly` instead."""
        self._world = world
        self._cells = list(table_of(world))

    @classmethod
    def from_stack(cls, stack: cdk.Stack) -> "Access":
        """Synthesize the app of a stack and read all of it: policies of other stacks count, too.

        Raises:
            SettingError: The stack is not in an app.
        """
        root = stack.node.root
        if not isinstance(root, cdk.Stage):
            raise SettingError("stack", problem=f"{stack.node.path} is not in an app", fix="write Stack(App(), ...)")
        return cls.from_assembly(root)

    @classmethod
    def from_assembly(cls, assembly: Synthesized) -> "Access":
        """Read an assembly; an app is synthesized first.

        Raises:
            AssemblyError: It is none.
        """
        return cls(read_world(read_assembly(_folder(assembly))))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What is allowed or was granted, by principal, parameter and operation; the rest is refused."""
        return tuple(self._cells)

    def who_can(self, operation: str, parameter_name: str) -> list[str]:
        """Return the principals that can do something with a parameter, by their construct paths, sorted.

        The function that keeps the parameter is among them. Where it is not known before the deployment whether
        somebody can, they are, too.

        Args:
            operation: ``read``, ``read history``, ``read metadata``, ``write``, ``delete``, ``decrypt directly``; or
                ``decrypt`` for any way to see a value.
            parameter_name: Name of the parameter.

        Raises:
            SettingError: There is no such operation, or nobody was granted anything on such a parameter and no stack
                keeps it.
        """
        operations = operations_of(operation)
        self._check_known(parameter_name)
        return sorted(
            {
                each.principal.name
                for each in self._cells
                if each.operation in operations
                and each.verdict is not Verdict.DENIED
                and _same(each.parameter.name, parameter_name)
            }
        )

    def prove(self, *, open_world: bool = False) -> Proof:
        """Hold everything that is allowed against everything that was granted."""
        return prove(self._world, open_world=open_world)

    def _check_known(self, name: str) -> None:
        known = sorted({each.parameter.name for each in self._cells})
        if not any(_same(each, name) for each in known):
            raise SettingError(
                "parameter_name", problem=f"{name!r} is none that is known here", fix=f"write one of {', '.join(known)}"
            )


def assert_access(assembly: Synthesized, *, allows: Mapping[str, Mapping[str, Iterable[str]]] | None = None) -> None:
    """Fail unless exactly what was granted is allowed; or, with a table, exactly what the table says.

    Args:
        assembly: An app, which is synthesized; or what was synthesized.
        allows: For each principal, by its construct path, the operations as :meth:`Access.who_can` has them, each with
            names of parameters; ``"*"`` for all that are known. The functions that keep parameters are left out.
            Default: what was granted.

    Raises:
        AssertionError: Something else is allowed, or something is not; the message says what.
        SettingError: ``allows`` has an operation that there is none of, or a principal that is not known.

    Example:
        >>> assert_access(app, allows={"ShopService/OrdersRole": {"read": ["/shop/db/password"]}})
    """
    world = read_world(read_assembly(_folder(assembly)))
    if allows is None:
        proof = prove(world)
        if not proof.exact:
            raise AssertionError(as_text(proof, list(table_of(world))))
        return
    differences = compare(world, allows)
    if differences:
        raise AssertionError("\n".join(differences))


def _folder(assembly: Synthesized) -> Path:
    if isinstance(assembly, cdk.Stage):
        assembly = assembly.synth()
    return Path(assembly.directory) if isinstance(assembly, cx_api.CloudAssembly) else Path(assembly)


def _same(name: str, other: str) -> bool:
    return name.removeprefix("/") == other.removeprefix("/")
