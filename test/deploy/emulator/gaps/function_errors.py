"""
Lambda reports a failed Node.js function with the name of its error, and retriers and catchers of Step Functions match
this name. The emulator reports `Runtime.HandlerError` for every error.
"""

import threading

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_WITHOUT_NAME = 'status: "error", error: String(err.message || err), trace: err.stack || ""'
_WITH_NAME = f'{_WITHOUT_NAME}, error_name: String(err.name || "Error")'

_last = threading.local()


def close():
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    assert script.count(_WITHOUT_NAME) == 1
    lambda_runtime._NODEJS_WORKER_SCRIPT = script.replace(_WITHOUT_NAME, _WITH_NAME)

    invoke = lambda_runtime.Worker.invoke

    def invoke_and_keep_name(worker, *args, **kwargs):
        response = invoke(worker, *args, **kwargs)
        _last.error_name = response.get("error_name")
        return response

    lambda_runtime.Worker.invoke = invoke_and_keep_name

    execute = lambda_svc._execute_function_warm

    def execute_and_name_error(*args, **kwargs):
        _last.error_name = None
        result = execute(*args, **kwargs)
        if result.get("error") and _last.error_name is not None:
            result["body"]["errorType"] = _last.error_name
        return result

    lambda_svc._execute_function_warm = execute_and_name_error
