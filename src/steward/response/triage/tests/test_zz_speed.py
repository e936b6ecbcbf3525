import time, cProfile, pstats
import pytest
from django.db import connection
from steward.response.triage.tests.factories import *
@pytest.mark.django_db
@pytest.mark.parametrize("groups,paged", [(500,False),(500,True),(20,False)])
def test_speed(groups, paged):
    p = policy(notify(user())).pk if paged else None
    for n in range(40): route(f'team="t{n}", env="prod"')
    route(group_by=["g"], policy_id=p)
    ch=[change("A", instance=f"i{n}", g=f"g{n%groups}") for n in range(500)]
    t=time.perf_counter(); pr=cProfile.Profile()
    process(*ch)
    print("OPEN", groups, paged, time.perf_counter()-t)
    ch=[change("A", instance=f"j{n}", g=f"g{n%groups}") for n in range(500)]
    t=time.perf_counter(); process(*ch); print("JOIN", groups, paged, time.perf_counter()-t)
    ch=[change("A", "resolved", instance=f"j{n}", g=f"g{n%groups}") for n in range(500)]
    t=time.perf_counter(); process(*ch); print("RESOLVE", groups, paged, time.perf_counter()-t)
