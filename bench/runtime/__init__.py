"""The helper beside boto3, Powertools and ssm-cache, in one run on one machine."""
