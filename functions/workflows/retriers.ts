import { ERROR_TABLE } from '../../shared/problems/error-table.ts'

/** A retrier of the Amazon States Language. The first retrier of a state that matches an error counts this error. */
export type Retrier = {
  readonly ErrorEquals: string[]
  readonly MaxAttempts: number
  readonly IntervalSeconds?: number
  readonly BackoffRate?: number
  readonly MaxDelaySeconds?: number
  readonly JitterStrategy?: 'FULL'
}

/** Names of the errors that a retry with the same input would cause again. All other errors are retried. */
const FINAL_ERRORS = Object.entries(ERROR_TABLE).flatMap(([name, { retryable }]) => (retryable ? [] : [name]))

/**
 * Names of the errors of a throttled stage. With the first error, Lambda throttled the invocation, because all
 * functions that may run at the same time are running. With the second error, a call of the stage was throttled until
 * the time of the stage ended. A stage that fails with one of these errors can succeed later.
 */
const THROTTLING_ERRORS = ['Lambda.TooManyRequestsException', 'ThrottledError']

/** Names of the errors with which Lambda did not run a function, or did not return its response. */
const LAMBDA_ERRORS = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
]

/** The errors after which an item of an inline map continues in the distributed map of the same stage. */
export const CONTINUABLE_ERRORS = [...THROTTLING_ERRORS, ...LAMBDA_ERRORS]

interface Delays {
  /** With full jitter, the average delay is half of the longest delay. */
  readonly delays: Pick<Retrier, 'IntervalSeconds' | 'BackoffRate' | 'MaxDelaySeconds' | 'JitterStrategy'>
  /** The number of retries that take more than an hour on average. */
  readonly retriesOfAnHour: number
}

/**
 * At most 2, 4, 8, ... and 512 seconds, and 10 minutes before all other retries. Longer delays would leave free
 * functions unused. The first delays are short, because a caller may be waiting for a small job.
 */
const SHORT_DELAYS: Delays = {
  delays: { IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 600, JitterStrategy: 'FULL' },
  retriesOfAnHour: 20,
}

/**
 * At most 1, 2, 4 and 8 minutes, and 10 minutes before all other retries. An item of a distributed map can run passes
 * for days, and so can `account-items`. With shorter delays, the execution would exceed its 25,000 events if Lambda
 * throttled all these passes.
 */
const LONG_DELAYS: Delays = {
  delays: { IntervalSeconds: 60, BackoffRate: 2, MaxDelaySeconds: 600, JitterStrategy: 'FULL' },
  retriesOfAnHour: 15,
}

/**
 * With both kinds of delays, so many retries take 98 hours on average. The time limit of an execution ends it before
 * that, so throttling alone never fails a job.
 */
const RETRIES_UNTIL_TIMEOUT = 1_200

const finalErrors: Retrier = { ErrorEquals: FINAL_ERRORS, MaxAttempts: 0 }

const throttled = ({ delays }: Delays): Retrier => ({
  ErrorEquals: THROTTLING_ERRORS,
  MaxAttempts: RETRIES_UNTIL_TIMEOUT,
  ...delays,
})

/**
 * Retries for an hour. After that, the job fails, because an error of Lambda can be permanent: `AWSLambdaException` can
 * also mean that the workflow has no permission to call the function.
 */
const lambdaErrors = ({ delays, retriesOfAnHour }: Delays): Retrier => ({
  ErrorEquals: LAMBDA_ERRORS,
  MaxAttempts: retriesOfAnHour,
  ...delays,
})

/**
 * Retries at most four times, within about a minute. A partition split or a failover of DynamoDB takes less time. More
 * retries would repeat a pass of 5 minutes too often.
 */
const otherErrors: Retrier = {
  ErrorEquals: ['States.ALL'],
  IntervalSeconds: 2,
  MaxAttempts: 4,
  BackoffRate: 2,
  MaxDelaySeconds: 30,
  JitterStrategy: 'FULL',
}

/** The retriers of a stage that runs outside of maps. */
export const RETRY_TASK: Retrier[] = [finalErrors, throttled(SHORT_DELAYS), lambdaErrors(SHORT_DELAYS), otherErrors]

/** The retriers of a stage that runs passes until its work is finished: all passes write to the same history. */
export const RETRY_PASSES: Retrier[] = [finalErrors, throttled(LONG_DELAYS), lambdaErrors(LONG_DELAYS), otherErrors]

/**
 * The retriers of an item of an inline map. All items of the map write to the history of the same execution. Therefore,
 * an item that fails with one of these errors for an hour continues in a distributed map, where it has its own history.
 */
export const RETRY_INLINE: Retrier[] = [
  finalErrors,
  { ...lambdaErrors(SHORT_DELAYS), ErrorEquals: CONTINUABLE_ERRORS },
  otherErrors,
]

/**
 * The retriers of the stage that ends a failed job. This stage must succeed. Otherwise, the leases of the job would not
 * be released and its error would not be stored. It retries every other error eight times, within several minutes.
 */
export const RETRY_FAIL_STAGE: Retrier[] = [
  throttled(SHORT_DELAYS),
  lambdaErrors(SHORT_DELAYS),
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 2,
    MaxAttempts: 8,
    BackoffRate: 2,
    MaxDelaySeconds: 60,
    JitterStrategy: 'FULL',
  },
]
