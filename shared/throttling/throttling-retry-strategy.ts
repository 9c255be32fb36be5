import { StandardRetryStrategy } from '@smithy/core/retry'
import type { RetryErrorInfo, RetryStrategyV2, RetryToken, StandardRetryToken } from '@smithy/types'
import { backoffMs } from './backoff.ts'
import { callContext } from './call-context.ts'
import { isThrottled } from './is-throttled.ts'
import { pause } from './pause.ts'
import { ThrottledError } from './throttled-error.ts'

/**
 * The number of attempts of a call that fails for another reason than throttling. It is larger than the SDK's default
 * of three, because a whole pass, which takes minutes, is repeated if all attempts fail.
 */
const MAX_ATTEMPTS = 5

/** One call to AWS. The retry middleware of the SDK passes the token from one attempt to the next. */
class CallToken implements RetryToken {
  /** The token of the SDK's strategy, which counts attempts that failed for other reasons than throttling. */
  readonly standard: StandardRetryToken
  /** The number of throttled attempts. */
  readonly throttled: number
  /** The time at which the call is no longer repeated. */
  readonly deadline: number

  constructor(standard: StandardRetryToken, throttled: number, deadline: number) {
    this.standard = standard
    this.throttled = throttled
    this.deadline = deadline
  }

  getRetryCount(): number {
    return this.standard.getRetryCount() + this.throttled
  }

  /** Returns 0, because the strategy has already waited. */
  getRetryDelay(): number {
    return 0
  }
}

/**
 * Repeats a throttled call until the budget of its context is used up (`call-context.ts`). Waits between the attempts
 * with full jitter. Repeats a call that failed for another reason at most four times, as the SDK does.
 */
export class ThrottlingRetryStrategy implements RetryStrategyV2 {
  readonly #service: string
  readonly #standard = new StandardRetryStrategy(MAX_ATTEMPTS)

  /** `service` is the name of the AWS service, such as `S3`. */
  constructor(service: string) {
    this.#service = service
  }

  async acquireInitialRetryToken(scope: string): Promise<CallToken> {
    return new CallToken(await this.#standard.acquireInitialRetryToken(scope), 0, callContext().until)
  }

  /** Waits for the next attempt. Rejects if there must be no further attempt. The SDK then throws the last error. */
  async refreshRetryTokenForRetry(token: CallToken, info: RetryErrorInfo): Promise<CallToken> {
    const { standard, throttled, deadline } = token
    // The guard of a write was throttled. The error is final.
    if (info.error instanceof ThrottledError) throw info.error
    if (!isThrottled(info.error, this.#service))
      return new CallToken(await this.#standard.refreshRetryTokenForRetry(standard, info), throttled, deadline)
    const left = deadline - performance.now()
    if (left <= 0) throw new Error('the budget of the call is used up')
    await pause(Math.min(left, backoffMs(throttled + 1)), callContext().signal)
    return new CallToken(standard, throttled + 1, deadline)
  }

  recordSuccess({ standard }: CallToken): void {
    this.#standard.recordSuccess(standard)
  }
}
