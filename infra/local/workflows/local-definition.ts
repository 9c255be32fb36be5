import type { StateMachineDefinition } from 'aws-local-stepfunctions'
import type { Definition, Json, State, States } from '../../../functions/workflows/states.ts'

/**
 * The number of map items that run at the same time by default. All of them share the CPU and the memory of one
 * process.
 */
export const MAP_CONCURRENCY = 4

/** Fields that Step Functions supports, but that the interpreter `aws-local-stepfunctions` ignores without an error. */
const UNSUPPORTED_FIELDS = [
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

/** Thrown if a workflow definition would behave differently in the local interpreter and in Step Functions. */
class DefinitionError extends Error {
  override readonly name = 'DefinitionError'
}

/** Throws `DefinitionError` if a definition uses something that the local interpreter does not support. */
export const checkDefinition = (definition: Definition): void => {
  const seen = new Set<string>()
  for (const [name, state] of allStates(definition.States)) {
    if (seen.has(name)) throw new DefinitionError(`the definition contains state ${name} twice`)
    seen.add(name)
    const ignored = UNSUPPORTED_FIELDS.filter((field) => field in state)
    if (ignored.length > 0)
      throw new DefinitionError(
        `state ${name}: the local workflow engine does not support ${ignored.join(', ')}; use other fields`,
      )
    // The interpreter fails if a state sets this field to its default value.
    if (state['ResultPath'] === '$')
      throw new DefinitionError(
        `state ${name}: the local workflow engine fails on "ResultPath": "$"; remove it, because it is the default`,
      )
  }
}

/** Returns the resource (ARN) of each task, by the name of its state. */
export const taskStates = (definition: Definition): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...allStates(definition.States)].flatMap(([name, state]) =>
      state['Type'] === 'Task' && typeof state['Resource'] === 'string' ? [[name, state['Resource']]] : [],
    ),
  )

function* allStates(states: States): Generator<[string, State]> {
  for (const [name, state] of Object.entries(states)) {
    yield [name, state]
    const children = childStates(state)
    if (children !== undefined) yield* allStates(children)
  }
}

const childStates = (state: State): States | undefined => {
  const processor = state['ItemProcessor']
  if (typeof processor !== 'object' || processor === null || !('States' in processor)) return undefined
  return processor['States'] as States
}

/**
 * Adapts a definition to the local interpreter:
 * - A map runs at most `mapConcurrency` items at the same time.
 * - `Wait` states with a fixed time do not wait. On AWS, functions can still run after their map has failed, so the
 *   workflow waits for them. Locally, all handlers have returned before the next state.
 * - A distributed map fails with the same error as on AWS. This error does not contain the error of the failed item.
 */
export const localDefinition = (definition: Definition, mapConcurrency = MAP_CONCURRENCY): StateMachineDefinition =>
  JSON.parse(
    JSON.stringify({ ...definition, States: adaptStates(definition.States, mapConcurrency) }),
  ) as StateMachineDefinition

const adaptStates = (states: States, mapConcurrency: number): States =>
  Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      if (state['Type'] === 'Wait' && 'Seconds' in state) return [name, { ...state, Seconds: 0 }]
      return [name, state['Type'] === 'Map' ? adaptMap(name, state, mapConcurrency) : state]
    }),
  )

const adaptMap = (name: string, state: State, mapConcurrency: number): State => {
  const { MaxConcurrency: given, ItemProcessor } = state
  const MaxConcurrency = typeof given === 'number' ? Math.min(given, mapConcurrency) : mapConcurrency
  const children = childStates(state)
  if (children === undefined || !isDistributed(ItemProcessor)) return { ...state, MaxConcurrency }
  return { ...state, MaxConcurrency, ItemProcessor: { ...ItemProcessor, States: hideErrors(name, children) } }
}

const isDistributed = (processor: Json | undefined): processor is { [key: string]: Json } =>
  typeof processor === 'object' &&
  processor !== null &&
  'ProcessorConfig' in processor &&
  JSON.stringify(processor.ProcessorConfig).includes('"DISTRIBUTED"')

/** Replaces the error of every task by the error of a failed distributed map. */
const hideErrors = (map: string, states: States): { [key: string]: Json } => ({
  ...Object.fromEntries(
    Object.entries(states).map(([name, state]) => [
      name,
      state['Type'] === 'Task'
        ? { ...state, Catch: [{ ErrorEquals: ['States.ALL'], Next: `${map}ChildFailed` }] }
        : { ...state },
    ]),
  ),
  [`${map}ChildFailed`]: {
    Type: 'Fail',
    Error: 'States.ExceedToleratedFailureThreshold',
    Cause: 'The specified tolerated failure threshold was exceeded',
  },
})
