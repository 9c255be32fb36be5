"""
EventBridge Scheduler replaces `<aws.scheduler.scheduled-time>` in the input of a target by the time at which the
schedule is due. The emulator passes the placeholder on. Here, it becomes the current time in whole seconds.
"""

from datetime import datetime, timezone

from ministack.services import eventbridge

_PLACEHOLDER = "<aws.scheduler.scheduled-time>"


def close():
    invoke = eventbridge._invoke_target

    def invoke_with_time(target, event, *args, **kwargs):
        if event.get("Source") == "aws.scheduler" and _PLACEHOLDER in target.get("Input", ""):
            time = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            target = {**target, "Input": target["Input"].replace(_PLACEHOLDER, time)}
        return invoke(target, event, *args, **kwargs)

    eventbridge._invoke_target = invoke_with_time
