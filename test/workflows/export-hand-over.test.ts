import { randomBytes } from 'node:crypto'
import { afterEach, expect, it, vi } from 'vitest'
import { EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { stableContents } from '../contents.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import { nthCall, throttleCalls, throttledError } from './throttled-calls.ts'

const runner = await startRunner()
afterEach(async () => {
  vi.restoreAllMocks()
  await runner.wipe()
})

const writeCities = async (count: number, meta = {}): Promise<void> => {
  const cities = Array.from({ length: count }, (_, k) =>
    buildResource(runner.services.models, { model: 'city', id: `city-${k}`, payloads: [{ name: `city ${k}` }], meta }),
  )
  await writeToStore(runner.clients, combine(...cities))
}

it.each([['acbak'], ['specstar']] as const)(
  'a throttled pass with one range hands over its finished digest buckets (format %s)',
  async (format) => {
    await writeCities(40)
    const before = stableContents(await runner.contents())
    const { resources } = runner.services
    const read = resources.resources.bind(resources)
    const ranges: unknown[] = []
    const returned: string[] = []
    vi.spyOn(resources, 'resources').mockImplementation(async function* (model, range, options) {
      ranges.push(range)
      const isFirst = ranges.length === 1
      let left = 25
      for await (const resource of read(model, range, options)) {
        if (isFirst && left-- === 0) throw throttledError()
        returned.push(resource.h)
        yield resource
      }
    })
    const { job, archive } = await runner.export(['city'], {}, true, format)
    const results = await allResults(runner.services, job.job_id, EXPORT_RECORDS)
    const counts = results.map(({ segments, pieces }) => [...segments, ...pieces].map(({ resources: count }) => count))
    // The 25th resource may belong to a digest bucket that is not finished, so the next pass reads it again.
    expect(counts).toEqual([[24], [16]])
    expect(ranges).toMatchObject([{}, { from: returned[24]?.slice(0, 4) }])
    expect(returned).toHaveLength(25 + 16)
    vi.restoreAllMocks()
    await runner.wipe()
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
    expect(stableContents(await runner.contents())).toEqual(before)
  },
)

it('a throttled pass hands over the pages of metadata that its filter has rejected', async () => {
  // One page contains 1 MB, which is the metadata of 16 cities.
  await writeCities(100, { created_by: 'x'.repeat(60_000) })
  const exportNothing = async (throttledPage: number): Promise<{ passes: number; pages: number }> => {
    let isExporting = false
    const isPage = nthCall(throttledPage, ({ operation, target }) => operation === 'Query' && /resources/.test(target))
    let pages = 0
    throttleCalls(runner, (call) => {
      if (!isExporting) return false
      if (call.operation === 'Query' && /resources/.test(call.target)) pages += 1
      return isPage(call)
    })
    runner.beforeStage('export-records', () => {
      isExporting = true
      return Promise.resolve()
    })
    const { job } = await runner.export(['city'], { created_bys: ['nobody'] })
    vi.restoreAllMocks()
    return { passes: (await allResults(runner.services, job.job_id, EXPORT_RECORDS)).length, pages }
  }
  const { pages, passes } = await exportNothing(Infinity)
  expect(passes).toBe(1)
  expect(pages).toBeGreaterThan(5)
  const throttled = await exportNothing(pages)
  expect(throttled.passes).toBe(2)
  // The second pass reads the page before the throttled one again, because its last digest bucket may not be finished.
  expect(throttled.pages).toBeLessThanOrEqual(pages + 2)
})

it('a pass finishes its segment after the upload of a part was throttled', { timeout: 120_000 }, async () => {
  // Random payloads cannot be compressed, so that the segment of each of the four ranges has several parts.
  const cities = Array.from({ length: 200 }, (_, k) =>
    buildResource(runner.services.models, {
      model: 'city',
      id: `city-${k}`,
      payloads: [{ name: randomBytes(200_000).toString('base64') }],
    }),
  )
  await writeToStore(runner.clients, combine(...cities))
  const before = stableContents(await runner.contents())
  const calls = throttleCalls(
    runner,
    nthCall(1, ({ operation, key }) => operation === 'UploadPart' && /segments/.test(key)),
  )
  const { job, archive } = await runner.export(['city'])
  expect(calls.filter(({ operation }) => operation === 'UploadPart').length).toBeGreaterThan(1)
  const results = await allResults(runner.services, job.job_id, EXPORT_RECORDS)
  const counts = results.flatMap(({ segments }) => segments.map(({ resources }) => resources))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200)
  expect(counts.length).toBe(results.length)
  expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
  vi.restoreAllMocks()
  await runner.wipe()
  expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
  expect(stableContents(await runner.contents())).toEqual(before)
})

it('an archive can be restored if a resource is deleted after a throttled pass has read it', async () => {
  const { models, resources } = runner.services
  const country = (id: string) =>
    buildResource(models, { model: 'country', id, payloads: [{ name: id, flag: { file_id: id } }] })
  const city = buildResource(models, { model: 'city', id: 'city', payloads: [{ name: 'city' }] })
  const [kept, deleted] = [country('kept'), country('deleted')]
  const flags = { kept: Buffer.from('kept'), deleted: Buffer.from('deleted') }
  await writeToStore(runner.clients, combine(city, kept, deleted, buildBlobs(flags)))

  const read = resources.resources.bind(resources)
  let isThrottled = false
  vi.spyOn(resources, 'resources').mockImplementation(async function* (model, ...rest) {
    yield* read(model, ...rest)
    if (model !== 'country' || isThrottled) return
    isThrottled = true
    await runner.removeItems(...deleted.items)
    throw throttledError()
  })
  // Both models are small, so that one pass reads them. It hands over the first model.
  const { job, archive } = await runner.export(['city', 'country'])
  expect(await allResults(runner.services, job.job_id, EXPORT_RECORDS)).toHaveLength(2)
  await runner.wipe()
  expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
})
