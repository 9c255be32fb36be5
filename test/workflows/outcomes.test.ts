import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BROKEN_ARCHIVES } from './broken-archives.ts'
import { BROKEN_STORES } from './kinds/broken-stores.ts'
import { observeRestores, observeStore } from './kinds/observe.ts'
import { NONE, type Outcomes } from './kinds/outcome.ts'
import { outcomeDocument } from './kinds/outcome-document.ts'
import { soundStore, writeRegistry } from './kinds/sound-store.ts'
import type { StoreData } from './sample-store.ts'
import { WorkflowRunner } from './workflow-runner.ts'

let dir: string
let runner: WorkflowRunner
let sound: StoreData
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'specstar-models-'))
  const models_file = join(dir, 'models.json')
  await writeRegistry(models_file)
  runner = await WorkflowRunner.start({ models_file, limits: { metadataMs: 50 } })
  sound = soundStore(runner.services.models)
})
afterAll(async () => {
  await runner.stop()
  await rm(dir, { recursive: true, force: true })
})
afterEach(() => runner.wipe())

const stores: [string, Outcomes][] = []
const archives: [string, Outcomes][] = []

describe('a dry run agrees with the restore, and no verification fails, for', () => {
  it.each(BROKEN_STORES)('a store with $what', async (kind) => {
    stores.push([kind.what, await observeStore(runner, sound, kind)])
  })

  it.each(BROKEN_ARCHIVES)('$name', async ({ name, bytes, scope }) => {
    const request = scope === undefined ? {} : { models: [scope], route_model: scope }
    const outcomes = await observeRestores(runner, bytes, request)
    archives.push([name, { strictExport: NONE, lenientExport: NONE, ...outcomes }])
  })
})

it('OUTCOMES.md contains the outcomes of all kinds', async () => {
  await expect(outcomeDocument({ stores, archives })).toMatchFileSnapshot('../OUTCOMES.md')
})
