import { type Fault } from './fault-middleware.ts'
import type { Call, FaultyWorld } from './world.ts'

/** Something that is done on a store and must come out the same whatever single call fails. */
export interface Story {
  /** Makes the store what it is before; no faults yet. */
  prepare(): Promise<void>
  /** Does it. */
  act(): Promise<void>
  /** Throws where it did not come out as it should. */
  check(): Promise<void>
}

/** What was swept: how many calls the story makes, and how many of them were made to fail. */
export interface Swept {
  readonly calls: number
  readonly injected: number
  /** Each fault that the story did not survive. */
  readonly failures: readonly string[]
}

/**
 * Runs the story once for every `stride`-th call that it makes, beginning at `offset`, that call meeting each of the
 * faults in turn.
 */
export const sweep = async (
  world: FaultyWorld,
  story: Story,
  faults: readonly Fault[],
  { stride, offset }: { readonly stride: number; readonly offset: number },
): Promise<Swept> => {
  await story.prepare()
  world.arm(() => undefined)
  await story.act()
  const calls = world.disarm().length
  await story.check()
  const failures: string[] = []
  let injected = 0
  for (let n = 1 + (offset % stride); n <= calls; n += stride) {
    for (const fault of faults) {
      const told = await survives(world, story, n, fault)
      if (told === 'not reached') continue
      injected += 1
      if (told !== undefined) failures.push(told)
    }
  }
  return { calls, injected, failures }
}

const survives = async (world: FaultyWorld, story: Story, n: number, fault: Fault): Promise<string | undefined> => {
  await story.prepare()
  let hit: Call | undefined
  world.arm((call) => {
    if (call.n !== n) return undefined
    hit = call
    return fault
  })
  try {
    await story.act()
    world.disarm()
    // What runs side by side makes a few calls more or fewer each time.
    if (hit === undefined) return 'not reached'
    await story.check()
    return undefined
  } catch (error) {
    world.disarm()
    const what = error instanceof Error ? error.message : String(error)
    return `${fault.kind} at call ${n}, ${hit?.command ?? '?'}: ${what.slice(0, 2_000)}`
  }
}
