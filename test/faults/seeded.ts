import process from 'node:process'
import type { TestContext } from 'vitest'

/** What is drawn at random is drawn by this: the same seed, the same faults. */
export const SEED = Number(process.env['FAULT_SEED'] ?? 7)

declare module 'vitest' {
  interface TaskMeta {
    /** What a test injected or tried, by name: `npm run test:faults` adds it up. */
    tally?: Readonly<Record<string, number>>
  }
}

/** Leaves numbers with the test's result. */
export const tally = (task: TestContext['task'], numbers: Readonly<Record<string, number>>): void => {
  task.meta.tally = { ...task.meta.tally, ...numbers }
}
