import { afterEach, vi } from 'vitest'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { sampleStore, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import { callWithStage } from './throttled-calls.ts'
import type { WorkflowRunner } from './workflow-runner.ts'

export const MODELS = ['city', 'country', 'memo']

/** The counts of the archives of the catalogue. */
export const CATALOGUE = {
  character: { resources: 47, revisions: 138, blobs: 48 },
  guild: { resources: 12, revisions: 39, blobs: 10 },
  item: { resources: 63, revisions: 139, blobs: 29 },
}

/** The checks of a report, with the number of things that each of them has checked. */
export const checked = (checks: object = {}): object =>
  Object.fromEntries(
    Object.entries<{ readonly checked: number }>({ ...checks }).map(([name, check]) => [name, check.checked]),
  )

/** Exports the sample store as an archive of the given format. */
export const exportSample = async (runner: WorkflowRunner, format: 'acbak' | 'specstar' = 'acbak'): Promise<Buffer> => {
  await writeToStore(runner.clients, sampleStore(runner.services.models))
  return (await runner.export(MODELS, {}, format === 'acbak', format)).archive
}

/** Starts a runner whose store is empty before each test. Call this function at the top level of a file. */
export const startCheckRunner = async (): Promise<WorkflowRunner> => {
  const runner = await startRunner({ callStage: callWithStage, limits: { watchMs: 10 } })
  afterEach(async () => {
    vi.restoreAllMocks()
    await runner.freeLeases()
    await runner.wipe()
    await runner.deploy({}, { ...LIMITS, watchMs: 10 })
  })
  return runner
}
