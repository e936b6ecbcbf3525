"""WeCom's robot: Markdown of at most 4096 bytes, and refusals that come with 200."""

from __future__ import annotations

import pytest

from steward.foundation.subjects import SubjectRef
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.models import Bundling
from steward.response.notifications.tests.factories import NOW, page
from steward.response.notifications.tests.running import engine

pytestmark = pytest.mark.django_db


def protocol(request: Request) -> Answer:
    content = request.json["markdown"]["content"]
    if request.json["msgtype"] != "markdown" or len(content.encode()) > 4096:
        return Answer(200, {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"})
    return Answer(200, {"errcode": 0, "errmsg": "ok"})


@pytest.fixture
def robot(paging: Paging, provider: Provider) -> Paging:
    provider.protocol = protocol
    paging.method("wecom", f"{provider.url}/cgi-bin/webhook/send?key=abc")
    return paging


def test_markdown_with_the_link(robot: Paging) -> None:
    content = robot.sent(body="磁盘已满 " * 500).json["markdown"]["content"]
    assert content.startswith("**[SEV1] INC-7") and "](https://ops.example.org/act/" in content


def test_many_fit(robot: Paging, provider: Provider) -> None:
    Bundling.objects.create(user=robot.who, seconds=60)
    robot.page("first")
    for number in range(30):
        page(robot.who, f"k{number}", subject=SubjectRef("incident", 100 + number), title="存储 " * 40)
    engine(NOW.replace(minute=NOW.minute + 5))
    content = provider.taken[-1].json["markdown"]["content"]
    assert "30 incidents" in content and content.rstrip().endswith("/incidents/?status=open)")


@pytest.mark.parametrize(("code", "state"), [(93000, "failed"), (45009, "retrying")])
def test_refusals_come_with_200(robot: Paging, provider: Provider, code: int, state: str) -> None:
    provider.next = [Answer(200, {"errcode": code, "errmsg": "as it is"})]
    robot.page()
    assert robot.state()[0] == state and f"{code} as it is" in robot.answers()[0]
