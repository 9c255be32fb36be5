import type { Json } from '../../functions/workflows/states.ts'
import type { VirtualClock } from './clock.ts'
import {
  type Catcher,
  type Choice,
  type Condition,
  type Machine,
  type MapState,
  parseMachine,
  type Retrier,
  type State,
  type Task,
} from './definition.ts'
import { fillTemplate, isObject, type PathData, valueAt, withValueAt } from './paths.ts'

/** An error with a name that retriers and catchers match. */
export class StateError extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

/** Runs the function of a task, such as `export-records`. */
export type Invoke = (resource: string, input: Json) => Promise<Json>

/** What the executions of one workflow have used. */
export interface ExecutionCounts {
  /** The events of the execution itself, and the most events of an execution of an item of a distributed map. */
  readonly events: number
  readonly childEvents: number
  /** The largest state, in bytes of JSON. */
  readonly stateBytes: number
  /** The largest number of items of a map, and the sum of the items of all distributed maps. */
  readonly mapItems: number
  readonly children: number
  /** State transitions, which AWS charges. */
  readonly transitions: number
  /** The retries of tasks. */
  readonly retries: number
}

interface Execution {
  events: number
}

/**
 * Events of the history, as AWS documents them. A task writes that it was entered, scheduled, started, succeeded and
 * exited. A map also writes that its run started and ended.
 */
const EVENTS = { execution: 2, task: 5, failedAttempt: 3, map: 6, iteration: 2, other: 2 }

interface InterpreterOptions {
  readonly clock: VirtualClock
  readonly invoke: Invoke
  /** Returns a number from 0 to 1, for the jitter of retries. */
  readonly random: () => number
}

/** Runs state machines on a virtual clock, and counts what Step Functions limits. */
export class Interpreter {
  readonly #options: InterpreterOptions
  #childEvents = 0
  #stateBytes = 0
  #mapItems = 0
  #children = 0
  #transitions = 0
  #retries = 0
  #main: Execution = { events: 0 }

  constructor(options: InterpreterOptions) {
    this.#options = options
  }

  get counts(): ExecutionCounts {
    return {
      events: this.#main.events,
      childEvents: this.#childEvents,
      stateBytes: this.#stateBytes,
      mapItems: this.#mapItems,
      children: this.#children,
      transitions: this.#transitions,
      retries: this.#retries,
    }
  }

  /** Runs an execution to its end. Throws a `StateError` if it fails. */
  async run(machine: Machine, input: Json): Promise<Json> {
    this.#main = { events: EVENTS.execution }
    return this.#runStates(machine, { input, context: {} }, this.#main)
  }

  async #runStates(machine: Machine, data: PathData, execution: Execution): Promise<Json> {
    let { input } = data
    for (let name: string | undefined = machine.start; name !== undefined;) {
      const state = machine.states.get(name)
      if (state === undefined) throw new Error(`there is no state ${name}`)
      this.#transitions += 1
      this.#stateBytes = Math.max(this.#stateBytes, sizeOf(input))
      const ended = await this.#runState(state, { ...data, input }, execution)
      input = ended.output
      name = ended.next
    }
    return input
  }

  async #runState(
    state: State,
    data: PathData,
    execution: Execution,
  ): Promise<{ readonly output: Json; readonly next: string | undefined }> {
    if (state.Type === 'Task' || state.Type === 'Map') {
      try {
        const result =
          state.Type === 'Task'
            ? await this.#runTask(state, data, execution)
            : await this.#runMap(state, data, execution)
        return { output: outputOf(state, data.input, result), next: state.Next }
      } catch (error) {
        if (!(error instanceof StateError)) throw error
        return catchError(state.Catch, data.input, error)
      }
    }
    execution.events += EVENTS.other
    switch (state.Type) {
      case 'Choice':
        return {
          output: data.input,
          next: state.Choices.find((choice) => matches(choice, data))?.Next ?? state.Default,
        }
      case 'Pass':
        return { output: passOutput(state, data), next: state.Next }
      case 'Wait': {
        const { SecondsPath, Seconds = 0 } = state
        const seconds = SecondsPath === undefined ? Seconds : Number(valueAt(SecondsPath, data))
        await this.#options.clock.wait(seconds)
        return { output: data.input, next: state.Next }
      }
      case 'Succeed':
        return { output: data.input, next: undefined }
      case 'Fail':
        throw new StateError(textAt(state.ErrorPath, data), textAt(state.CausePath, data))
    }
  }

  async #runTask(task: Task, data: PathData, execution: Execution): Promise<Json> {
    const input = task.Parameters === undefined ? data.input : fillTemplate(task.Parameters, data)
    const { clock, invoke, random } = this.#options
    const attempts = new Map<Retrier, number>()
    execution.events += EVENTS.task
    for (;;) {
      const start = clock.now
      try {
        const output = await invoke(task.Resource, input)
        if (clock.now - start > task.TimeoutSeconds)
          throw new StateError('States.Timeout', `${task.Resource} took ${(clock.now - start).toFixed(0)} seconds`)
        return output
      } catch (error) {
        if (!(error instanceof StateError)) throw error
        execution.events += EVENTS.failedAttempt
        const retrier = task.Retry.find(({ ErrorEquals }) => isMatch(ErrorEquals, error))
        const attempt = retrier === undefined ? 0 : (attempts.get(retrier) ?? 0)
        if (retrier === undefined || attempt >= retrier.MaxAttempts) throw error
        attempts.set(retrier, attempt + 1)
        this.#retries += 1
        const delay = Math.min(retrier.MaxDelaySeconds, retrier.IntervalSeconds * retrier.BackoffRate ** attempt)
        await clock.wait(retrier.JitterStrategy === 'FULL' ? delay * random() : delay)
      }
    }
  }

  async #runMap(map: MapState, data: PathData, execution: Execution): Promise<Json> {
    const items = valueAt(map.ItemsPath, data)
    if (!Array.isArray(items)) throw new Error(`there is no list at ${map.ItemsPath}`)
    const machine = parseMachine(map.ItemProcessor)
    const isInline = map.ItemProcessor.ProcessorConfig.Mode === 'INLINE'
    execution.events += EVENTS.map
    this.#mapItems = Math.max(this.#mapItems, items.length)
    if (!isInline) this.#children += items.length
    const results: Json[] = []
    let next = 0
    let failure: StateError | undefined
    const worker = async (): Promise<void> => {
      while (next < items.length && failure === undefined) {
        const index = next++
        const child: Execution = isInline ? execution : { events: EVENTS.execution }
        if (isInline) execution.events += EVENTS.iteration
        const context: Json = { Map: { Item: { Index: index, Value: items[index] ?? null } } }
        const input = fillTemplate(map.ItemSelector, { input: data.input, context })
        try {
          results[index] = await this.#runStates(machine, { input, context }, child)
        } catch (error) {
          if (!(error instanceof StateError)) throw error
          failure ??= isInline ? error : new StateError('States.ExceedToleratedFailureThreshold', error.message)
        }
        if (!isInline) this.#childEvents = Math.max(this.#childEvents, child.events)
      }
    }
    const workers = Math.min(items.length, map.MaxConcurrency === 0 ? Infinity : map.MaxConcurrency)
    await Promise.all(Array.from({ length: workers }, worker))
    if (failure !== undefined) throw failure
    return map.ResultSelector === undefined ? results : fillTemplate(map.ResultSelector, { ...data, input: results })
  }
}

const textAt = (path: string, data: PathData): string => {
  const value = valueAt(path, data)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const sizeOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value))

const outputOf = (state: Task | MapState, input: Json, result: Json): Json => {
  if (state.ResultPath === null) return input
  return state.ResultPath === undefined ? result : withValueAt(state.ResultPath, input, result)
}

const passOutput = (state: State & { readonly Type: 'Pass' }, data: PathData): Json => {
  if (state.Result !== undefined) return state.Result
  return state.Parameters === undefined ? data.input : fillTemplate(state.Parameters, data)
}

const catchError = (catchers: readonly Catcher[], input: Json, error: StateError) => {
  const catcher = catchers.find(({ ErrorEquals }) => isMatch(ErrorEquals, error))
  if (catcher === undefined) throw error
  const value = { Error: error.name, Cause: error.message }
  const output = catcher.ResultPath === undefined ? value : withValueAt(catcher.ResultPath, input, value)
  return { output, next: catcher.Next }
}

const isMatch = (names: readonly string[], { name }: StateError): boolean =>
  names.some((one) => one === 'States.ALL' || one === name)

const matches = (choice: Choice, data: PathData): boolean =>
  'And' in choice ? choice.And.every((condition) => holds(condition, data)) : holds(choice, data)

const holds = (condition: Condition, data: PathData): boolean => {
  const value = hasValueAt(condition.Variable, data) ? valueAt(condition.Variable, data) : undefined
  const { NumericEquals, NumericLessThanEquals, NumericGreaterThanEquals, BooleanEquals } = condition
  if (BooleanEquals !== undefined) return value === BooleanEquals
  if (typeof value !== 'number') return false
  if (NumericEquals !== undefined) return value === NumericEquals
  if (NumericLessThanEquals !== undefined) return value <= NumericLessThanEquals
  return NumericGreaterThanEquals !== undefined && value >= NumericGreaterThanEquals
}

const hasValueAt = (path: string, { input }: PathData): boolean => {
  const [, name = ''] = path.split('.')
  return isObject(input) && name in input
}
