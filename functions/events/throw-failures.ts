import type { FailedStep } from '../../shared/schedules/attempt-all.ts'
import { StepsFailedError } from '../../shared/schedules/errors.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'

/** Logs the failed steps of a run and throws `StepsFailedError`. Does nothing if no step failed. */
export const throwFailures = (failures: readonly FailedStep[]): void => {
  if (failures.length === 0) return
  for (const { name, error } of failures)
    logger.error('a step failed', { step: name, error: error instanceof Error ? error : new Error(String(error)) })
  throw new StepsFailedError(failures)
}
