import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { encode } from '@msgpack/msgpack'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type ComparableResource, compareResources } from '../../shared/differences/compare-resources.ts'
import type { Encoded } from '../../shared/differences/encoded-trees.ts'
import { type FieldChange, fieldChange } from '../../shared/differences/field-change.ts'
import { itemFromMetadata, itemFromRevision } from '../../shared/resources/attributes.ts'
import type { RevisionView } from '../../shared/resources/views.ts'
import type { Item } from '../../shared/tables/item.ts'

const MODEL = { model: 'city', shards: 1 }
const TIME = '2026-01-05T08:30:00+00:00'

interface Revision {
  readonly n: number
  readonly payload: string | Uint8Array
  readonly status?: string
}

interface Options {
  readonly current?: number
  readonly indexed?: string
  readonly attributes?: Item
}

/** A resource whose current revision is by default the last one. */
const resource = (revisions: readonly Revision[], options: Options = {}): ComparableResource => {
  const current = options.current ?? revisions.at(-1)?.n ?? 1
  const metadata = itemFromMetadata(
    {
      current_revision_id: `a:${current}`,
      resource_id: 'a',
      total_revision_count: revisions.length,
      created_time: TIME,
      updated_time: TIME,
      created_by: 'ann',
      updated_by: 'ann',
      indexed_data: options.indexed ?? '{}',
    },
    MODEL,
  )
  return {
    metadata: { ...metadata, ...options.attributes },
    revisions: revisions.map(({ n, payload, status = 'stable' }) => {
      const info = {
        uid: `u${n}`,
        resource_id: 'a',
        revision_id: `a:${n}`,
        status,
        created_time: TIME,
        updated_time: TIME,
        created_by: 'ann',
        updated_by: 'ann',
      }
      return itemFromRevision(info, Buffer.from(payload), MODEL).item
    }),
    payloadOf: (revision) => Promise.resolve(revision.inlinePayload),
    payloadSha256: (revision) => Promise.resolve(sha256Of(revision)),
  }
}

const sha256Of = ({ inlinePayload }: RevisionView): string | undefined =>
  inlinePayload === undefined ? undefined : hash('sha256', inlinePayload)

const fieldsOf = async (old: ComparableResource, next: ComparableResource): Promise<FieldChange[]> =>
  (await compareResources(old, next)).changes.map(fieldChange)

/** The changed fields of the current payload. */
const payloadFields = async (old: string | Uint8Array, next: string | Uint8Array): Promise<FieldChange[]> =>
  fieldsOf(resource([{ n: 1, payload: old }]), resource([{ n: 1, payload: next }]))

const opaque = (type: string, bytes: Encoded & (string | Uint8Array)): object => ({
  type,
  size: Buffer.byteLength(bytes),
  sha256: hash('sha256', bytes),
})

describe('compareResources', () => {
  it('returns no change for equal resources, whatever a restore derives', async () => {
    const old = resource([{ n: 1, payload: '{"a":1}' }], { attributes: { applied_by: { S: 'job' }, pk: { S: 'x' } } })
    expect(await compareResources(old, resource([{ n: 1, payload: '{"a":1}' }]))).toEqual({
      changes: [],
      revisions: [],
    })
  })

  it('returns the changed attributes of the metadata and the changed members of indexed_data', async () => {
    const old = resource([{ n: 1, payload: '1' }], { indexed: '{"name":"Rome","area":1.0}' })
    const next = resource([{ n: 1, payload: '1' }], {
      indexed: '{"name":"Roma","area":1.0,"pop":9007199254740993}',
      attributes: { updated_by: { S: 'bob' }, extra: { L: [{ N: '1.50' }, { NULL: true }] } },
    })
    expect(await fieldsOf(old, next)).toEqual([
      { path: '/metadata/updated_by', op: 'replace', old: { json: '"ann"' }, new: { json: '"bob"' } },
      { path: '/metadata/indexed_data/name', op: 'replace', old: { json: '"Rome"' }, new: { json: '"Roma"' } },
      { path: '/metadata/indexed_data/pop', op: 'add', new: { json: '9007199254740993' } },
      { path: '/metadata/extra', op: 'add', new: { json: '[1.5,null]' } },
    ])
  })

  it('returns the changed fields of the current payload, and the attributes of its revision', async () => {
    const old = resource([{ n: 1, payload: '{"a":1,"b":{"c":[1,2]},"gone":null}' }])
    const next = resource([{ n: 1, payload: '{"a":1.0,"b":{"c":[1,3]}}' }])
    const { revisions } = await compareResources(old, next)
    expect(await fieldsOf(old, next)).toEqual([
      { path: '/payload/a', op: 'replace', old: { json: '1' }, new: { json: '1.0' } },
      { path: '/payload/b/c/1', op: 'replace', old: { json: '2' }, new: { json: '3' } },
      { path: '/payload/gone', op: 'remove', old: { json: 'null' } },
    ])
    expect(revisions).toMatchObject([{ op: 'replace', revision_id: 'a:1' }])
    expect(revisions[0]?.changes.map(({ path }) => path.join('.'))).toEqual([
      'revision.data_sha256',
      'revision.data_size',
    ])
  })

  it('returns added, removed and changed revisions, with the payload of a revision that is not current', async () => {
    const old = resource([1, 2, 3].map((n) => ({ n, payload: '{"a":1}' })))
    const next = resource(
      [
        { n: 1, payload: '{"a":2}', status: 'draft' },
        { n: 3, payload: '{"a":1}' },
        { n: 4, payload: '{"a":1}' },
      ],
      { current: 3 },
    )
    const { changes, revisions } = await compareResources(old, next)
    expect(changes).toEqual([])
    expect(revisions.map(({ op, revision_id }) => `${op} ${revision_id}`)).toEqual([
      'replace a:1',
      'remove a:2',
      'add a:4',
    ])
    expect(revisions[0]?.changes.map(fieldChange)).toContainEqual({
      path: '/payload/a',
      op: 'replace',
      old: { json: '1' },
      new: { json: '2' },
    })
    expect(revisions[0]?.changes.map(({ path }) => path.join('.'))).toContain('revision.status')
  })

  it('compares msgpack with JSON, and shows timestamps, binary values and non-finite numbers', async () => {
    const packed = encode(
      { at: new Date('2026-01-05T08:30:00Z'), big: 2n ** 60n, raw: Buffer.from('abc'), x: NaN },
      {
        useBigInt64: true,
      },
    )
    expect(await payloadFields(packed, '{"at":"2026-01-05T08:30:00.000000Z","big":1152921504606846976}')).toEqual([
      {
        path: '/payload/at',
        op: 'replace',
        old: { json: '"2026-01-05T08:30:00.000000Z"', type: 'timestamp' },
        new: { json: '"2026-01-05T08:30:00.000000Z"' },
      },
      { path: '/payload/raw', op: 'remove', old: opaque('binary', 'abc') },
      { path: '/payload/x', op: 'remove', old: { json: '"NaN"' } },
    ])
  })

  it('shows payloads with equal values and other bytes by their hash', async () => {
    expect(await payloadFields('{"a":1}', '{ "a": 1 }')).toEqual([
      { path: '/payload', op: 'replace', old: opaque('encoding', '{"a":1}'), new: opaque('encoding', '{ "a": 1 }') },
    ])
  })

  it('shows payloads that cannot be decoded, or are nested too deep, by their hash', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(await payloadFields('{"a":', deep)).toEqual([
      { path: '/payload', op: 'replace', old: opaque('undecodable', '{"a":'), new: opaque('undecodable', deep) },
    ])
  })

  it('cuts a value after 1 KiB at the end of a character, and states its size', async () => {
    const [change] = await payloadFields('{"a":""}', JSON.stringify({ a: '€'.repeat(1_000) }))
    expect(change?.old).toEqual({ json: '""' })
    expect(change?.new).toEqual({ json: `"${'€'.repeat(341)}`, size: 3_002 })
  })

  it('finds a stored payload that does not have the recorded hash', async () => {
    const old = resource([{ n: 1, payload: '{"a":1}' }])
    const damaged: Encoded = { type: 'damaged', size: 3, sha256: 'ff' }
    const next = { ...old, payloadOf: () => Promise.resolve(damaged), payloadSha256: () => Promise.resolve('ff') }
    expect(await fieldsOf(old, next)).toEqual([
      { path: '/payload', op: 'replace', old: { json: '{"a":1}' }, new: damaged },
    ])
  })

  it('returns all attributes if the metadata is missing', async () => {
    const whole = resource([{ n: 1, payload: '{"a":1}' }])
    const fields = await fieldsOf({ ...whole, metadata: undefined }, whole)
    expect(fields).toContainEqual({ path: '/metadata/resource_id', op: 'add', new: { json: '"a"' } })
    expect(fields).toContainEqual({ path: '/payload', op: 'add', new: { json: '{"a":1}' } })
  })

  it('distinguishes a set from a map with the same elements', async () => {
    const attributes = (tags: AttributeValue): Options => ({ attributes: { tags } })
    const old = resource([], attributes({ SS: ['b', 'a'] }))
    expect(await fieldsOf(old, resource([], attributes({ SS: ['a', 'b'] })))).toEqual([])
    const map = resource([], attributes({ M: { string_set: { L: [{ S: 'a' }, { S: 'b' }] } } }))
    expect(await fieldsOf(old, map)).toMatchObject([
      { path: '/metadata/item', op: 'replace', old: { type: 'encoding' }, new: { type: 'encoding' } },
    ])
  })
})
