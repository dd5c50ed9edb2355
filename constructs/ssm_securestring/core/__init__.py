"""What every other layer agrees on: names, ARNs, limits, tiers, encryption context, errors, the contract."""
