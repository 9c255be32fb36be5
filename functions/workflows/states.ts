import type { StageName } from '../../shared/jobs/stage-names.ts'
import { ERROR_TABLE } from '../../shared/problems/error-table.ts'
import { pascalCase } from '../function-spec.ts'

/**
 * Builds the states of both workflows in Amazon States Language.
 * The definitions receive the ARNs of their stages as a parameter: the CDK app passes the ARNs of Lambda functions, and
 * the local program passes local ARNs.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type State = Readonly<Record<string, Json>>
export type States = Readonly<Record<string, State>>

export interface Definition {
  readonly Comment: string
  readonly StartAt: string
  readonly TimeoutSeconds: number
  readonly States: States
}

/** Returns the ARN of a stage's function. */
export type Arn<Stage extends StageName> = (stage: Stage) => string

/** Parameters of a stage that needs only the job id. */
export const JOB_ID: Json = { 'job_id.$': '$.job_id' }

interface TaskOptions {
  /** Name of the next state. */
  readonly next: string
  /** The input of the stage. By default, this is the input of the state. */
  readonly parameters?: Json
  /** Name of the next state if the stage fails after all retries. By default, the workflow fails. */
  readonly onError?: string
}

interface MapOptions {
  /** Name of the next state. */
  readonly next: string
  /** Name of the next state after a `ConflictError`. By default, the workflow fails after such an error. */
  readonly onConflict?: string
}

/** Functions that build the states of one workflow. */
interface StateBuilders<Stage extends StageName> {
  /** Runs a stage once. The output of the stage is the input of the next state. */
  readonly task: (stage: Stage, options: TaskOptions) => States
  /**
   * Runs a stage for every item of `$.items`. Repeats the stage for an item until it returns `more: false`. The outputs
   * of the items are dropped, because the outputs of ten thousand items would exceed the size limit of a state. The
   * output of the map is equal to its input.
   */
  readonly map: (stage: Stage, options: MapOptions) => States
  /**
   * Builds the last two states of a failed workflow. The first state runs `failStage`, which ends the job with its
   * error. The second state fails the execution.
   */
  readonly fail: () => States
}

/**
 * Returns the functions that build the states of one workflow. Each state has the name of its stage in PascalCase.
 * If a stage fails after all retries, the workflow continues with `failStage`.
 */
export const stateBuilders = <Stage extends StageName>(
  arn: Arn<Stage>,
  failStage: NoInfer<Stage>,
): StateBuilders<Stage> => {
  const catchAll = { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: pascalCase(failStage) }
  return {
    task: (stage, { next, parameters, onError }) => ({
      [pascalCase(stage)]: {
        ...taskState(arn(stage)),
        ...(parameters === undefined ? {} : { Parameters: parameters }),
        Retry: RETRY,
        Catch: [onError === undefined ? catchAll : { ...catchAll, Next: onError }],
        Next: next,
      },
    }),
    map: (stage, { next, onConflict }) =>
      mapStates(pascalCase(stage), arn(stage), next, (mode) =>
        onConflict === undefined ? [catchAll] : [catchConflict(onConflict, mode), catchAll],
      ),
    fail: () => failStates(pascalCase(failStage), arn(failStage)),
  }
}

/** The longest time in seconds for which Lambda runs a function. A pass ends after about 5 minutes. */
const TASK_TIMEOUT_SECONDS = 900

const taskState = (resource: string): State => ({
  Type: 'Task',
  Resource: resource,
  TimeoutSeconds: TASK_TIMEOUT_SECONDS,
})

/** Names of the errors that a retry with the same input would cause again. All other errors are retried. */
const FINAL_ERRORS = Object.entries(ERROR_TABLE).flatMap(([name, { retryable }]) => (retryable ? [] : [name]))

/**
 * Retries at most four times, within about a minute. A partition split or a failover of DynamoDB takes less time. More
 * retries would repeat a pass of 5 minutes too often.
 */
const RETRY: Json = [
  { ErrorEquals: FINAL_ERRORS, MaxAttempts: 0 },
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 2,
    MaxAttempts: 4,
    BackoffRate: 2,
    MaxDelaySeconds: 30,
    JitterStrategy: 'FULL',
  },
]

/**
 * Retries at most eight times, within several minutes. The stage that ends a failed job must succeed even if its calls
 * are throttled for a minute. Otherwise, the leases of the job would not be released and its error would not be stored.
 */
const RETRY_FAIL_STAGE: Json = [
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 2,
    MaxAttempts: 8,
    BackoffRate: 2,
    MaxDelaySeconds: 60,
    JitterStrategy: 'FULL',
  },
]

const failStates = (name: string, resource: string): States => ({
  [name]: {
    ...taskState(resource),
    Parameters: { 'job_id.$': '$.job_id', 'error.$': '$.error' },
    ResultPath: null,
    Retry: RETRY_FAIL_STAGE,
    Next: 'Failed',
  },
  Failed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
})

/** A map with at most 8 items runs inline. Small jobs then end within seconds, because no child executions start. */
const MAX_INLINE_ITEMS = 8

/**
 * The number of workers that run at the same time. One worker writes at least 1,000 items a second, and a new on-demand
 * table accepts 4,000. More than 64 workers would mostly be throttled.
 */
const MAX_CONCURRENCY = 64

type MapMode = 'Inline' | 'Distributed'

/**
 * Returns the catcher that continues with `next` after a `ConflictError`. A distributed map does not report the error
 * of a failed child, so its catcher continues with `next` after every failure. That state then reads the stored error.
 */
const catchConflict = (next: string, mode: MapMode): Json => ({
  ErrorEquals: mode === 'Inline' ? ['ConflictError'] : ['States.ExceedToleratedFailureThreshold'],
  ResultPath: '$.error',
  Next: next,
})

/**
 * Returns three states: a choice, an inline map and a distributed map. The choice selects a map by the number of items.
 * If there are no items, it continues with `next`.
 */
const mapStates = (name: string, resource: string, next: string, catchers: (mode: MapMode) => Json[]): States => {
  const mapState = (mode: MapMode): State => ({
    Type: 'Map',
    ItemsPath: '$.items',
    ItemSelector: { 'job_id.$': '$.job_id', 'n.$': '$$.Map.Item.Value', pass: 0 },
    MaxConcurrency: mode === 'Inline' ? MAX_INLINE_ITEMS : MAX_CONCURRENCY,
    ItemProcessor: {
      ProcessorConfig: mode === 'Inline' ? { Mode: 'INLINE' } : { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      ...passLoop(`${name}${mode}`, resource),
    },
    ResultPath: null,
    Catch: catchers(mode),
    Next: next,
  })
  return {
    [name]: {
      Type: 'Choice',
      Choices: [
        { Variable: '$.count', NumericEquals: 0, Next: next },
        { Variable: '$.count', NumericLessThanEquals: MAX_INLINE_ITEMS, Next: `${name}Inline` },
      ],
      Default: `${name}Distributed`,
    },
    [`${name}Inline`]: mapState('Inline'),
    [`${name}Distributed`]: mapState('Distributed'),
  }
}

/** Returns the states that run passes for one map item until a pass returns `more: false`. */
const passLoop = (prefix: string, resource: string): { readonly StartAt: string; readonly States: States } => ({
  StartAt: `${prefix}Work`,
  States: {
    [`${prefix}Work`]: { ...taskState(resource), Retry: RETRY, Next: `${prefix}More` },
    [`${prefix}More`]: {
      Type: 'Choice',
      Choices: [{ Variable: '$.more', BooleanEquals: true, Next: `${prefix}Work` }],
      Default: `${prefix}Done`,
    },
    [`${prefix}Done`]: { Type: 'Pass', Result: {}, End: true },
  },
})
