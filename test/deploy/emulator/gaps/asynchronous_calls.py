"""
EventBridge and EventBridge Scheduler call functions asynchronously: Lambda tries a failed event three times and then
sends it to the destination of the function. The emulator calls the function once and drops a failed event.

The pauses between the attempts are seconds instead of minutes. Whether the role of the function may send the message is
not checked.
"""

import json

from ministack.services import eventbridge, lambda_svc


def close():
    def dispatch(arn, payload):
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            eventbridge.logger.warning("function %s of a rule or schedule not found", name)
            return
        record = lambda_svc._execution_record_for_config(function, config)
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch
