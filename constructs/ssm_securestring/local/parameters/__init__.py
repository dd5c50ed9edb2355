"""Parameter Store: its rules, and how it uses KMS in the caller's name."""
