"""
CloudFormation creates composite alarms. The emulator has them only in the API of CloudWatch, and rejects every template
with one of them.
"""

import json

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners


def close():
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
        "create": lambda logical_id, props, stack_name: _put(props),
        "update": lambda physical_id, old_props, new_props, stack_name: _put(new_props),
        "delete": lambda physical_id, props: cloudwatch._composite_alarms.pop(physical_id, None),
    }


def _put(props):
    status, _, body = cloudwatch._put_composite_alarm({}, props, False, True)
    if status >= 400:
        raise ValueError(json.loads(body).get("message", str(body)))
    name = props["AlarmName"]
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}
