import { ERROR_TABLE } from '../../shared/problems/error-table.ts'

/**
 * The pieces that both workflows are made of, in Amazon States Language: a task, and a map whose child is a loop.
 * A definition is a function from stage names to function ARNs: CDK fills in ARNs, the local runner its handlers.
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

/** Gives the resource of a task: a function's ARN. */
export type Arn<Stage extends string> = (stage: Stage) => string

/**
 * Errors of the caller's doing, or that the same input will meet again: trying again changes nothing.
 * Everything else (a throttled call, a function that died, a lost connection) may pass.
 */
const FINAL_ERRORS = Object.entries(ERROR_TABLE).flatMap(([name, { retryable }]) => (retryable ? [] : [name]))

/** Four more tries over about a minute: longer than a partition's split or a failover takes, short beside a pass of 5 minutes. */
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

/** Lambda's own limit: a pass hands over after 5 minutes, so it never comes near. */
const TASK_TIMEOUT_SECONDS = 900

const FAILED = 'Fail'

/** Whatever fails ends in the `Fail` stage, which tells the job. */
const CATCH: Json[] = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: FAILED }]

type MapMode = 'Inline' | 'Distributed'

/** A distributed map fails with an error of its own, whatever its child failed with: `next` then finds out what it was. */
const conflictGoesTo = (next: string, mode: MapMode): Json => ({
  ErrorEquals: mode === 'Inline' ? ['ConflictError'] : ['States.ExceedToleratedFailureThreshold'],
  ResultPath: '$.error',
  Next: next,
})

/** One stage that runs once. Its output replaces the state. */
export const task = (resource: string, next: string, parameters?: Json): State => ({
  Type: 'Task',
  Resource: resource,
  TimeoutSeconds: TASK_TIMEOUT_SECONDS,
  ...(parameters === undefined ? {} : { Parameters: parameters }),
  Retry: RETRY,
  Catch: CATCH,
  Next: next,
})

/** The last states of every workflow: the stage that writes the job's error, and the failure of the execution itself. */
export const failing = (resource: string): States => ({
  [FAILED]: {
    Type: 'Task',
    Resource: resource,
    TimeoutSeconds: TASK_TIMEOUT_SECONDS,
    Parameters: { 'job_id.$': '$.job_id', 'error.$': '$.error' },
    ResultPath: null,
    Retry: [
      // Freeing leases and telling the job must not be lost to a throttled minute.
      {
        ErrorEquals: ['States.ALL'],
        IntervalSeconds: 2,
        MaxAttempts: 8,
        BackoffRate: 2,
        MaxDelaySeconds: 60,
        JitterStrategy: 'FULL',
      },
    ],
    Next: 'Failed',
  },
  Failed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
})

/** Up to here children run inline: a small job ends within seconds, without child executions. */
const INLINE_CHILDREN = 8

/** 64 children of 1,000 writes a second or more are past what a new on-demand table takes (4,000): more would only be throttled. */
const MAX_CONCURRENCY = 64

/**
 * A map over `$.items`. Each child is a loop of passes, `Work → more? → Work`, and ends with an empty output, so that
 * ten thousand of them fit into the state. The map keeps its input as its output. `onConflict` names the state that takes
 * over where another writer may have come in between (`ConflictError`).
 */
export const mapOver = (name: string, resource: string, next: string, onConflict?: string): States => {
  const map = (mode: MapMode): State => ({
    Type: 'Map',
    ItemsPath: '$.items',
    ItemSelector: { 'job_id.$': '$.job_id', 'n.$': '$$.Map.Item.Value', pass: 0 },
    MaxConcurrency: mode === 'Inline' ? INLINE_CHILDREN : MAX_CONCURRENCY,
    ItemProcessor: {
      ProcessorConfig: mode === 'Inline' ? { Mode: 'INLINE' } : { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      ...childLoop(`${name}${mode}`, resource),
    },
    ResultPath: null,
    Catch: onConflict === undefined ? CATCH : [conflictGoesTo(onConflict, mode), ...CATCH],
    Next: next,
  })
  return {
    [name]: {
      Type: 'Choice',
      Choices: [
        { Variable: '$.count', NumericEquals: 0, Next: next },
        { Variable: '$.count', NumericLessThanEquals: INLINE_CHILDREN, Next: `${name}Inline` },
      ],
      Default: `${name}Distributed`,
    },
    [`${name}Inline`]: map('Inline'),
    [`${name}Distributed`]: map('Distributed'),
  }
}

const childLoop = (prefix: string, resource: string): { readonly StartAt: string; readonly States: States } => ({
  StartAt: `${prefix}Work`,
  States: {
    [`${prefix}Work`]: {
      Type: 'Task',
      Resource: resource,
      TimeoutSeconds: TASK_TIMEOUT_SECONDS,
      Retry: RETRY,
      Next: `${prefix}More`,
    },
    [`${prefix}More`]: {
      Type: 'Choice',
      Choices: [{ Variable: '$.more', BooleanEquals: true, Next: `${prefix}Work` }],
      Default: `${prefix}Done`,
    },
    [`${prefix}Done`]: { Type: 'Pass', Result: {}, End: true },
  },
})

export const JOB_ID: Json = { 'job_id.$': '$.job_id' }
