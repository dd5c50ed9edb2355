#!/usr/bin/env python3
"""The example app: what ``cdk synth``, ``cdk diff`` and ``cdk deploy`` run."""

import aws_cdk as cdk

from stacks.parameters import ParametersStack
from stacks.service import ServiceStack


def build(app: cdk.App) -> None:
    """Make the stacks. Context ``path`` says where the parameters go; default: ``/shop``."""
    path = app.node.try_get_context("path") or "/shop"
    parameters = ParametersStack(app, "ShopParameters", path=path)
    ServiceStack(app, "ShopService", parameters=parameters, path=path)


def main() -> None:
    """Build the app and write the cloud assembly."""
    app = cdk.App()
    build(app)
    app.synth()


if __name__ == "__main__":
    main()
