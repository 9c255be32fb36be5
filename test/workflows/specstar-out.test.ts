import { CopyObjectCommand } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isBlank } from '../../shared/values/python-whitespace.ts'
import { contentHashes } from '../../shared/specstar/content-hashes.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { readStream } from '../../shared/specstar/read-stream.ts'
import { encodeFrame } from '../../shared/specstar/stream-frame.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'
import { TestProgram } from './program.ts'
import { specstarFile, storedInventory } from './specstar-listing.ts'

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

const anyId = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((text) => !/[/\\]|[^\P{Cc}\x7f-\x9f]/u.test(text) && !isBlank(text) && text.isWellFormed())
const id = fc.oneof(
  { weight: 9, arbitrary: anyId },
  { weight: 1, arbitrary: fc.constantFrom('\u007f', '\u0085x', '\ufeff') },
)
const user = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text.isWellFormed())
const time = fc.oneof(
  fc.date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true }).map(
    (date) =>
      new Timestamp(
        date
          .toISOString()
          .replace('.000Z', 'Z')
          .replace(/(\.\d{3})Z/, '$1007Z'),
      ),
  ),
  fc.constantFrom('2024-03-01T09:30:00', '2024-03-01T09:30:00.000005'),
)
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    user,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(user, tie('json')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  ),
}))
const unset = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
/** A payload; some are too large for an item and are spilled. */
const payload = fc.oneof(
  { weight: 6, arbitrary: json.map((value) => encodeMsgpack(new Map([['value', value]]))) },
  { weight: 6, arbitrary: fc.json().map((text) => Buffer.from(`{"text":${text}}`)) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 350_000, max: 500_000 }).map((size) => Buffer.from(`"${'é'.repeat(size / 2)}"`)),
  },
)
const resource = fc.record({
  id,
  schema: fc.constantFrom(null, 'v1', '-', 'é'),
  times: fc.tuple(time, time),
  users: fc.tuple(user, user),
  deleted: fc.boolean(),
  indexed: unset(fc.array(fc.tuple(user, json), { maxLength: 5 }).map((pairs) => new Map(pairs))),
  revision_time: unset(time),
  count: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  revisions: fc.array(
    fc.record({
      payload,
      hashed: fc.boolean(),
      status: fc.constantFrom('draft', 'stable'),
      parent: unset(fc.constant(null)),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  blob: unset(
    fc.record({ name: fc.constantFrom('..', 'plan 1.pdf', 'büro/x'), type: fc.constantFrom('', 'text/plain', 'ñ') }),
  ),
})
type Made = typeof resource extends fc.Arbitrary<infer One> ? One : never

const defined = (fields: Record<string, unknown>): Map<string, unknown> =>
  new Map(Object.entries(fields).filter(([, value]) => value !== undefined))

/** Encodes a stream with one section, with fields in SpecStar's order. */
const streamOf = async (all: readonly Made[]): Promise<Buffer> => {
  const hashes = await contentHashes()
  const frames = [
    encodeFrame({ t: 'HeaderRecord', version: 2n }),
    encodeFrame({ t: 'ModelStartRecord', model_name: 'memo' }),
  ]
  const blobs = new Map<string, Buffer>()
  for (const { id, schema, times, users, deleted, indexed, revision_time, count, revisions, blob } of all) {
    const [created_time, updated_time] = times
    const [created_by, updated_by] = users
    const people = { created_time, updated_time, created_by, updated_by }
    const meta = defined({
      current_revision_id: `${id}:1`,
      resource_id: id,
      schema_version: schema,
      total_revision_count: count,
      ...people,
      is_deleted: deleted,
      indexed_data: indexed,
      rev_created_time: revision_time,
    })
    frames.push(encodeFrame({ t: 'MetaRecord', data: encodeMsgpack(meta) }))
    const payloads = revisions.map((revision) => revision.payload)
    if (blob !== undefined) {
      // References are also found under the key __proto__ in msgpack.
      payloads[0] =
        blob.name === '..'
          ? encodeMsgpack(new Map([['__proto__', new Map([['file_id', blob.name]])]]))
          : Buffer.from(JSON.stringify({ file: { file_id: blob.name } }))
      const data = Buffer.from(blob.name)
      const fields = {
        file_id: blob.name,
        blob_data: data,
        size: BigInt(data.length),
        content_type: blob.name === '..' ? '' : 'ñ',
      }
      blobs.set(blob.name, encodeFrame({ t: 'BlobRecord', ...fields }))
    }
    for (const [k, { hashed, status, parent }] of revisions.entries()) {
      const raw_data = payloads[k] ?? Buffer.alloc(0)
      const info = defined({
        uid: '87b0b125-ec1d-4da0-a6eb-8c9ebd69fe29',
        resource_id: id,
        revision_id: `${id}:${k + 1}`,
        parent_revision_id: k === 0 ? null : `${id}:${k}`,
        parent_schema_version: parent,
        schema_version: schema,
        data_hash: hashed ? `xxh3_128:${hashes.xxh3(raw_data)}` : undefined,
        status,
        ...people,
      })
      frames.push(encodeFrame({ t: 'RevisionRecord', data: encodeMsgpack(defined({ info, raw_data })) }))
    }
  }
  frames.push(
    ...blobs.values(),
    encodeFrame({ t: 'ModelEndRecord', model_name: 'memo' }),
    encodeFrame({ t: 'EofRecord' }),
  )
  return Buffer.concat(frames)
}

describe('generated resources', () => {
  it('are exported as the same records, byte for byte, after a restore', async () => {
    const sections = fc.uniqueArray(resource, { minLength: 5, maxLength: 40, selector: (one) => one.id })
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
