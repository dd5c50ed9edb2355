"""The ``ssm-securestring`` command."""
