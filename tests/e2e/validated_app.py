"""An app that breaks a rule, with the plugin and the aspect, and an acknowledgement if context asks for it."""

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm

from ssm_securestring.cdk import SecureStringAspect, SecureStringValidation


def main() -> None:
    """Build one stack that CloudFormation would refuse."""
    app = cdk.App()
    stack = cdk.Stack(app, "Shop")
    mode = ssm.CfnParameter(stack, "Mode", type="SecureString", name="/shop/mode", value="on")
    cdk.Validations.of(app).add_plugins(SecureStringValidation())
    cdk.Aspects.of(stack).add(SecureStringAspect())
    if app.node.try_get_context("acknowledged"):
        accepted = cdk.Acknowledgment(
            id="ssm-securestring::securestring-in-template", reason="It shows that this is possible"
        )
        cdk.Validations.of(mode).acknowledge(accepted)
    app.synth()


if __name__ == "__main__":
    main()
