"""connector: identity providers push people and groups; members, roles and teams of an organization follow."""
