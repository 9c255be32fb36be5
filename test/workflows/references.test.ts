import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../shared/restore/report/make-report.ts'
import { fill, worldWith, joinWorlds } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const MODELS = {
  leaf: {
    references: [
      { field: 'to', target: 'leaf' },
      { field: 'at', target: 'leaf', ref_type: 'revision_id', list: true },
    ],
  },
}

let folder: string
let staged: StagedWorkflows
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'references-'))
  const models_file = join(folder, 'models.json')
  await writeFile(models_file, JSON.stringify(MODELS))
  staged = await StagedWorkflows.start({ models_file })
})
afterAll(async () => {
  await staged.stop()
  await rm(folder, { recursive: true })
})

describe('references', () => {
  it('to a resource are looked up even if a revision with the same id was found before', async () => {
    const leaf = (id: string, payload: object) =>
      worldWith(staged.services.models, { model: 'leaf', id, payloads: [payload] })
    const ids = Array.from({ length: 20 }, (_, k) => `${k}`)
    await fill(
      staged.outside,
      joinWorlds(
        leaf('r', {}),
        ...ids.map((id) => leaf(`many-${id}`, { at: Array.from({ length: 100 }, () => 'r:1') })),
        ...ids.map((id) => leaf(`one-${id}`, { to: 'r:1' })),
      ),
    )
    const { archive } = await staged.export(['leaf'])
    await staged.wipe()
    const job = await staged.restore(archive)
    const { bucket = '', key = '' } = job.result?.report ?? {}
    const report = await staged.services.objects.getJson<Report>(bucket, key)
    const dangling = report?.checks.references.findings.map(({ resource_id, what }) => `${resource_id}: ${what}`)
    expect(dangling?.sort()).toEqual(
      ids.map((id) => `one-${id}: reference to to leaf: was already dangling in the archive`).sort(),
    )
  })
})
