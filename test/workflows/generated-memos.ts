import fc from 'fast-check'
import { isBlank } from '../../shared/values/python-whitespace.ts'
import { contentHashes } from '../../shared/specstar/content-hashes.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { encodeFrame } from '../../shared/specstar/stream-frame.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'

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
/** A resource of model `memo` with its revisions. */
export const generatedMemo = fc.record({
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
type GeneratedMemo = typeof generatedMemo extends fc.Arbitrary<infer One> ? One : never

const defined = (fields: Record<string, unknown>): Map<string, unknown> =>
  new Map(Object.entries(fields).filter(([, value]) => value !== undefined))

/** Encodes a stream with one section, with fields in SpecStar's order. */
export const streamOf = async (all: readonly GeneratedMemo[]): Promise<Buffer> => {
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
