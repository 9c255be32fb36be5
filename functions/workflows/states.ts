import { ERROR_TABLE } from '../../shared/problems/error-table.ts'
import { pascalCase } from '../function-spec.ts'

/**
 * The states that both workflows consist of, in Amazon States Language.
 * A definition is a function of the ARNs of its stages: the CDK app passes ARNs of Lambda functions, the local program
 * passes its own ARNs.
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
export type Arn<Stage extends string> = (stage: Stage) => string

/** Parameters of a stage that needs only the job id. */
export const JOB_ID: Json = { 'job_id.$': '$.job_id' }

interface TaskOptions {
  /** Name of the next state. */
  readonly next: string
  /** Input of the stage; by default the whole state. */
  readonly parameters?: Json
}

interface MapOptions {
  /** Name of the next state. */
  readonly next: string
  /** Name of the next state after a `ConflictError`; by default the workflow fails. */
  readonly onConflict?: string
}

/** The builders of one workflow's states. */
export interface StateBuilders<Stage extends string> {
  /** A stage that runs once. Its output replaces the state. */
  readonly task: (stage: Stage, options: TaskOptions) => States
  /**
   * Runs a stage for every item of `$.items`. Each map item is a loop of passes that ends with an empty output, so that
   * the outputs of ten thousand items fit into the state. The map's output is its input.
   */
  readonly map: (stage: Stage, options: MapOptions) => States
  /** The last states of a workflow that fails: `failStage` stores the job's error, then the execution fails. */
  readonly fail: () => States
}

/** Builds the states of one workflow. Each state has the PascalCase name of its stage. Errors lead to `failStage`. */
export const stateBuilders = <Stage extends string>(
  arn: Arn<Stage>,
  failStage: NoInfer<Stage>,
): StateBuilders<Stage> => {
  const catchAll: Json = { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: pascalCase(failStage) }
  return {
    task: (stage, { next, parameters }) => ({
      [pascalCase(stage)]: {
        ...taskState(arn(stage)),
        ...(parameters === undefined ? {} : { Parameters: parameters }),
        Retry: RETRY,
        Catch: [catchAll],
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

/** Lambda's own limit. A pass hands over to the next one after 5 minutes. */
const TASK_TIMEOUT_SECONDS = 900

const taskState = (resource: string): State => ({
  Type: 'Task',
  Resource: resource,
  TimeoutSeconds: TASK_TIMEOUT_SECONDS,
})

/** Errors that the same input causes again. Any other error (a throttled call, a lost connection) may pass. */
const FINAL_ERRORS = Object.entries(ERROR_TABLE).flatMap(([name, { retryable }]) => (retryable ? [] : [name]))

/**
 * Four retries over about a minute.
 * That is longer than a partition split or a failover takes, and short compared to a pass of 5 minutes.
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

/** Eight retries over several minutes: a throttled minute must not keep the job's leases or hide its error. */
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

/** Up to 8 items run inline, so that a small job needs no child executions and ends within seconds. */
const MAX_INLINE_ITEMS = 8

/**
 * A new on-demand table accepts 4,000 writes a second, and one worker makes at least 1,000.
 * More than 64 workers would only be throttled.
 */
const MAX_CONCURRENCY = 64

type MapMode = 'Inline' | 'Distributed'

/** A distributed map does not report the error of its child: any failure leads to `next`, which finds out the cause. */
const catchConflict = (next: string, mode: MapMode): Json => ({
  ErrorEquals: mode === 'Inline' ? ['ConflictError'] : ['States.ExceedToleratedFailureThreshold'],
  ResultPath: '$.error',
  Next: next,
})

/** A choice by the number of items: continue with `next` if there are none, else an inline or a distributed map. */
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

/** Passes of one map item, until a pass returns `more: false`. */
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
