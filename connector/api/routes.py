"""ROUTES: every operation of the API, as one blueprint. A module that declares operations is imported here, once."""

from __future__ import annotations

from functools import partial

from flask import Blueprint

from connector.api import activation as activation
from connector.api import audit as audit
from connector.api import break_glass as break_glass
from connector.api import check as check
from connector.api import clients as clients
from connector.api import connections as connections
from connector.api import domains as domains
from connector.api import events as events
from connector.api import grants as grants
from connector.api import groups as groups
from connector.api import installation as installation
from connector.api import invitations as invitations
from connector.api import keys as keys
from connector.api import linking as linking
from connector.api import logs as logs
from connector.api import me as me
from connector.api import members as members
from connector.api import mode as mode
from connector.api import my_invitations as my_invitations
from connector.api import organizations as organizations
from connector.api import own_resources as own_resources
from connector.api import plans as plans
from connector.api import policy as policy
from connector.api import projects as projects
from connector.api import rendering
from connector.api import resources as resources
from connector.api import roles as roles
from connector.api import rules as rules
from connector.api import settings as settings
from connector.api import setup_links as setup_links
from connector.api import teams as teams
from connector.api import tokens as tokens
from connector.api import viewer as viewer
from connector.api.operation import OPERATIONS
from connector.api.serving import serve
from connector.errors import ConnectorError

blueprint = Blueprint("api", __name__)

for each in OPERATIONS:
    blueprint.add_url_rule(each.path, each.id, partial(serve, each), methods=[each.method])
blueprint.add_url_rule("/api/docs", "docs", viewer.docs)

blueprint.register_error_handler(ConnectorError, rendering.refused)
