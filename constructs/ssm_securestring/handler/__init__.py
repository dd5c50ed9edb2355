"""The function behind the custom resource: it creates, changes and deletes SecureString parameters for CloudFormation.

::

    event -> request -> plan (pure: request + observed state -> steps) -> store (the calls) -> response

Standard library and the runtime's boto3 only.
"""
