"""Real processes for tests, in one place to import from."""

from tests.harness.running import answers as answers
from tests.harness.running import clean_environment as clean_environment
from tests.harness.running import free_port as free_port
from tests.harness.running import process as process
from tests.harness.running import scratch as scratch
from tests.harness.running import send as send
from tests.harness.running import wait_until as wait_until
from tests.harness.steward import PASSWORD as PASSWORD
from tests.harness.steward import Production as Production
from tests.harness.steward import Steward as Steward
from tests.harness.steward import production as production
from tests.harness.steward import steward_command as steward_command
from tests.harness.steward import steward_up as steward_up
