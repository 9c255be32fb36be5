"""
Lambda ends functions that have been idle for some minutes. The emulator keeps one process of every version of every
function, so each deployment would need more memory.
"""

import time

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_IDLE_SECONDS = 60


def close():
    def end_idle_workers(ttl=None):
        idle = []
        with lambda_runtime._lock:
            for key, workers in list(lambda_runtime._workers.items()):
                kept = [worker for worker in workers if worker.in_use or time.time() - worker.last_used < _IDLE_SECONDS]
                idle.extend(worker for worker in workers if worker not in kept)
                lambda_runtime._workers[key] = kept
        lambda_runtime.kill_workers(idle)
        return len(idle)

    lambda_runtime.reap_idle_workers = end_idle_workers
    lambda_svc.reap_idle_workers = end_idle_workers
