"""The dashboards of an account have one namespace in all regions. In the emulator, each region has its own."""

from ministack.core.responses import AccountScopedDict
from ministack.services import cloudwatch


def close():
    cloudwatch._dashboards = AccountScopedDict()
