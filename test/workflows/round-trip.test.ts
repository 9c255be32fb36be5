import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { openArchive } from '../../shared/archive/open.ts'
import type { Manifest } from '../../shared/archive/manifest.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { fixture, TestProgram } from './program.ts'

const ExportAnswer = z.object({ job_id: z.string(), archive: z.object({ bucket: z.string(), key: z.string() }) })

const Digests = z.record(z.string(), z.object({ models: z.record(z.string(), z.object({ digest: z.string() })) }))
const COUNTS: Readonly<Record<string, number>> = { character: 47, guild: 12, item: 63 }

/**
 * The same steps twice: in one pass for each map item, and, with the smallest model, in passes that end after every
 * digest bucket.
 */
describe.each([
  ['in one pass for each map item', ['character', 'guild', 'item'], {}],
  ['in passes of a few milliseconds', ['guild'], { passMs: 5, rangeBytes: 20_000, blobsPerRange: 10, partsPerItem: 1 }],
])('export and restore %s', (_name, models, limits) => {
  let test: TestProgram
  let before: StoreContents
  let job: string
  let manifest: Manifest
  const total = models.reduce((sum, model) => sum + (COUNTS[model] ?? 0), 0)
  const each = <T>(value: (count: number) => T): Record<string, T> =>
    Object.fromEntries(models.map((model) => [model, value(COUNTS[model] ?? 0)]))
  const exported = `models=${models.join(',')}`

  beforeAll(async () => {
    test = await TestProgram.start({ limits })
    const path = models.length === 1 ? `/${models[0] ?? ''}/import` : '/_backup/import'
    const loaded = await test.requestAndWait(
      'POST',
      `${path}?on_duplicate=raise_error&wait=25`,
      await fixture('catalogue-v3.acbak'),
    )
    expect(loaded).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    before = await test.contents()
    const made = await test.requestAndWait('GET', `/_backup/export?${exported}&wait=25`)
    expect(made).toMatchObject({ status: 200, body: { status: 'succeeded', complete: true } })
    const { job_id, archive } = ExportAnswer.parse(made.body)
    job = job_id
    const bytes = await test.object(archive.key, archive.bucket)
    const opened = await openArchive({
      size: bytes.length,
      read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
      stream: () => Promise.reject(new Error('not needed')),
    })
    manifest = opened.manifest
  })

  afterAll(() => test.stop())

  it('has the digests that an independent implementation computed for the same resources', async () => {
    const text = await readFile(new URL('../fixtures/acbak/digests.json', import.meta.url), 'utf8')
    const expected = Digests.parse(JSON.parse(text))['catalogue-v3.acbak']?.models ?? {}
    expect(Object.keys(manifest.models)).toEqual(models)
    for (const model of models) expect(manifest.models[model]?.digest).toBe(expected[model]?.digest)
  })

  it('restores every item and blob byte for byte after a wipe, and verifies it', async () => {
    await test.wipe()
    expect((await test.contents()).items.size).toBe(0)
    const restored = await test.requestAndWait('POST', '/_backup/import?wait=25', { from: { job_id: job } })
    expect(restored).toMatchObject({
      status: 200,
      body: {
        status: 'succeeded',
        models: each((count) => ({ loaded: count, skipped: 0, total: count })),
        verification: { passed: true },
      },
    })
    expect(stableContents(await test.contents())).toEqual(stableContents(before))
  })

  it('finds no difference in a dry run over the same resources', async () => {
    const { body } = await test.requestAndWait('POST', '/_backup/import?dry_run=true&wait=25', {
      from: { job_id: job },
    })
    expect(body).toMatchObject({ models: each((count) => ({ new: 0, changed: 0, same: count, target_only: 0 })) })
  })

  it('skips existing resources, and verifies them', async () => {
    const skipped = await test.requestAndWait('POST', '/_backup/import?on_duplicate=skip&wait=25', {
      from: { job_id: job },
    })
    expect(skipped).toMatchObject({
      status: 200,
      body: {
        models: each((count) => ({ loaded: 0, skipped: count, total: count })),
        verification: { passed: true },
      },
    })
    expect(stableContents(await test.contents())).toEqual(stableContents(before))
  })

  it('rejects duplicates under raise_error and writes nothing', async () => {
    const existing = await test.contents()
    const rejected = await test.requestAndWait('POST', '/_backup/import?on_duplicate=raise_error&wait=25', {
      from: { job_id: job },
    })
    expect(rejected).toMatchObject({ status: 409, body: { type: 'duplicates', duplicates: { count: total } } })
    expect(await test.contents()).toEqual(existing)
  })

  it('restores one resource from the complete archive', async () => {
    const ids = new Set([...before.items.values()].map((item) => item['resource_id']?.S ?? ''))
    const [id = ''] = ids
    const model = before.items.values().next().value?.['pk']?.S?.split('#')[0] ?? ''
    await test.wipe()
    const one = await test.requestAndWait('POST', `/${model}/import?ids=${encodeURIComponent(id)}&wait=25`, {
      from: { job_id: job },
    })
    expect(one).toMatchObject({
      status: 200,
      body: { loaded: 1, skipped: 0, total: 1, verification: { passed: true } },
    })
    const { items } = await test.contents()
    const expected = stableContents(before).items.filter(([, item]) => item['resource_id']?.S === id)
    expect(stableContents({ items, objects: new Map() }).items).toEqual(expected)
  })
})
