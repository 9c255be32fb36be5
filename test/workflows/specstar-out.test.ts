import { CopyObjectCommand } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { readStream } from '../../shared/specstar/read-stream.ts'
import { TestProgram } from './program.ts'
import { specstarFile, storedInventory } from './specstar-listing.ts'
import { generatedMemo, streamOf } from './generated-memos.ts'

let test: TestProgram
beforeAll(async () => {
  test = await TestProgram.start()
})
afterAll(() => test.stop())
afterEach(() => test.wipe())

const Exported = z.object({
  job_id: z.string(),
  archive: z.object({ bucket: z.string(), key: z.string() }),
  models: z.record(z.string(), z.object({ resources: z.int(), revisions: z.int(), blobs: z.int() })),
})

const restore = (bytes: Buffer) => test.requestAndWait('POST', '/_backup/import?wait=25', bytes)

const exportStream = async (models: readonly string[], query = '') => {
  const answer = await test.requestAndWait(
    'GET',
    `/_backup/export?format=specstar&wait=25&models=${models.join(',')}${query}`,
  )
  expect(answer).toMatchObject({ status: 200 })
  const exported = Exported.parse(answer.body)
  return { ...exported, bytes: await test.object(exported.archive.key, exported.archive.bucket) }
}

/**
 * The distinct records of a stream with their sections, sorted, so that streams can be compared regardless of their
 * order.
 */
const records = async (bytes: Buffer): Promise<string[]> => {
  const all = new Set<string>()
  let model = ''
  const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) }
  for await (const record of readStream(source)) {
    if (record.t === 'ModelStartRecord') model = record.model_name
    all.add(`${model} ${record.t} ${bytes.toString('base64', record.offset, record.end)}`)
    if (record.t === 'BlobRecord')
      for await (const piece of record.content.pieces) expect(piece.length).toBeGreaterThanOrEqual(0)
  }
  return [...all].sort()
}

describe.each([
  ['catalogue.acbak', ['character', 'guild', 'item']],
  ['catalogue-msgpack.acbak', ['character', 'guild', 'item']],
  ['edge.acbak', ['doc', 'memo']],
])('%s, after a restore', (file, models) => {
  it('is exported as a stream of the same records, byte for byte, which restores to the same store', async () => {
    const original = await specstarFile(file)
    expect(await restore(original)).toMatchObject({ body: { status: 'succeeded' } })
    const before = await storedInventory(test)
    const { bytes, job_id, models: counts } = await exportStream(models)
    expect(withoutEof(await records(bytes))).toEqual(withoutEof(await records(original)))
    const counted = Object.values(counts).reduce((sum, { resources }) => sum + resources, 0)
    expect(counted).toBe(Object.keys(before.resources).length)
    await test.wipe()
    const again = await test.requestAndWait('POST', '/_backup/import?wait=25', { from: { job_id } })
    expect(again).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    expect(await storedInventory(test)).toEqual(before)
  })
})

/** Removes the EofRecord, because it is listed with the last section, which differs between the streams. */
const withoutEof = (all: readonly string[]): string[] => all.filter((record) => !record.includes(' EofRecord '))

describe('generated resources', () => {
  it('are exported as the same records, byte for byte, after a restore', async () => {
    const sections = fc.uniqueArray(generatedMemo, { minLength: 5, maxLength: 40, selector: (one) => one.id })
    await fc.assert(
      fc.asyncProperty(sections, async (all) => {
        const original = await streamOf(all)
        const { bucket, key } = await test.program.services.objects.put('specstar-archives', 'made.acbak', original)
        const restored = await test.requestAndWait('POST', '/_backup/import?wait=25', { from: { bucket, key } })
        expect(restored).toMatchObject({ status: 200, body: { status: 'succeeded' } })
        const { bytes } = await exportStream(['memo'])
        expect(await records(bytes)).toEqual(await records(original))
        await test.wipe()
      }),
      { numRuns: 6, endOnFailure: true },
    )
  })
})

describe('a resource that SpecStar cannot represent', () => {
  const spoil = async (name: string, value: { S: string } | undefined): Promise<void> => {
    await restore(await specstarFile('broken/good.acbak'))
    const [item] = [...(await test.contents()).items.values()].filter(({ pk }) => pk?.S?.includes('#r#'))
    if (item === undefined) throw new Error('nothing was restored')
    const rest = Object.fromEntries(Object.entries(item).filter(([one]) => one !== name))
    await test.putItem(value === undefined ? rest : { ...rest, [name]: value })
  }

  it.each([
    ['with an unknown attribute', 'specstar-refuses', 'colour', { S: 'red' }, 'colour'],
    ['with a revision without a uid', 'specstar-refuses', 'uid', undefined, 'uid'],
    ['with an unknown status', 'unrestorable-resources', 'status', { S: 'odd' }, 'status'],
  ])(
    '%s makes the export fail with the cause in the error, and no archive is created',
    async (_what, type, name, value, cause) => {
      await spoil(name, value)
      const count = async (): Promise<number> => {
        let objects = 0
        for await (const one of test.program.services.objects.list('specstar-archives', 'exports/'))
          objects += one.size > 0 ? 1 : 0
        return objects
      }
      const before = await count()
      const rejected = await test.requestAndWait('GET', '/guild/export?format=specstar&wait=25')
      expect(rejected).toMatchObject({ status: 409, body: { type } })
      for (const text of ['guild', cause]) expect(JSON.stringify(rejected.body)).toContain(text)
      expect(await count()).toBe(before)
    },
  )

  it('with a blob that has headers is listed if strict is false, and its blob is exported', async () => {
    await restore(await specstarFile('broken/good.acbak'))
    const [key = ''] = [...(await test.contents()).objects.keys()].filter((each) => each.startsWith('blobs/'))
    const Bucket = test.program.services.config.buckets.blobs
    const headers = { CacheControl: 'no-store', MetadataDirective: 'REPLACE', Metadata: { owner: 'ann' } } as const
    await test.s3.send(new CopyObjectCommand({ Bucket, Key: key, CopySource: `${Bucket}/${key}`, ...headers }))
    const answer = await test.requestAndWait('GET', '/guild/export?format=specstar&strict=false&wait=25')
    const id = `blob ${key.slice('blobs/'.length)}`
    const reason = 'the stream cannot contain cache-control, x-amz-meta-owner'
    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: 'partial',
        complete: false,
        missing_blobs: { count: 0 },
        omitted: { count: 1, resources: [{ model: 'guild', resource_id: id, reason }] },
      },
    })
  })

  it('is left out if strict is false, like missing blobs, which are listed', async () => {
    await spoil('colour', { S: 'red' })
    const { objects } = await test.contents()
    const lost = [...objects.keys()][0]?.slice('blobs/'.length) ?? ''
    await test.program.services.blobs.delete([lost])
    const strict = await test.requestAndWait('GET', '/guild/export?format=specstar&wait=25')
    expect(strict.status).toBe(409)
    const answer = await test.requestAndWait('GET', '/guild/export?format=specstar&strict=false&wait=25')
    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: 'partial',
        complete: false,
        missing_blobs: { count: 1, ids: [lost] },
        omitted: {
          count: 1,
          resources: [{ model: 'guild', reason: 'the stream cannot contain its attributes colour' }],
        },
      },
    })
  })
})
