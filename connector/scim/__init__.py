"""SCIM 2.0 (RFC 7643, RFC 7644): messages become values, one verb of the directory is called, values become messages.

Five rooms, each readable on its own:

    the door      resources   every request: who speaks, what is asked, refusals as SCIM errors (errors, refusals)
                  users, groups    one function per operation, from an exchange (a value; wire makes it of HTTP) to an answer
                  bulk        many operations in one request (bulk_message, bulk_references)    noting   refusals are seen
    documents     messages    bytes -> JSON within bounds            rendering   stored text -> JSON text, projections
                  documents   a resource as pushed -> the canonical document (values, members)
    PATCH         patch       pure edits of documents                operations, paths   the message taken apart
    filters       filters     text -> a condition tree (comparisons) matching    the same tree on one element, for PATCH
    discovery     schemas     the attribute table                    discovery   what connector says of itself

and one address for everything odd that an identity provider does: dialects, each quirk a named function with its vendor's page.

A group PATCH walks: resources.serve -> groups.patch -> patch.group_patch -> directory.groups.edit_group -> rendering.
"""
