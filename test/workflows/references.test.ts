import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeToStore, buildResource, combine } from './sample-store.ts'
import { WorkflowRunner } from './workflow-runner.ts'

const MODELS = {
  leaf: {
    references: [
      { field: 'to', target: 'leaf' },
      { field: 'at', target: 'leaf', ref_type: 'revision_id', list: true },
    ],
  },
}

let folder: string
let runner: WorkflowRunner
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'references-'))
  const models_file = join(folder, 'models.json')
  await writeFile(models_file, JSON.stringify(MODELS))
  runner = await WorkflowRunner.start({ models_file })
})
afterAll(async () => {
  await runner.stop()
  await rm(folder, { recursive: true })
})

describe('verification of references', () => {
  it('reports a dangling reference to a resource even if a revision with the same id exists', async () => {
    const leaf = (id: string, payload: object) =>
      buildResource(runner.services.models, { model: 'leaf', id, payloads: [payload] })
    const ids = Array.from({ length: 20 }, (_, k) => `${k}`)
    await writeToStore(
      runner.clients,
      combine(
        leaf('r', {}),
        ...ids.map((id) => leaf(`many-${id}`, { at: Array.from({ length: 100 }, () => 'r:1') })),
        ...ids.map((id) => leaf(`one-${id}`, { to: 'r:1' })),
      ),
    )
    const { archive } = await runner.export(['leaf'])
    await runner.wipe()
    const job = await runner.restore(archive)
    const report = await runner.readReport(job)
    const dangling = report?.checks.references.findings.map(({ resource_id, what }) => `${resource_id}: ${what}`)
    expect(dangling?.sort()).toEqual(
      ids.map((id) => `one-${id}: reference to to leaf: was already dangling in the archive`).sort(),
    )
  })
})
