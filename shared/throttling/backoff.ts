/** The unit and the upper limit of the wait before a retry, in milliseconds. See `backoffMs`. */
const MIN_BACKOFF_MS = 25
/**
 * The longest wait is short compared with the SDK's limit of 20 seconds. If 64 workers are throttled by one partition,
 * they still send more than 40 attempts a second, and the partition serves 12 pages of 1 MB a second. The capacity is
 * therefore used, and no call waits long although others succeed.
 */
const MAX_BACKOFF_MS = 3_000

/**
 * Returns the time to wait before a retry, in milliseconds. `attempt` is the number of failed attempts. The time is
 * random ("full jitter"), at most 25 ms × 2^attempt, and never more than 3 s.
 */
export const backoffMs = (attempt: number): number =>
  Math.random() * Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(attempt, 10))
