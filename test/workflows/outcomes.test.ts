import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BROKEN_ARCHIVES } from './broken-archives.ts'
import { BROKEN_STORES } from './kinds/broken-stores.ts'
import { BROKEN_STREAMS } from './kinds/broken-streams.ts'
import { BROKEN_TARGETS, observeTarget, type TargetOutcomes } from './kinds/broken-targets.ts'
import { CRAFTED_ARCHIVES } from './kinds/crafted-archives.ts'
import { observeRestores, observeStore } from './kinds/observe.ts'
import { NONE, type Outcomes } from './kinds/outcome.ts'
import { archiveWithOddCity, ODD_ARCHIVED } from './kinds/odd-archived.ts'
import { outcomeDocument } from './kinds/outcome-document.ts'
import { soundStore, writeRegistry } from './kinds/sound-store.ts'
import { archiveWithBadCity, UNRESTORABLE_ARCHIVED } from './kinds/unrestorable-archived.ts'
import { streamWithBadMemo, UNRESTORABLE_STREAMS } from './kinds/unrestorable-streams.ts'
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

const archiveOutcomes = async (bytes: Buffer, scope?: string): Promise<Outcomes> => {
  const request = scope === undefined ? {} : { models: [scope], route_model: scope }
  return { strictExport: NONE, lenientExport: NONE, ...(await observeRestores(runner, bytes, request)) }
}

const stores: [string, Outcomes][] = []
const archives: [string, Outcomes][] = []
const streams: [string, Outcomes][] = []
const targets: [string, TargetOutcomes][] = []

describe('a dry run agrees with the restore, and no verification fails, for', () => {
  it.each(BROKEN_STORES)('a store with $what', async (kind) => {
    stores.push([kind.what, await observeStore(runner, sound, kind)])
  })

  it.each([...BROKEN_ARCHIVES, ...CRAFTED_ARCHIVES])('$name', async ({ name, bytes, scope }) => {
    archives.push([name, await archiveOutcomes(bytes, scope)])
  })

  it.each(UNRESTORABLE_ARCHIVED)('an archived resource of which $what', async ({ what, change }) => {
    const bytes = archiveWithBadCity(runner.services.models, change)
    archives.push([`a resource: ${what}`, await archiveOutcomes(bytes)])
  })

  it.each(ODD_ARCHIVED)('an archived resource with $what', async (kind) => {
    const bytes = archiveWithOddCity(runner.services.models, kind)
    archives.push([`a resource with ${kind.what}`, await archiveOutcomes(bytes)])
  })

  it.each(BROKEN_STREAMS)('$name', async ({ name, bytes }) => {
    streams.push([name, await archiveOutcomes(bytes)])
  })

  it.each(UNRESTORABLE_STREAMS)('a resource of a stream of which $what', async ({ what, bad }) => {
    streams.push([`a resource: ${what}`, await archiveOutcomes(streamWithBadMemo(bad))])
  })

  it.each(BROKEN_TARGETS)('a target that contains $what', async (kind) => {
    targets.push([kind.what, await observeTarget(runner, kind)])
  })
})

it('OUTCOMES.md contains the outcomes of all kinds', async () => {
  await expect(outcomeDocument({ stores, archives, streams, targets })).toMatchFileSnapshot('../OUTCOMES.md')
})
