import * as z from 'zod'
import type { Definition, Json } from '../../functions/workflows/states.ts'

/*
 * The part of the Amazon States Language that the workflows use. The schemas reject every other member, so that the
 * simulation never ignores a member of a definition.
 */

const JsonValue: z.ZodType<Json> = z.json()

const Retrier = z
  .strictObject({
    ErrorEquals: z.array(z.string()),
    MaxAttempts: z.int(),
    IntervalSeconds: z.number().default(1),
    BackoffRate: z.number().default(2),
    MaxDelaySeconds: z.number().default(Infinity),
    JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
  })
  .readonly()
export type Retrier = z.output<typeof Retrier>

const Catcher = z
  .strictObject({ ErrorEquals: z.array(z.string()), ResultPath: z.exactOptional(z.string()), Next: z.string() })
  .readonly()
export type Catcher = z.output<typeof Catcher>

const Condition = z
  .strictObject({
    Variable: z.string(),
    NumericEquals: z.exactOptional(z.number()),
    NumericLessThanEquals: z.exactOptional(z.number()),
    NumericGreaterThanEquals: z.exactOptional(z.number()),
    BooleanEquals: z.exactOptional(z.boolean()),
  })
  .readonly()
export type Condition = z.output<typeof Condition>
const Choice = z.union([
  z.strictObject({ ...Condition.unwrap().shape, Next: z.string() }).readonly(),
  z.strictObject({ And: z.array(Condition).readonly(), Next: z.string() }).readonly(),
])
export type Choice = z.output<typeof Choice>

const AFTER = { Next: z.exactOptional(z.string()), End: z.exactOptional(z.literal(true)) }
const RESULT = { ResultPath: z.exactOptional(z.string().nullable()) }
const ERRORS = { Retry: z.array(Retrier).default([]), Catch: z.array(Catcher).default([]) }

const Task = z.strictObject({
  Type: z.literal('Task'),
  Resource: z.string(),
  TimeoutSeconds: z.number(),
  Parameters: z.exactOptional(JsonValue),
  ...RESULT,
  ...ERRORS,
  ...AFTER,
})
export type Task = z.output<typeof Task>
const MapState = z.strictObject({
  Type: z.literal('Map'),
  ItemsPath: z.string(),
  ItemSelector: JsonValue,
  MaxConcurrency: z.int(),
  ItemProcessor: z.strictObject({
    ProcessorConfig: z.strictObject({
      Mode: z.enum(['INLINE', 'DISTRIBUTED']),
      ExecutionType: z.exactOptional(z.string()),
    }),
    StartAt: z.string(),
    States: z.record(z.string(), z.unknown()),
  }),
  ResultSelector: z.exactOptional(JsonValue),
  ...RESULT,
  ...ERRORS,
  ...AFTER,
})
export type MapState = z.output<typeof MapState>
const State = z.discriminatedUnion('Type', [
  Task,
  MapState,
  z.strictObject({ Type: z.literal('Choice'), Choices: z.array(Choice), Default: z.string() }),
  z.strictObject({
    Type: z.literal('Pass'),
    Parameters: z.exactOptional(JsonValue),
    Result: z.exactOptional(JsonValue),
    ...AFTER,
  }),
  z.strictObject({
    Type: z.literal('Wait'),
    Seconds: z.exactOptional(z.number()),
    SecondsPath: z.exactOptional(z.string()),
    ...AFTER,
  }),
  z.strictObject({ Type: z.literal('Succeed') }),
  z.strictObject({ Type: z.literal('Fail'), ErrorPath: z.string(), CausePath: z.string() }),
])
export type State = z.output<typeof State>

/** States that can be run, and the name of the first. */
export interface Machine {
  readonly start: string
  readonly states: ReadonlyMap<string, State>
}

export const parseMachine = ({
  StartAt,
  States,
}: Pick<Definition, 'StartAt'> & { readonly States: object }): Machine => ({
  start: StartAt,
  states: new Map(Object.entries(States).map(([name, state]) => [name, State.parse(state)])),
})
