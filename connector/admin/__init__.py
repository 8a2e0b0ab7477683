"""The console: pages on which admins, owners and members of an organization see it and change it. Each page calls verbs."""
