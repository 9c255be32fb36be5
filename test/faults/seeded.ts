import process from 'node:process'
import type { TestContext } from 'vitest'

/** The seed of all random choices: the same seed gives the same faults. */
export const SEED = Number(process.env['FAULT_SEED'] ?? 7)

declare module 'vitest' {
  interface TaskMeta {
    /** What a test injected or tried, by name. `npm run test:faults` prints the sums. */
    tally?: Readonly<Record<string, number>>
  }
}

/** Adds numbers to the result of a test. */
export const tally = (task: TestContext['task'], numbers: Readonly<Record<string, number>>): void => {
  task.meta.tally = { ...task.meta.tally, ...numbers }
}
