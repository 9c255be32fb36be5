"""
CloudFormation generates different names for the same stack in different regions. The emulator generates the same names,
so the second region would replace the IAM roles of the first one, which all regions share.
"""

from ministack.core.responses import get_region
from ministack.services.cloudformation import provisioners


def close():
    physical_name = provisioners._physical_name

    def name_in_region(*args, **options):
        token = provisioners._NAME_SEED.set(f"{provisioners._NAME_SEED.get()}{get_region()}")
        try:
            return physical_name(*args, **options)
        finally:
            provisioners._NAME_SEED.reset(token)

    provisioners._physical_name = name_in_region
