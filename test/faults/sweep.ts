import { errorMessage } from '../../shared/values/error-message.ts'
import { numbersOf } from '../large/noise.ts'
import type { Fault } from './fault-middleware.ts'
import type { FaultyWorld } from './world.ts'

/** Something that is done on a store and must come out the same whatever calls fail. */
export interface Story {
  /** Makes the store what it is before; no faults yet. */
  prepare(): Promise<void>
  /** Does it. */
  act(): Promise<void>
  /** Throws where it did not come out as it should. */
  check(): Promise<void>
}

/** What was swept: how many calls the story makes, and how many faults they met. */
export interface Swept {
  readonly calls: number
  /** Runs in which one of them failed. */
  readonly swept: number
  readonly injected: number
  /** Each run that the story did not survive. */
  readonly failures: readonly string[]
}

/** Which calls fail in one run of the story: to each its number, by which it takes one of the faults that fit it. */
type Plan = ReadonlyMap<number, number>

/** What may befall any call, and what befalls some. */
const ANY: readonly Fault[] = [
  { kind: 'fail-before' },
  { kind: 'fail-after' },
  { kind: 'repeat' },
  { kind: 'throttle' },
  { kind: 'delay', ms: 50 },
]
const SOME: readonly (readonly [call: RegExp, fault: Fault])[] = [
  [/^(GetObjectCommand|.*\.(open|stream))$/, { kind: 'cut', bytes: 100 }],
  [/^Batch/, { kind: 'unprocessed', items: 1 }],
]

/** The fault that a call takes by its number. The numbers 0 to 5 are all that fit it. */
const faultOf = (command: string, number: number): Fault => {
  const fitting = [...ANY, ...SOME.flatMap(([call, fault]) => (call.test(command) ? [fault] : []))]
  return fitting[number % fitting.length] ?? { kind: 'fail-before' }
}

/**
 * Runs the story once for every `stride`-th call that it makes, beginning at the seed's: that call meets one fault, another
 * with each round of seeds. Then `pairs` times with two calls that fail in one run, drawn by the seed.
 */
export const sweep = async (
  world: FaultyWorld,
  story: Story,
  { name, stride, seed, pairs }: { name: string; stride: number; seed: number; pairs: number },
): Promise<Swept> => {
  await story.prepare()
  world.arm(() => undefined)
  await story.act()
  const calls = world.disarm().length
  await story.check()
  const failures: string[] = []
  let [swept, injected] = [0, 0]
  /** False where the story came to no call that was to fail. */
  const run = async (plan: Plan): Promise<boolean> => {
    const { met, failure } = await survives(world, story, plan)
    injected += met
    if (failure !== undefined) failures.push(failure)
    return met > 0
  }
  for (let n = 1 + (seed % stride); n <= calls; n += stride) {
    if (await run(new Map([[n, n + Math.floor(seed / stride)]]))) swept += 1
  }
  const numbers = numbersOf(`${name} ${seed}`)
  const drawn = (below: number): number => Math.floor(numbers() * below)
  for (let pair = 0; pair < pairs; pair++)
    await run(new Map(Array.from({ length: 2 }, () => [1 + drawn(calls), drawn(6)])))
  return { calls, swept, injected, failures }
}

/** How many of the plan's faults were met (what runs side by side makes a few calls more or fewer each time), and what went wrong. */
const survives = async (
  world: FaultyWorld,
  story: Story,
  plan: Plan,
): Promise<{ readonly met: number; readonly failure?: string }> => {
  await story.prepare()
  const hits: string[] = []
  world.arm(({ n, command }) => {
    const number = plan.get(n)
    if (number === undefined) return undefined
    const fault = faultOf(command, number)
    hits.push(`${fault.kind} at call ${n}, ${command}`)
    return fault
  })
  try {
    await story.act()
    world.disarm()
    if (hits.length > 0) await story.check()
    return { met: hits.length }
  } catch (error) {
    world.disarm()
    return { met: hits.length, failure: `${hits.join('; ')}: ${errorMessage(error).slice(0, 2_000)}` }
  }
}
