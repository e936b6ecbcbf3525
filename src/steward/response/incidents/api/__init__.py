"""The API of incidents."""

from steward.response.incidents.api import teamwork
from steward.response.incidents.api.incidents import router

router.add_router("", teamwork.router)
ROUTERS = {"/incidents": router}
