"""
Lambda keeps everything that a function logs. The emulator reads the log for a few milliseconds after the response, so
it loses lines on a busy machine. Here, a function ends the log of each call with a mark, and the emulator reads to it.
"""

import queue
import time

from ministack.core import lambda_runtime

_MARK = "end of the log of this call"
_LONGEST_WAIT = 5.0
_END = "if (settled) return;\n        settled = true;"


def close():
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    assert script.count(_END) == 1
    lambda_runtime._NODEJS_WORKER_SCRIPT = script.replace(_END, f'{_END}\n        _stderrWrite("{_MARK}\\n");')

    def read_to_mark(worker):
        lines = []
        end = time.monotonic() + _LONGEST_WAIT
        while (left := end - time.monotonic()) > 0:
            try:
                line = worker._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            if line == _MARK:
                break
            lines.append(line)
        return "\n".join(lines)

    lambda_runtime.Worker._drain_stderr_bounded = read_to_mark
