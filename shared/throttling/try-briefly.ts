import { logger } from '../telemetry/telemetry.ts'
import { errorMessage } from '../values/error-message.ts'
import { withTotalBudget } from './call-context.ts'

/**
 * The time in milliseconds for which the throttled calls of `work` are repeated, all of them together. The caller must
 * not wait much longer, because its own work is finished.
 */
export const BRIEF_MS = 5_000

/**
 * Calls `work`, which stores something that the caller can do without. Repeats throttled calls only for a short time.
 * If `work` fails, logs `failure` with `details`, and returns undefined. Never throws, so that the caller does not
 * fail.
 */
export const tryBriefly = async <Result>(
  failure: string,
  details: Readonly<Record<string, unknown>>,
  work: () => Promise<Result>,
): Promise<Result | undefined> => {
  try {
    return await withTotalBudget(BRIEF_MS, work)
  } catch (error) {
    logger.error(failure, { ...details, cause: errorMessage(error) })
    return undefined
  }
}
