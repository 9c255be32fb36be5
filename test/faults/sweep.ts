import { type Fault } from './fault-middleware.ts'
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
  readonly injected: number
  /** Each run that the story did not survive. */
  readonly failures: readonly string[]
}

/** Which calls fail, and how: all of them in one run of the story. */
type Plan = ReadonlyMap<number, Fault>

/**
 * Runs the story once for every `stride`-th call that it makes, beginning at `offset`, that call meeting each of the
 * faults in turn; then `pairs` times with two calls that fail in one run, drawn by `numbers` (each from 0 to 1).
 */
export const sweep = async (
  world: FaultyWorld,
  story: Story,
  faults: readonly Fault[],
  {
    stride,
    offset,
    pairs,
    numbers,
  }: { readonly stride: number; readonly offset: number; readonly pairs: number; readonly numbers: () => number },
): Promise<Swept> => {
  await story.prepare()
  world.arm(() => undefined)
  await story.act()
  const calls = world.disarm().length
  await story.check()
  const failures: string[] = []
  let injected = 0
  const run = async (plan: Plan): Promise<void> => {
    const { met, failure } = await survives(world, story, plan)
    injected += met
    if (failure !== undefined) failures.push(failure)
  }
  for (let n = 1 + (offset % stride); n <= calls; n += stride)
    for (const fault of faults) await run(new Map([[n, fault]]))
  const drawn = (): [number, Fault] => [
    1 + Math.floor(numbers() * calls),
    faults[Math.floor(numbers() * faults.length)] ?? { kind: 'fail-before' },
  ]
  for (let pair = 0; pair < pairs; pair++) await run(new Map([drawn(), drawn()]))
  return { calls, injected, failures }
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
    const fault = plan.get(n)
    if (fault !== undefined) hits.push(`${fault.kind} at call ${n}, ${command}`)
    return fault
  })
  try {
    await story.act()
    world.disarm()
    if (hits.length > 0) await story.check()
    return { met: hits.length }
  } catch (error) {
    world.disarm()
    const what = error instanceof Error ? error.message : String(error)
    return { met: hits.length, failure: `${hits.join('; ')}: ${what.slice(0, 2_000)}` }
  }
}
