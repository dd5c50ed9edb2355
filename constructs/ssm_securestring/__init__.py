"""SecureString parameters in AWS Systems Manager Parameter Store: this name holds what applications need at run time.

The constructs are in :mod:`ssm_securestring.cdk`. Importing this module loads neither boto3 nor aws-cdk-lib.
"""
