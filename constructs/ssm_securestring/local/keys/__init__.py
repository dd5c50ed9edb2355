"""KMS: real cryptography, key states and errors as AWS has them, and authorisation by key policy, IAM and grants."""
