import { randomUUID } from 'node:crypto'
import type { Context } from 'aws-lambda'
import type { StateMachineDefinition } from 'aws-local-stepfunctions'
import { localContext } from '../program/local-context.ts'
import type { Definition, Json, State, States } from '../../../functions/workflows/states.ts'

/** A stage's handler, as Lambda calls it: JSON in, JSON out. */
export type StageHandler = (input: Json, context: Context) => Promise<Json>

/** Step Functions' limit on a state's input or output. */
const STATE_BYTES = 256 * 1024

/** What a stage may take on Lambda. */
const TASK_MS = 900_000

/** All children of a local map share one process. */
const LOCAL_CONCURRENCY = 4

/** Fields that AWS heeds and the local interpreter passes over without a word, and `ResultPath: "$"`, which breaks it. */
const UNSUPPORTED = [
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'QueryLanguage',
  'Arguments',
  'Output',
  'Assign',
  'ToleratedFailurePercentage',
  'ToleratedFailurePercentagePath',
  'ToleratedFailureCount',
  'ToleratedFailureCountPath',
  'HeartbeatSeconds',
  'Label',
]

export class DefinitionError extends Error {
  override readonly name = 'DefinitionError'
}

export class StateTooLargeError extends Error {
  override readonly name = 'States.DataLimitExceeded'
}

const nested = (state: State): States | undefined => {
  const processor = state['ItemProcessor']
  if (typeof processor !== 'object' || processor === null || !('States' in processor)) return undefined
  return processor['States'] as States
}

function* allStates(states: States): Generator<[string, State]> {
  for (const [name, state] of Object.entries(states)) {
    yield [name, state]
    const inner = nested(state)
    if (inner !== undefined) yield* allStates(inner)
  }
}

/** Refuses a definition that would run here otherwise than on AWS: unknown fields, a name used twice. */
export const checkDefinition = (definition: Definition): void => {
  const seen = new Set<string>()
  for (const [name, state] of allStates(definition.States)) {
    if (seen.has(name)) throw new DefinitionError(`state ${name} stands twice in the definition`)
    seen.add(name)
    const ignored = UNSUPPORTED.filter((field) => field in state)
    if (ignored.length > 0) throw new DefinitionError(`state ${name}: the local runner ignores ${ignored.join(', ')}`)
    if (state['ResultPath'] === '$') throw new DefinitionError(`state ${name}: leave "ResultPath": "$" out`)
  }
}

/** State names of all tasks, with their resource. */
export const taskStates = (definition: Definition): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...allStates(definition.States)].flatMap(([name, state]) =>
      state['Type'] === 'Task' && typeof state['Resource'] === 'string' ? [[name, state['Resource']]] : [],
    ),
  )

/**
 * The definition as it runs here: never more than four children of a map at once, and no waits: handlers have returned here.
 * A distributed map fails as on AWS, with an error that does not say what its child failed with.
 */
export const localDefinition = (definition: Definition): StateMachineDefinition =>
  JSON.parse(JSON.stringify({ ...definition, States: mapStates(definition.States) })) as StateMachineDefinition

const mapStates = (states: States): States =>
  Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      if (state['Type'] === 'Wait') return [name, { ...state, Seconds: 0 }]
      return [name, state['Type'] === 'Map' ? mapHere(name, state) : state]
    }),
  )

const mapHere = (name: string, state: State): State => {
  const { MaxConcurrency, ItemProcessor } = state
  const here = typeof MaxConcurrency === 'number' ? Math.min(MaxConcurrency, LOCAL_CONCURRENCY) : LOCAL_CONCURRENCY
  const children = nested(state)
  if (children === undefined || !isDistributed(ItemProcessor)) return { ...state, MaxConcurrency: here }
  return { ...state, MaxConcurrency: here, ItemProcessor: { ...ItemProcessor, States: failingUnnamed(name, children) } }
}

const isDistributed = (processor: Json | undefined): processor is { [key: string]: Json } =>
  typeof processor === 'object' &&
  processor !== null &&
  'ProcessorConfig' in processor &&
  JSON.stringify(processor.ProcessorConfig).includes('"DISTRIBUTED"')

const failingUnnamed = (map: string, states: States): { [key: string]: Json } => ({
  ...Object.fromEntries(
    Object.entries(states).map(([name, state]) => [
      name,
      state['Type'] === 'Task'
        ? { ...state, Catch: [{ ErrorEquals: ['States.ALL'], Next: `${map}Unnamed` }] }
        : { ...state },
    ]),
  ),
  [`${map}Unnamed`]: {
    Type: 'Fail',
    Error: 'States.ExceedToleratedFailureThreshold',
    Cause: 'The specified tolerated failure threshold was exceeded',
  },
})

/** Holds a handler to the state limit, and to JSON: what does not survive it is not there on AWS either. */
export const checkedHandler =
  (state: string, handler: StageHandler): ((input: Json) => Promise<Json>) =>
  async (input) => {
    const context = localContext(state, randomUUID(), TASK_MS)
    const output = await handler(throughJson(state, 'input', input), context)
    return throughJson(state, 'output', output)
  }

const throughJson = (state: string, side: string, value: unknown): Json => {
  const text = JSON.stringify(value ?? null)
  const bytes = Buffer.byteLength(text)
  if (bytes > STATE_BYTES)
    throw new StateTooLargeError(`${side} of state ${state}: ${bytes} bytes, ${STATE_BYTES} allowed`)
  return JSON.parse(text) as Json
}
