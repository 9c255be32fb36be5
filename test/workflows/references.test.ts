import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
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

const QueryInput = z.object({
  ExpressionAttributeValues: z.object({ ':from': z.object({ S: z.string() }) }),
  ProjectionExpression: z.string().optional(),
})

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

  it('reads only the ids of the revisions to which references lead, once for each resource', async () => {
    const leaf = (id: string, payload: object) =>
      buildResource(runner.services.models, { model: 'leaf', id, payloads: [payload, payload, payload] })
    const targets = Array.from({ length: 30 }, (_, k) => `target-${k}`)
    const at = targets.flatMap((id) => [`${id}:1`, `${id}:2`, `${id}:3`, `${id}:4`])
    await runner.wipe()
    await writeToStore(runner.clients, combine(...targets.map((id) => leaf(id, {})), leaf('from', { at })))
    const { archive } = await runner.export(['leaf'])
    await runner.wipe()
    const queries: { readonly from: string; readonly attributes: string | undefined }[] = []
    runner.clients.dynamo.middlewareStack.add(
      (next) => (args) => {
        const query = QueryInput.safeParse(args.input)
        if (query.success)
          queries.push({
            from: query.data.ExpressionAttributeValues[':from'].S,
            attributes: query.data.ProjectionExpression,
          })
        return next(args)
      },
      { step: 'initialize', name: 'recordQueries' },
    )
    runner.beforeStage('verify', () => Promise.resolve(void queries.splice(0)))
    const job = await runner.restore(archive)
    runner.clients.dynamo.middlewareStack.remove('recordQueries')
    const findings = (await runner.readReport(job))?.checks.references.findings
    expect(findings?.map(({ expected }) => expected)).toEqual(targets.map((id) => `${id}:4`))
    const reads = queries.filter(({ from }) => /\/target-\d+\/$/.test(from))
    expect(reads).toHaveLength(targets.length)
    expect(reads.every(({ attributes }) => attributes !== undefined)).toBe(true)
  })
})
