"""Who may do what: policies read, requests decided, access proved, all without AWS."""
