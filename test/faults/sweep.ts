import { errorMessage } from '../../shared/values/error-message.ts'
import { numbersOf } from '../large/noise.ts'
import type { Fault } from './fault-middleware.ts'
import type { FaultHarness } from './fault-harness.ts'

/** An operation that must have the same result regardless of which calls fail. */
export interface Scenario {
  /** Prepares the store, without faults. */
  prepare(): Promise<void>
  /** Runs the operation with faults. */
  execute(): Promise<void>
  /** Throws unless the result is correct. */
  check(): Promise<void>
}

/** The result of a sweep. */
interface SweepResult {
  /** The number of calls that the scenario makes without faults. */
  readonly calls: number
  /** The number of runs with one fault. */
  readonly swept: number
  /** The number of injected faults. */
  readonly injected: number
  /** One message for each run in which the scenario failed. */
  readonly failures: readonly string[]
}

/** The calls that fail in one run. Each call has a number that selects one of the possible faults. */
type FailingCalls = ReadonlyMap<number, number>

/** Faults that are possible for every call, and faults of certain calls. */
const GENERAL_FAULTS: readonly Fault[] = [
  { kind: 'fail-before' },
  { kind: 'fail-after' },
  { kind: 'repeat' },
  { kind: 'throttle' },
  { kind: 'delay', ms: 50 },
]
const SPECIFIC_FAULTS: readonly (readonly [call: RegExp, fault: Fault])[] = [
  [/^(GetObjectCommand|.*\.(open|stream))$/, { kind: 'cut', bytes: 100 }],
  [/^Batch/, { kind: 'unprocessed', items: 1 }],
]

/** Selects the fault of a call by a number. The numbers 0 to 5 cover all faults of a call. */
const faultFor = (command: string, number: number): Fault => {
  const fitting = [
    ...GENERAL_FAULTS,
    ...SPECIFIC_FAULTS.flatMap(([call, fault]) => (call.test(command) ? [fault] : [])),
  ]
  return fitting[number % fitting.length] ?? { kind: 'fail-before' }
}

/**
 * Runs a scenario once for every `stride`-th call that it makes, with a fault in that call. The seed selects the first
 * call and the fault. Then runs the scenario `pairs` times with faults in two random calls.
 */
export const sweep = async (
  harness: FaultHarness,
  scenario: Scenario,
  { name, stride, seed, pairs }: { name: string; stride: number; seed: number; pairs: number },
): Promise<SweepResult> => {
  await scenario.prepare()
  harness.arm(() => undefined)
  await scenario.execute()
  const calls = harness.disarm().length
  await scenario.check()
  const failures: string[] = []
  let [swept, injected] = [0, 0]
  /** Returns false if the scenario did not reach any call that should have failed. */
  const run = async (plan: FailingCalls): Promise<boolean> => {
    const { injected: count, failure } = await runWithFaults(harness, scenario, plan)
    injected += count
    if (failure !== undefined) failures.push(failure)
    return count > 0
  }
  for (let n = 1 + (seed % stride); n <= calls; n += stride) {
    if (await run(new Map([[n, n + Math.floor(seed / stride)]]))) swept += 1
  }
  const numbers = numbersOf(`${name} ${seed}`)
  const randomBelow = (below: number): number => Math.floor(numbers() * below)
  for (let pair = 0; pair < pairs; pair++)
    await run(new Map(Array.from({ length: 2 }, () => [1 + randomBelow(calls), randomBelow(6)])))
  return { calls, swept, injected, failures }
}

/**
 * Runs a scenario with faults. Returns the number of injected faults, and the failure, if any. The number can be lower
 * than planned, because concurrent work makes a slightly different number of calls in each run.
 */
const runWithFaults = async (
  harness: FaultHarness,
  scenario: Scenario,
  plan: FailingCalls,
): Promise<{ readonly injected: number; readonly failure?: string }> => {
  await scenario.prepare()
  const injected: string[] = []
  harness.arm(({ n, command }) => {
    const number = plan.get(n)
    if (number === undefined) return undefined
    const fault = faultFor(command, number)
    injected.push(`${fault.kind} at call ${n}, ${command}`)
    return fault
  })
  try {
    await scenario.execute()
    harness.disarm()
    if (injected.length > 0) await scenario.check()
    return { injected: injected.length }
  } catch (error) {
    harness.disarm()
    return { injected: injected.length, failure: `${injected.join('; ')}: ${errorMessage(error).slice(0, 2_000)}` }
  }
}
