import type { Definition } from '../../../functions/workflows/states.ts'
import {
  averageDelay,
  inlinePassesOf,
  nextStates,
  type ParsedState,
  type ParsedStates,
  parseStates,
} from './parsed-definition.ts'

/*
 * Computes the largest number of events that one execution of a workflow writes to its history while its stages are
 * throttled for as long as the execution may run. The types of events are documented in the API reference of Step
 * Functions (`HistoryEvent`), and the limit of 25,000 events in its service quotas.
 */

/** `ExecutionStarted`, and one event for the end of the execution. */
const EXECUTION = 2
/** `…StateEntered` and `…StateExited`. */
const STATE = 2
/** `LambdaFunctionScheduled`, `LambdaFunctionStarted`, and `LambdaFunctionSucceeded` or `LambdaFunctionFailed`. */
const ATTEMPT = 3
/** `MapStateStarted` and `MapStateSucceeded`. A distributed map also writes `MapRunStarted` and `MapRunSucceeded`. */
const MAP = { INLINE: 2, DISTRIBUTED: 4 }
/** `MapIterationStarted` and `MapIterationSucceeded`. */
const INLINE_ITEM = 2

/** What the definition does not show. */
export interface WorkflowLoops {
  /** The largest number of items of inline maps that never have as many items as they can run at the same time. */
  readonly inlineItems?: Readonly<Record<string, number>>
  /** The loops outside of maps that run a limited number of times, within `seconds`. By default, there is no limit. */
  readonly repeated: readonly {
    readonly states: readonly string[]
    readonly visits: number
    readonly seconds?: number
  }[]
  /** The states outside of maps that run passes until the work is finished. */
  readonly passes: readonly string[]
  /** The shortest time of a pass that leaves work for the next pass, in seconds. */
  readonly passSeconds: number
  /** The largest number of passes of a map item that leave work although they were shorter than `passSeconds`. */
  readonly shortPasses: number
}

/** Events that an execution can write in so many seconds. */
interface Activity {
  readonly events: number
  readonly seconds: number
}

/**
 * Returns the largest number of events of the execution of a job, and of one item of a distributed map, which is an
 * execution of its own. Delays with jitter count with their averages.
 */
export const worstHistory = (definition: Definition, loops: WorkflowLoops): { job: number; item: number } => {
  const states = parseStates(definition)
  const seconds = definition.TimeoutSeconds
  return {
    job: jobEvents(states, seconds, loops),
    item: Math.max(...distributedItems(states).map((item) => itemEvents(item, seconds, loops))),
  }
}

const jobEvents = (states: ParsedStates, seconds: number, loops: WorkflowLoops): number => {
  let fixed = EXECUTION
  const activities: Activity[] = []
  for (const name of Object.keys(states)) {
    if (loops.passes.includes(name)) continue
    const state = withItems(states, name, loops)
    const repeated = loops.repeated.find((loop) => loop.states.includes(name))
    if (repeated === undefined) checkVisitedOnce(states, name, loops)
    const { visits, seconds: limit } = { visits: 1, seconds, ...repeated }
    fixed += visits * state.events
    const ofAllVisits = state.retries.map((retry) => times(retry, visits))
    if (limit === seconds) activities.push(...ofAllVisits)
    else fixed += mostEvents(ofAllVisits, limit)
  }
  const loop = loops.passes.map((name) => must(states, name))
  if (loop.length > 0) activities.push({ events: eventsPerSecond(loop, loops.passSeconds) * seconds, seconds })
  return fixed + mostEvents(activities, seconds)
}

/** Returns the events of one visit of a state, and its retries. Includes the items of an inline map. */
const withItems = (
  states: ParsedStates,
  name: string,
  loops: WorkflowLoops,
): { events: number; retries: readonly Activity[] } => {
  const state = must(states, name)
  const { ItemProcessor: processor, MaxConcurrency = 1 } = state
  if (processor?.ProcessorConfig.Mode !== 'INLINE') return { events: eventsOf(state), retries: retries(state) }
  const inner = Object.values(processor.States)
  const items = loops.inlineItems?.[name] ?? MaxConcurrency
  const passes = inlinePassesOf(processor.States)
  const eventsOfPass = inner.reduce((sum, one) => sum + eventsOf(one), 0)
  return {
    events: eventsOf(state) + items * (INLINE_ITEM + passes * eventsOfPass),
    // The items run at the same time, so the retries of all items take the time of one item.
    retries: inner.flatMap(retries).map(({ events, seconds }) => ({
      events: events * items * passes,
      seconds: seconds * passes,
    })),
  }
}

const itemEvents = (states: ParsedStates, seconds: number, { passSeconds, shortPasses }: WorkflowLoops): number => {
  const loop = Object.values(states).filter(({ End }) => !End)
  const onePass = loop.reduce((sum, state) => sum + eventsOf(state), 0)
  return EXECUTION + STATE + shortPasses * onePass + eventsPerSecond(loop, passSeconds) * seconds
}

/** Returns the events of one visit of a state without retries. The items of a map are not counted. */
const eventsOf = ({ Type, ItemProcessor }: ParsedState): number => {
  if (Type === 'Task') return STATE + ATTEMPT
  return ItemProcessor === undefined ? STATE : STATE + MAP[ItemProcessor.ProcessorConfig.Mode]
}

/** Returns the retries of one visit of a state. */
const retries = ({ Retry }: ParsedState): Activity[] =>
  Retry.flatMap((retrier) =>
    Array.from({ length: retrier.MaxAttempts }, (_, retry) => ({
      events: ATTEMPT,
      seconds: averageDelay(retrier, retry),
    })),
  )

const times = ({ events, seconds }: Activity, count: number): Activity => ({
  events: events * count,
  seconds: seconds * count,
})

/**
 * Returns the largest number of events per second of states that run passes one after the other. Each pass has the
 * number of retries that gives the most events per second. The failed attempts take no time.
 */
const eventsPerSecond = (states: readonly ParsedState[], passSeconds: number): number => {
  let events = states.reduce((sum, state) => sum + eventsOf(state), 0)
  let seconds = passSeconds
  for (const retry of states.flatMap(retries).sort((a, b) => a.seconds - b.seconds)) {
    if (retry.events / retry.seconds < events / seconds) break
    events += retry.events
    seconds += retry.seconds
  }
  return events / seconds
}

/** Returns the largest number of events of activities that take at most `limit` seconds together. */
const mostEvents = (activities: readonly Activity[], limit: number): number => {
  let left = limit
  let events = 0
  for (const activity of [...activities].sort((a, b) => b.events / b.seconds - a.events / a.seconds)) {
    const share = Math.min(1, left / activity.seconds)
    events += activity.events * share
    left -= activity.seconds * share
    if (left <= 0) break
  }
  return events
}

/** Throws if a state can be visited more than once. */
const checkVisitedOnce = (states: ParsedStates, name: string, { passes }: WorkflowLoops): void => {
  const reached = new Set<string>()
  const pending = nextStates(must(states, name))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next) || passes.includes(next)) continue
    reached.add(next)
    pending.push(...nextStates(must(states, next)))
  }
  if (reached.has(name)) throw new Error(`state ${name} can be visited more than once; describe its loop`)
}

const distributedItems = (states: ParsedStates): ParsedStates[] =>
  Object.values(states).flatMap(({ ItemProcessor }) =>
    ItemProcessor?.ProcessorConfig.Mode === 'DISTRIBUTED' ? [ItemProcessor.States] : [],
  )

const must = (states: ParsedStates, name: string): ParsedState => {
  const state = states[name]
  if (state === undefined) throw new Error(`there is no state ${name}`)
  return state
}
