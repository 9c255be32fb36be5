import type { StateMachineDefinition } from 'aws-local-stepfunctions'
import type { Definition, Json, State, States } from '../../../functions/workflows/states.ts'

/** All children of a local map share one process. */
const MAX_LOCAL_CONCURRENCY = 4

/** Fields that Step Functions supports and the local interpreter silently ignores. */
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

/** A workflow definition uses something that the local interpreter does not run as Step Functions does. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError'
}

/** Rejects a definition that would behave differently on AWS. Throws `DefinitionError`. */
export const checkDefinition = (definition: Definition): void => {
  const seen = new Set<string>()
  for (const [name, state] of allStates(definition.States)) {
    if (seen.has(name)) throw new DefinitionError(`the definition contains state ${name} twice`)
    seen.add(name)
    const ignored = UNSUPPORTED_FIELDS.filter((field) => field in state)
    if (ignored.length > 0)
      throw new DefinitionError(`state ${name}: the local workflow engine ignores ${ignored.join(', ')}`)
    // The interpreter fails on this field with its default value.
    if (state['ResultPath'] === '$')
      throw new DefinitionError(`state ${name}: remove "ResultPath": "$", which is the default`)
  }
}

/** Returns the resource of each task, by the task's state name. */
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
 * Adapts a definition to local execution:
 * - A map runs at most four children at the same time.
 * - `Wait` states do not wait. They give functions on AWS time to end; local handlers have returned already.
 * - A distributed map fails with the error that AWS reports, which does not contain the error of the failed child.
 */
export const localDefinition = (definition: Definition): StateMachineDefinition =>
  JSON.parse(JSON.stringify({ ...definition, States: adaptStates(definition.States) })) as StateMachineDefinition

const adaptStates = (states: States): States =>
  Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      if (state['Type'] === 'Wait') return [name, { ...state, Seconds: 0 }]
      return [name, state['Type'] === 'Map' ? adaptMap(name, state) : state]
    }),
  )

const adaptMap = (name: string, state: State): State => {
  const { MaxConcurrency: given, ItemProcessor } = state
  const MaxConcurrency = typeof given === 'number' ? Math.min(given, MAX_LOCAL_CONCURRENCY) : MAX_LOCAL_CONCURRENCY
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
