import type { StageName } from '../../shared/jobs/stage-names.ts'
import { pascalCase } from '../function-spec.ts'
import {
  CONTINUABLE_ERRORS,
  type Retrier,
  RETRY_FAIL_STAGE,
  RETRY_INLINE,
  RETRY_PASSES,
  RETRY_TASK,
} from './retriers.ts'

/**
 * Builds the states of all workflows in Amazon States Language.
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

/**
 * The number of items of a distributed map that run at the same time, if the setting `max_concurrency` is absent. One
 * worker writes at least 1,000 items a second, and a new on-demand table accepts 4,000. More than 64 workers would
 * mostly be throttled.
 */
export const DEFAULT_MAX_CONCURRENCY = 64

/** The choices that a deployment makes for all workflows. */
export interface WorkflowOptions {
  /** The number of items of a distributed map that run at the same time. */
  readonly maxConcurrency?: number
}

/** Parameters of a stage that needs only the job id. */
export const JOB_ID: Json = { 'job_id.$': '$.job_id' }

/** Returns true if a workflow runs a stage for map items. */
export const runsMapItems = ({ States: states }: Definition, stage: string): boolean =>
  distributedName(pascalCase(stage)) in states

interface TaskOptions {
  /** Name of the next state. */
  readonly next: string
  /** The input of the stage. By default, this is the input of the state. */
  readonly parameters?: Json
  /** Name of the next state if the stage fails after all retries. By default, the workflow fails. */
  readonly onError?: string
  /** The retriers of the stage. By default, those of a stage that runs once. */
  readonly retry?: Retrier[]
}

interface MapOptions {
  /** Name of the next state. */
  readonly next: string
  /** Name of the next state after a `ConflictError`. By default, the workflow fails after such an error. */
  readonly onConflict?: string
  /** The number of passes that each item may run in the inline map. By default, `INLINE_PASSES`. */
  readonly inlinePasses?: number
}

/** Functions that build the states of one workflow. */
interface StateBuilders<Stage extends StageName> {
  /** Runs a stage once. The output of the stage is the input of the next state. */
  readonly task: (stage: Stage, options: TaskOptions) => States
  /**
   * Runs a stage for every item of `$.items`. Repeats the stage for an item until it returns `more: false`. The outputs
   * of the items are dropped, because the outputs of ten thousand items would exceed the size limit of a state. The
   * output of the map is its input. After an inline map, it also contains `$.inline`.
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
  { maxConcurrency = DEFAULT_MAX_CONCURRENCY }: WorkflowOptions = {},
): StateBuilders<Stage> => {
  const catchAll = { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: pascalCase(failStage) }
  return {
    task: (stage, { next, parameters, onError, retry = RETRY_TASK }) => ({
      [pascalCase(stage)]: {
        ...taskState(arn(stage)),
        ...(parameters === undefined ? {} : { Parameters: parameters }),
        Retry: retry,
        Catch: [onError === undefined ? catchAll : { ...catchAll, Next: onError }],
        Next: next,
      },
    }),
    map: (stage, { next, onConflict, inlinePasses = INLINE_PASSES }) =>
      mapStates({
        name: pascalCase(stage),
        resource: arn(stage),
        next,
        maxConcurrency,
        inlinePasses,
        catchers: (mode) => (onConflict === undefined ? [catchAll] : [catchConflict(onConflict, mode), catchAll]),
      }),
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
 * The number of passes that each item may run in an inline map. The items of an inline map write their events to the
 * history of the execution, which has at most 25,000 events. A pass that is throttled for an hour writes up to 79
 * events, so 2 passes of 8 items write at most 1,300 events in each of the stages.
 */
const INLINE_PASSES = 2

/** Returns the name of a stage's distributed map. */
const distributedName = (name: string): string => `${name}Distributed`

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

interface MapProps {
  /** Name of the first state. */
  readonly name: string
  readonly resource: string
  readonly next: string
  readonly maxConcurrency: number
  readonly inlinePasses: number
  readonly catchers: (mode: MapMode) => Json[]
}

/**
 * Returns the states of a map. A choice selects the inline map or the distributed map by the number of items. If there
 * are no items, it continues with `next`. If the inline map has not finished an item, the distributed map runs all
 * items again from their first passes. A pass that has stored its result returns it at once, so no work is repeated.
 */
const mapStates = ({ name, resource, next, maxConcurrency, inlinePasses, catchers }: MapProps): States => {
  const map = { Type: 'Map', ItemsPath: '$.items', ItemSelector: FIRST_PASS }
  return {
    [name]: {
      Type: 'Choice',
      Choices: [
        { Variable: '$.count', NumericEquals: 0, Next: next },
        { Variable: '$.count', NumericLessThanEquals: MAX_INLINE_ITEMS, Next: `${name}Inline` },
      ],
      Default: distributedName(name),
    },
    [`${name}Inline`]: {
      ...map,
      MaxConcurrency: MAX_INLINE_ITEMS,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'INLINE' },
        ...inlinePassLoop(`${name}Inline`, resource, inlinePasses),
      },
      ResultSelector: { 'unfinished.$': `States.ArrayContains($, '${UNFINISHED}')` },
      ResultPath: '$.inline',
      Catch: catchers('Inline'),
      Next: `${name}InlineEnded`,
    },
    [`${name}InlineEnded`]: {
      Type: 'Choice',
      Choices: [{ Variable: '$.inline.unfinished', BooleanEquals: true, Next: distributedName(name) }],
      Default: next,
    },
    [distributedName(name)]: {
      ...map,
      MaxConcurrency: maxConcurrency,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        ...passLoop(distributedName(name), resource),
      },
      ResultPath: null,
      Catch: catchers('Distributed'),
      Next: next,
    },
  }
}

/** The input of the first pass of a map item. */
const FIRST_PASS: Json = { 'job_id.$': '$.job_id', 'count.$': '$.count', 'n.$': '$$.Map.Item.Value', pass: 0 }

/** The output of an item of an inline map that must continue in the distributed map. */
const UNFINISHED = 'unfinished'

interface Processor {
  readonly StartAt: string
  readonly States: States
}

/** Returns the states that run passes for one map item until a pass returns `more: false`. */
const passLoop = (prefix: string, resource: string): Processor => ({
  StartAt: `${prefix}Work`,
  States: {
    [`${prefix}Work`]: { ...taskState(resource), Retry: RETRY_PASSES, Next: `${prefix}More` },
    [`${prefix}More`]: {
      Type: 'Choice',
      Choices: [{ Variable: '$.more', BooleanEquals: true, Next: `${prefix}Work` }],
      Default: `${prefix}Done`,
    },
    [`${prefix}Done`]: { Type: 'Pass', Result: {}, End: true },
  },
})

/**
 * Returns the states that run at most `maxPasses` passes for one map item. The output is `UNFINISHED` if the item needs
 * more passes, or if a pass was throttled in all of its attempts.
 */
const inlinePassLoop = (prefix: string, resource: string, maxPasses: number): Processor => {
  const more = { Variable: '$.more', BooleanEquals: true }
  return {
    StartAt: `${prefix}Work`,
    States: {
      [`${prefix}Work`]: {
        ...taskState(resource),
        Retry: RETRY_INLINE,
        Catch: [{ ErrorEquals: CONTINUABLE_ERRORS, Next: `${prefix}Unfinished` }],
        Next: `${prefix}More`,
      },
      [`${prefix}More`]: {
        Type: 'Choice',
        Choices: [
          { And: [more, { Variable: '$.pass', NumericGreaterThanEquals: maxPasses }], Next: `${prefix}Unfinished` },
          { ...more, Next: `${prefix}Work` },
        ],
        Default: `${prefix}Done`,
      },
      [`${prefix}Unfinished`]: { Type: 'Pass', Result: UNFINISHED, End: true },
      [`${prefix}Done`]: { Type: 'Pass', Result: 'done', End: true },
    },
  }
}
