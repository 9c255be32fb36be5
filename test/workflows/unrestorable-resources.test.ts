import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stableContents } from '../contents.ts'
import {
  changed,
  cityWith,
  UNRESTORABLE_RECORDS,
  withId,
  withPayload,
  withRevision,
} from './kinds/unrestorable-records.ts'
import { linesAt, linesOfList } from './unrestorable-list.ts'
import { buildResource, sampleStore, writeToStore } from './sample-store.ts'
import { JobFailedError } from './workflow-runner.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
const sample = sampleStore(runner.services.models)
beforeEach(() => writeToStore(runner.clients, sample))
afterEach(() => runner.wipe())

const strictFailure = async (): Promise<unknown> => {
  try {
    await runner.export(['city', 'country', 'memo'])
  } catch (error) {
    return error instanceof JobFailedError ? error.error : error
  }
  return undefined
}

describe('a resource that no restore could write or verify', () => {
  it.each(UNRESTORABLE_RECORDS)(
    'because of $what makes a strict export fail, and is left out with strict=false',
    async ({ items, reason }) => {
      const bad = items(runner.services.models)
      await runner.putItems(...bad)
      const keys = bad.map(({ pk, sk }) => ({ pk: pk?.S, sk: sk?.S }))
      const listed = { model: 'city', reason: expect.stringContaining(reason) as unknown }
      const error = await strictFailure()
      expect(error).toMatchObject({
        type: 'unrestorable-resources',
        status: 409,
        unrestorable_resources: { count: 1, resources: [listed] },
      })
      const { unrestorable_resources } = error as { unrestorable_resources: { resources: [{ key: object }] } }
      expect(keys).toContainEqual(unrestorable_resources.resources[0].key)

      const { job } = await runner.export(['city', 'country', 'memo'], {}, false)
      expect(job).toMatchObject({ status: 'partial' })
      expect(job.result).toMatchObject({
        complete: false,
        missing_blobs: { count: 0 },
        left_out: { count: 1, resources: [listed] },
        models: { city: { resources: 6, revisions: 11 } },
      })
    },
  )

  it('is in the list to which the error of a strict export refers, even if the error contains fewer resources', async () => {
    const { models } = runner.services
    const ids = Array.from({ length: 150 }, (_, k) => `${k}`.padEnd(200, 'x'))
    for (const id of ids) {
      const { metadata, revision } = cityWith(models, {}, id)
      await runner.putItems(changed(metadata, { updated_by: { N: '1' } }), revision)
    }
    const error = await strictFailure()
    expect(error).toMatchObject({ unrestorable_resources: { count: 150 } })
    expect(Buffer.byteLength(JSON.stringify(error))).toBeLessThan(16 * 1024)
    const lines = await linesOfList(runner, error)
    expect(lines.map(({ resource_id }) => resource_id).sort()).toEqual(ids.toSorted())
    expect(lines[0]).toMatchObject({ model: 'city', reason: 'updated_by must be a string' })
    const { job } = await runner.export(['city'], {}, false)
    expect(await linesAt(runner, job.result?.left_out?.list)).toEqual(lines)
  })

  it('does not prevent the restore of the others, and the report lists it', async () => {
    const { models } = runner.services
    const before = stableContents(await runner.contents())
    await runner.putItems(...withId('ba/d')(models), ...withPayload('{"arms":{"file_id":"lost"}')(models))
    const { archive } = await runner.export(['city', 'country', 'memo'], {}, false)
    await runner.wipe()
    expect(await runner.restore(archive, { dry_run: true })).toMatchObject({ result: { left_out: { count: 2 } } })
    const restored = await runner.restore(archive)
    expect(restored).toMatchObject({ status: 'partial', result: { left_out: { count: 2 } } })
    expect(await runner.readReport(restored)).toMatchObject({ passed: true, left_out: { count: 2 } })
    expect(stableContents(await runner.contents())).toEqual(before)
  })

  it('is left out with strict=false if its current revision or its spilled payload is missing', async () => {
    const { models } = runner.services
    await runner.putItems(cityWith(models).metadata)
    const { metadata, revision } = cityWith(models, '{}', 'gone')
    await runner.putItems(metadata, changed(revision, { data: undefined, data_spilled: { BOOL: true } }))
    const { job } = await runner.export(['city'], {}, false)
    expect(job.result?.left_out?.resources.map(({ resource_id, reason }) => [resource_id, reason]).sort()).toEqual([
      ['bad', 'the current revision is missing'],
      ['gone', 'the spilled payload is missing'],
    ])
  })

  it('makes a filtered export fail if the filter cannot be evaluated because of the fault', async () => {
    const [metadata = {}, revision = {}] = buildResource(runner.services.models, {
      model: 'city',
      id: 'bad',
      payloads: [{ name: 'Bad' }],
    }).items
    await runner.putItems({ ...metadata, created_time: { S: 'never' } }, revision)
    const filters = { created_time_start: '2000-01-01T00:00:00Z' }
    await expect(runner.export(['city'], filters)).rejects.toMatchObject({ error: { type: 'unrestorable-resources' } })
    const { job } = await runner.export(['city'], filters, false)
    expect(job).toMatchObject({ status: 'partial', result: { left_out: { count: 1 } } })
  })

  it('does not affect an export whose filters exclude it', async () => {
    await runner.putItems(...withRevision({ data_size: { N: '1' } })(runner.services.models))
    const { job } = await runner.export(['city'], { ids: ['a', 'b'] })
    expect(job).toMatchObject({ status: 'succeeded', result: { complete: true, models: { city: { resources: 2 } } } })
  })

  it('is left out even if a part of it is already written', async () => {
    const long = 'long '.repeat(60_000)
    const payloads = Array.from({ length: 60 }, (_, n) => ({ name: `${n}`, long }))
    const time = '2026-01-05T08:30:00Z'
    const { items, objects } = buildResource(runner.services.models, {
      model: 'city',
      id: 'deep',
      payloads,
      meta: { updated_time: time, rev_updated_time: time },
      info: { created_time: time, updated_time: time },
    })
    await writeToStore(runner.clients, { items, objects })
    const last = items.at(-1) ?? {}
    await runner.putItems(changed(last, { data_size: { N: '1' } }))
    const { job, archive } = await runner.export(['city'], {}, false)
    expect(job.result).toMatchObject({
      left_out: { count: 1, resources: [{ resource_id: 'deep', key: { sk: last['sk']?.S } }] },
      models: { city: { resources: 6, revisions: 11 } },
    })
    expect(await runner.restore(archive)).toMatchObject({ status: 'partial' })
  })
})
