import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeFrame } from '../../shared/specstar/stream-frame.ts'
import { buildStream, type ModelSpec, type ResourceSpec } from '../specstar/build-stream.ts'
import { WorkflowRunner } from './workflow-runner.ts'

let runner: WorkflowRunner
beforeAll(async () => {
  runner = await WorkflowRunner.start({ limits: { passMs: 1, runBytes: 1_000, mergedRuns: 3, blobsPerRange: 2 } })
})
afterAll(() => runner.stop())
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

const BYTES = Buffer.from('bytes')
/** The XXH3-128 of other bytes. */
const HASH_ID = '0123456789abcdef0123456789abcdef'

const blob = (fields: object = {}): Buffer =>
  encodeFrame({
    t: 'BlobRecord',
    file_id: 'bad blob',
    blob_data: BYTES,
    size: BigInt(BYTES.length),
    content_type: '',
    ...fields,
  })
const payload = (fileId: string): string => JSON.stringify({ image: { file_id: fileId, size: BYTES.length } })

const SOUND: readonly ResourceSpec[] = ['a', 'b', 'c', 'd'].map((id) => ({
  id,
  revisions: { [`${id}:1`]: payload('blob 0') },
}))

/** A resource that refers to a blob, and the records of the blob. */
const withBlob = (fileId: string, ...records: readonly Buffer[]): ModelSpec => ({
  resources: [{ id: 'bad', revisions: { 'bad:1': payload(fileId) } }],
  records,
})

interface Kind {
  readonly what: string
  readonly damaged: ModelSpec
  readonly type: string
  readonly reason: RegExp
}
const kind = (what: string, damaged: ModelSpec, reason: RegExp, type = 'archive-invalid'): Kind => ({
  what,
  damaged,
  reason,
  type,
})
const wrongHash = `xxh3_128:${HASH_ID}`

/** Damage of one resource. */
const KINDS: readonly Kind[] = [
  kind(
    'a wrong data_hash',
    { resources: [{ id: 'bad', revisions: { 'bad:1': '{}' }, dataHash: wrongHash }] },
    /^record \d+ at byte \d+ \(payload of revision "bad:1"\): expected xxh3_128 0123[0-9a-f]{28}, found [0-9a-f]{32}$/,
    'entry-corrupt',
  ),
  kind(
    'a blob that is not its hash',
    withBlob(HASH_ID, blob({ file_id: HASH_ID })),
    /^blob "0123.*", to which the resource refers, is damaged: record \d+ at byte \d+ \(blob 0123.*\): expected xxh3_128/,
    'entry-corrupt',
  ),
  kind(
    'a blob with a wrong size',
    withBlob('bad blob', blob({ size: 7n })),
    /is damaged: record \d+ at byte \d+: size: is 7, but blob_data has 5 bytes$/,
  ),
  kind('a blob without a size', withBlob('bad blob', blob({ size: null })), /record \d+ at byte \d+: size: /),
  kind('a blob without bytes', withBlob('bad blob', blob({ blob_data: null })), /: blob_data: must be a binary/),
  kind('a blob whose type is a number', withBlob('bad blob', blob({ content_type: 7n })), /: content_type: /),
  kind(
    'a blob that occurs twice with different bytes',
    withBlob('bad blob', blob(), blob({ blob_data: Buffer.from('other') })),
    /record \d+ at byte \d+: blob "bad blob" occurs twice with different bytes, first at byte \d+$/,
  ),
]

/** Damage of a record that names no resource. */
const NAMELESS: readonly Kind[] = [
  kind('a blob with an empty id', { records: [blob({ file_id: '' })] }, /: file_id: must not be empty$/),
  kind('a blob whose id is a number', { records: [blob({ file_id: 7n })] }, /: file_id: /),
  kind(
    'a blob that is not its hash, and to which nothing refers',
    { records: [blob({ file_id: HASH_ID })] },
    /^record \d+ at byte \d+ \(blob /,
    'entry-corrupt',
  ),
  kind('metadata without data', { records: [encodeFrame({ t: 'MetaRecord' })] }, /: data: /),
]

/** A stream of the damaged resource, four sound resources of the same model, and one of another model. */
const stream = ({ damaged }: Kind): Buffer =>
  buildStream({
    memo: { ...damaged, resources: [...SOUND, ...(damaged.resources ?? [])], blobs: [BYTES] },
    city: { resources: [{ id: 'other', revisions: { 'other:1': '{}' } }] },
  })

const listed = (resource_id: string, { reason }: Kind): object => ({
  count: 1,
  resources: [{ model: 'memo', resource_id, reason: expect.stringMatching(reason) as unknown }],
})

describe.each([
  ['one resource', 'bad', KINDS],
  ['an unknown resource', '', NAMELESS],
] as const)('a stream with damage of %s', (_what, id, kinds) => {
  it.each(kinds)('is rejected with the resource, and nothing is written: $what', async (each) => {
    for (const dry_run of [true, false])
      expect(await runner.restore(stream(each), { dry_run })).toMatchObject({
        status: 'failed',
        error: { type: each.type, unrestorable_resources: listed(id, each) },
      })
    expect((await runner.contents()).items.size).toBe(0)
  })

  it.each(kinds)('is restored for ids of sound resources, and for another model: $what', async (each) => {
    const bytes = stream(each)
    for (const dry_run of [true, false]) {
      const sound = await runner.restore(bytes, { filters: { ids: ['a', 'c'] }, dry_run })
      expect(sound).toMatchObject({ status: 'succeeded' })
      expect(await runner.restore(bytes, { models: ['city'], dry_run })).toMatchObject({ status: 'succeeded' })
      if (id === '') continue
      expect(await runner.restore(bytes, { filters: { ids: ['a', id] }, dry_run })).toMatchObject({
        error: { type: each.type, unrestorable_resources: listed(id, each) },
      })
    }
  })

  it.each(kinds)('is restored without the resource, which is listed, with strict=false: $what', async (each) => {
    const bytes = stream(each)
    expect(await runner.restore(bytes, { strict: false, dry_run: true })).toMatchObject({
      status: 'partial',
      result: { dry_run: { models: { memo: { new: 4 }, city: { new: 1 } } }, left_out: listed(id, each) },
    })
    expect(await runner.restore(bytes, { strict: false })).toMatchObject({
      status: 'partial',
      result: {
        models: { memo: { loaded: 4 }, city: { loaded: 1 } },
        left_out: listed(id, each),
        verification: { passed: true },
        missing_blobs: { count: 0 },
      },
    })
    const { items, objects } = await runner.contents()
    expect([...items.keys()].filter((key) => key.includes('bad'))).toEqual([])
    expect([...objects.keys()].filter((key) => key.startsWith('blobs/'))).toEqual(['blobs/blob%200'])
  })
})

it('a damaged blob is restored from a sound record of the same blob', async () => {
  const damaged = { ...SOUND[0], id: 'bad', revisions: { 'bad:1': payload('bad blob') } }
  const restored = await runner.restore(
    buildStream({
      memo: { resources: [damaged], records: [blob({ size: 7n })] },
      city: { resources: [{ id: 'other', revisions: { 'other:1': payload('bad blob') } }], records: [blob()] },
    }),
  )
  expect(restored).toMatchObject({ status: 'succeeded', result: { models: { memo: { loaded: 1 } } } })
})

const NAMELESS_REVISION = encodeFrame({ t: 'RevisionRecord' })

it('a revision without an id belongs to the damaged metadata before it, and not to the resource before these', async () => {
  const records = [encodeFrame({ t: 'MetaRecord' }), NAMELESS_REVISION]
  const restored = await runner.restore(buildStream({ memo: { resources: SOUND, blobs: [BYTES], records } }), {
    strict: false,
  })
  expect(restored).toMatchObject({
    status: 'partial',
    result: {
      models: { memo: { loaded: 4 } },
      left_out: { count: 2, resources: [{ resource_id: '' }, { resource_id: '' }] },
    },
  })
})

it('a stream whose metadata follow all revisions is rejected if a revision contains no id', async () => {
  const resources: readonly ResourceSpec[] = [
    { id: 'a', revisions: { 'a:2': '{}' }, withoutMetadata: true },
    { id: 'b', revisions: { 'b:1': '{}' }, withoutMetadata: true },
    { id: 'a', revisions: {}, currentRevisionId: 'a:2' },
    { id: 'b', revisions: {}, currentRevisionId: 'b:1' },
  ]
  const restored = await runner.restore(buildStream({ memo: { resources, records: [NAMELESS_REVISION] } }), {
    strict: false,
  })
  expect(restored).toMatchObject({ status: 'failed', error: { type: 'archive-invalid' } })
})
