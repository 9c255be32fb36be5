import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildStream } from '../specstar/build-stream.ts'
import { withMetadata } from './kinds/unrestorable-records.ts'
import { sampleStore, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
const sample = sampleStore(runner.services.models)
beforeEach(() => writeToStore(runner.clients, sample))
afterEach(() => runner.wipe())

const NEVER = { created_time_end: '1999-01-01T00:00:00Z' }

describe('an export by ids', () => {
  it.each(['acbak', 'specstar'] as const)(
    'of format %s lists ids that no model has, and is partial',
    async (format) => {
      const { job } = await runner.export(['city', 'country'], { ids: ['a', 'mistyped', 'b'] }, true, format)
      expect(job).toMatchObject({
        status: 'partial',
        result: { complete: true, models: { city: { resources: 2 } }, not_found: { count: 1, ids: ['mistyped'] } },
      })
      expect(job.result).not.toHaveProperty('excluded')
    },
  )

  it('succeeds if every id is in one of the models', async () => {
    const { job } = await runner.export(['city', 'country'], { ids: ['a', 'b'] })
    expect(job.status).toBe('succeeded')
    expect(job.result).not.toHaveProperty('not_found')
  })

  it('lists ids that another filter excludes separately', async () => {
    const { job } = await runner.export(['city'], { ids: ['a', 'mistyped'], ...NEVER })
    expect(job).toMatchObject({
      status: 'partial',
      result: { not_found: { count: 1, ids: ['mistyped'] }, excluded: { count: 1, ids: ['a'] } },
    })
    const { job: excluding } = await runner.export(['city'], { ids: ['a'], ...NEVER })
    expect(excluding).toMatchObject({ status: 'succeeded', result: { excluded: { count: 1, ids: ['a'] } } })
  })

  it.each([
    ['no resource_id', undefined, 'bad'],
    ['an empty resource_id', { S: '' }, 'bad'],
    ['the resource_id of another resource', { S: 'worse' }, 'worse'],
  ])('finds the id of a resource whose metadata has %s, and names the resource', async (_what, resource_id, listed) => {
    await runner.putItems(...withMetadata({ resource_id })(runner.services.models))
    const { job } = await runner.export(['city'], { ids: ['a', 'bad'] }, false)
    expect(job).toMatchObject({
      status: 'partial',
      result: { left_out: { count: 1, resources: [{ resource_id: listed }] } },
    })
    expect(job.result).not.toHaveProperty('not_found')
    await expect(runner.export(['city'], { ids: ['bad'] })).rejects.toMatchObject({
      error: { type: 'unrestorable-resources' },
    })
  })

  it('does not find ids that no resource can have', async () => {
    const ids = ['a', 'no/such', 'x'.repeat(300), '']
    const not_found = { count: 3, ids: ids.slice(1) }
    const { job, archive } = await runner.export(['city'], { ids })
    expect(job).toMatchObject({ status: 'partial', result: { not_found } })
    for (const dry_run of [true, false])
      expect(await runner.restore(archive, { filters: { ids }, dry_run })).toMatchObject({ result: { not_found } })
  })

  it('lists at most 100 ids in at most 7 KiB, and counts all ids', async () => {
    const ids = Array.from({ length: 150 }, (_, k) => `${k}`.padEnd(200, 'x'))
    const { job } = await runner.export(['city'], { ids })
    expect(job.result?.not_found?.count).toBe(150)
    expect(Buffer.byteLength(JSON.stringify(job.result?.not_found?.ids))).toBeLessThan(7 * 1024)
  })
})

describe('a restore by ids', () => {
  it('lists ids that are not in the archive, and ends as partial', async () => {
    const { archive } = await runner.export(['city', 'country'])
    await runner.wipe()
    const request = { filters: { ids: ['a', 'mistyped'] } }
    const not_found = { count: 1, ids: ['mistyped'] }
    expect(await runner.restore(archive, { ...request, dry_run: true })).toMatchObject({ result: { not_found } })
    const restored = await runner.restore(archive, request)
    expect(restored).toMatchObject({
      status: 'partial',
      result: { not_found, models: { city: { loaded: 1 } }, verification: { passed: true, proved: true } },
    })
    expect(await runner.readReport(restored)).toMatchObject({ passed: true, proved: true, not_found })
  })

  it('does not look for ids in models that are not restored', async () => {
    const { archive } = await runner.export(['city', 'country'])
    expect(await runner.restore(archive, { filters: { ids: ['a'] }, models: ['country'] })).toMatchObject({
      status: 'partial',
      result: { not_found: { count: 1, ids: ['a'] } },
    })
  })

  it('lists ids that another filter excludes separately', async () => {
    const { archive } = await runner.export(['city'])
    const restored = await runner.restore(archive, { filters: { ids: ['a'], ...NEVER } })
    expect(restored).toMatchObject({
      status: 'succeeded',
      result: { excluded: { count: 1, ids: ['a'] }, verification: { passed: true, proved: false } },
    })
    expect(restored.result).not.toHaveProperty('not_found')
  })

  it('finds an id whose resource is left out', async () => {
    const resources = [{ id: 'bad', revisions: { 'bad:1': '{}' }, currentRevisionId: 'bad:2' }]
    const orphan = { id: 'orphan', revisions: { 'orphan:1': '{}' }, withoutMetadata: true }
    const stream = buildStream({ memo: { resources: [...resources, orphan] } })
    const restored = await runner.restore(stream, { strict: false, filters: { ids: ['bad', 'orphan', 'mistyped'] } })
    expect(restored).toMatchObject({
      status: 'partial',
      result: { left_out: { count: 2 }, not_found: { count: 1, ids: ['mistyped'] } },
    })
  })
})

describe('a verification that checks nothing', () => {
  it('passes, and its result says that nothing was verified', async () => {
    const { archive } = await runner.export(['city'], { ids: ['mistyped'] })
    const restored = await runner.restore(archive)
    expect(restored.result?.verification).toMatchObject({ passed: true, proved: false })
    expect(await runner.readReport(restored)).toMatchObject({ passed: true, proved: false })
  })

  it('says so if skip keeps every resource as it is', async () => {
    const { archive } = await runner.export(['country'])
    const restored = await runner.restore(archive, { on_duplicate: 'skip', filters: { ids: [] } })
    expect(restored.result?.verification).toMatchObject({ passed: true, proved: false })
  })
})
