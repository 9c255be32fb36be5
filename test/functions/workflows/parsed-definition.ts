import * as z from 'zod'
import type { Definition } from '../../../functions/workflows/states.ts'

/** A retrier with the defaults of the Amazon States Language. */
const Retrier = z.object({
  ErrorEquals: z.array(z.string()),
  IntervalSeconds: z.number().default(1),
  MaxAttempts: z.number().default(3),
  BackoffRate: z.number().default(2),
  MaxDelaySeconds: z.number().default(Infinity),
  JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
})
export type Retrier = z.output<typeof Retrier>

const Transition = z.object({ Next: z.string() })

const ChoiceRule = z.object({
  ...Transition.shape,
  And: z.array(z.object({ NumericGreaterThanEquals: z.exactOptional(z.number()) })).default([]),
})

const StateShape = z.object({
  Type: z.enum(['Task', 'Map', 'Choice', 'Pass', 'Wait', 'Succeed', 'Fail']),
  Retry: z.array(Retrier).default([]),
  Catch: z.array(Transition).default([]),
  Choices: z.array(ChoiceRule).default([]),
  Next: z.exactOptional(z.string()),
  Default: z.exactOptional(z.string()),
  End: z.boolean().default(false),
  MaxConcurrency: z.exactOptional(z.number()),
  get ItemProcessor() {
    return z.exactOptional(
      z.object({
        ProcessorConfig: z.object({ Mode: z.enum(['INLINE', 'DISTRIBUTED']) }),
        States: z.record(z.string(), StateShape),
      }),
    )
  },
})
export type ParsedState = z.output<typeof StateShape>
export type ParsedStates = Readonly<Record<string, ParsedState>>

/** Returns the states of a definition as objects with types. */
export const parseStates = ({ States: states }: Definition): ParsedStates =>
  z.record(z.string(), StateShape).parse(states)

/** Returns the names of the states that can follow a state. */
export const nextStates = (state: ParsedState): string[] =>
  [state.Next, state.Default, ...state.Choices.map(({ Next }) => Next), ...state.Catch.map(({ Next }) => Next)].filter(
    (name) => name !== undefined,
  )

/** Returns the number of passes after which an item of an inline map continues in the distributed map. */
export const inlinePassesOf = (states: ParsedStates): number => {
  const limits = Object.values(states).flatMap(({ Choices }) =>
    Choices.flatMap(({ And }) => And.flatMap(({ NumericGreaterThanEquals: passes }) => passes ?? [])),
  )
  const [passes] = limits
  if (passes === undefined || limits.length > 1) throw new Error('the items of an inline map have no limit of passes')
  return passes
}

/** Returns the average delay in seconds before a retry. `retry` is the number of earlier retries of this retrier. */
export const averageDelay = (retrier: Retrier, retry: number): number =>
  longestDelay(retrier, retry) / (retrier.JitterStrategy === 'FULL' ? 2 : 1)

/** Returns the longest delay in seconds before a retry. `retry` is the number of earlier retries of this retrier. */
export const longestDelay = (retrier: Retrier, retry: number): number =>
  Math.min(retrier.IntervalSeconds * retrier.BackoffRate ** retry, retrier.MaxDelaySeconds)

/** Returns the first retrier that matches an error. Step Functions ignores all others. */
export const retrierFor = (retriers: readonly Retrier[], error: string): Retrier | undefined =>
  retriers.find(({ ErrorEquals }) => ErrorEquals.includes(error) || ErrorEquals.includes('States.ALL'))
