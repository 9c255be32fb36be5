import { hash } from 'node:crypto'
import { expect } from 'vitest'
import type { CheckName } from '../../../shared/restore/checks/checks.ts'
import type { Item } from '../../../shared/tables/item.ts'
import type { RestoredStore } from './restored-store.ts'

/** An expected finding. `of` is its resource id. */
interface ExpectedFinding {
  readonly model?: string
  readonly of: string
  readonly what: string
  readonly expected: string | RegExp
  readonly actual: string | RegExp
}

/** Damage of a restored store, and what the verification reports. */
export interface DamagedRestore {
  readonly what: string
  readonly damage: (store: RestoredStore) => Promise<unknown>
  /** The checks that fail, each with its findings. */
  readonly fails: Partial<Record<CheckName, readonly ExpectedFinding[]>>
}

const SHA256 = /^[0-9a-f]{64}$/
const sha256 = (text: string | Buffer): string => hash('sha256', text)
const differs = (of: string): readonly ExpectedFinding[] => [
  { of, what: 'resource differs', expected: SHA256, actual: SHA256 },
  MODEL_DIFFERS,
]
const MODEL_DIFFERS: ExpectedFinding = { of: '', what: 'digest of the model', expected: SHA256, actual: SHA256 }
const PRESENT = { expected: 'present', actual: 'absent' }
const ABSENT = { expected: 'absent', actual: 'present' }
const OTHER = 'other bytes'
const IN_PAYLOAD = 'the value in the payload'
const LONG = sha256(JSON.stringify({ name: 'E', country: 'north', long: 'long '.repeat(80_000) }))

/** Changes one attribute of a city's metadata, so that a filter does not find the city any more. */
const notFoundBy = (name: string, value: Item[string], filter: string): DamagedRestore => ({
  what: `metadata with a changed ${name}`,
  damage: async (store) => store.putItems({ ...(await store.metadata('c')), [name]: value }),
  fails: {
    content: differs('c'),
    search: [{ of: 'c', what: `not found by ${filter}`, expected: 'found by the archived value', actual: 'not found' }],
  },
})

export const DAMAGED_RESTORES: readonly DamagedRestore[] = [
  {
    what: 'a payload that does not match its checksum',
    damage: async (store) => store.putItems({ ...(await store.revision('c', 1)), data: { S: '{"name":"X"}' } }),
    fails: {
      content: [
        {
          of: 'c',
          what: 'payload of revision c:1',
          expected: `sha256 ${sha256('{"name":"C","country":"north"}')}`,
          actual: `sha256 ${sha256('{"name":"X"}')}`,
        },
      ],
    },
  },
  {
    what: 'a missing payload',
    damage: async (store) => {
      const { data, ...rest } = await store.revision('c', 1)
      expect(data).toBeDefined()
      await store.putItems(rest)
    },
    fails: {
      content: [
        {
          of: 'c',
          what: 'payload of revision c:1',
          expected: `sha256 ${sha256('{"name":"C","country":"north"}')}`,
          actual: 'no payload',
        },
      ],
    },
  },
  {
    what: 'a payload that was replaced together with its checksum',
    damage: async (store) =>
      store.putItems({
        ...(await store.revision('c', 1)),
        data: { S: '{}' },
        data_sha256: { S: sha256('{}') },
        data_size: { N: '2' },
      }),
    fails: { content: differs('c') },
  },
  {
    what: 'a changed attribute of a revision',
    damage: async (store) => store.putItems({ ...(await store.revision('c', 2)), status: { S: 'draft' } }),
    fails: { content: differs('c') },
  },
  {
    what: 'an additional attribute',
    damage: async (store) => store.putItems({ ...(await store.metadata('c')), note: { S: 'mine' } }),
    fails: { content: differs('c') },
  },
  notFoundBy('resource_id', { S: 'C' }, 'ids'),
  notFoundBy('created_time', { S: '2025-01-01T00:00:00Z' }, 'created_time_start, created_time_end'),
  notFoundBy('updated_time', { S: '2027-01-01T00:00:00Z' }, 'updated_time_start, updated_time_end'),
  notFoundBy('created_by', { S: 'nobody' }, 'created_bys'),
  notFoundBy('updated_by', { S: 'nobody' }, 'updated_bys'),
  notFoundBy('is_deleted', { BOOL: true }, 'is_deleted'),
  {
    what: 'indexed values that do not match the payload',
    damage: async (store) => store.putItems({ ...(await store.metadata('c')), indexed_data: { S: '{"name":"C9"}' } }),
    fails: {
      content: differs('c'),
      search: [
        {
          of: 'c',
          what: 'indexed name',
          expected: `${IN_PAYLOAD}, string of 4 bytes of JSON`,
          actual: 'another value, string of 4 bytes of JSON',
        },
        { of: 'c', what: 'indexed country', expected: `${IN_PAYLOAD}, string of 7 bytes of JSON`, actual: 'absent' },
        { of: 'c', what: 'indexed lat', expected: `${IN_PAYLOAD}, null`, actual: 'absent' },
        { of: 'c', what: 'indexed lng', expected: `${IN_PAYLOAD}, null`, actual: 'absent' },
      ],
    },
  },
  {
    what: 'a missing earlier revision',
    damage: async (store) => store.removeItems(await store.revision('c', 1)),
    fails: {
      counts: [{ of: 'c', what: 'revision c:1 is missing', ...PRESENT }],
      revisions: [{ of: 'c', what: 'revision c:1 is missing', ...PRESENT }],
      content: differs('c'),
    },
  },
  {
    what: 'a missing current revision',
    damage: async (store) => store.removeItems(await store.revision('c', 3)),
    fails: {
      counts: [{ of: 'c', what: 'revision c:3 is missing', ...PRESENT }],
      revisions: [{ of: 'c', what: 'current revision is missing', expected: 'c:3', actual: 'absent' }],
      content: [MODEL_DIFFERS],
    },
  },
  {
    what: 'a missing resource',
    damage: async (store) => store.removeItems(await store.metadata('b'), await store.revision('b', 1)),
    fails: { counts: [{ of: 'b', what: 'resource is missing', ...PRESENT }], content: [MODEL_DIFFERS] },
  },
  {
    what: 'revisions without metadata',
    damage: async (store) => store.removeItems(await store.metadata('c')),
    fails: { counts: [{ of: 'c', what: 'resource is missing', ...PRESENT }], content: [MODEL_DIFFERS] },
  },
  {
    what: 'an additional revision',
    damage: async (store) => {
      const one = await store.revision('b', 1)
      await store.putItems({
        ...one,
        revision_id: { S: 'b:9' },
        sk: { S: (one['sk']?.S ?? '').replace('0000000001', '0000000009') },
      })
    },
    fails: { revisions: [{ of: 'b', what: 'revision b:9 is not in the archive', ...ABSENT }], content: differs('b') },
  },
  {
    what: 'a revision with a different parent',
    damage: async (store) => store.putItems({ ...(await store.revision('c', 3)), parent_revision_id: { S: 'c:1' } }),
    fails: {
      revisions: [{ of: 'c', what: 'parent of revision c:3', expected: 'c:2', actual: 'c:1' }],
      content: differs('c'),
    },
  },
  {
    what: 'a revision without its parent',
    damage: async (store) => store.putItems({ ...(await store.revision('c', 2)), parent_revision_id: { NULL: true } }),
    fails: {
      revisions: [{ of: 'c', what: 'parent of revision c:2', expected: 'c:1', actual: 'none' }],
      content: differs('c'),
    },
  },
  {
    what: 'a missing resource to which others refer',
    damage: async (store) => {
      const south = await store.resource('country', 'south')
      await store.removeItems(south.metadata, ...south.revisions)
    },
    fails: {
      counts: [{ model: 'country', of: 'south', what: 'resource is missing', ...PRESENT }],
      content: [{ model: 'country', ...MODEL_DIFFERS }],
      references: [
        { of: 'f', what: 'reference country to country', expected: 'south', actual: 'absent' },
        { of: 'c', what: 'reference country to country', expected: 'south', actual: 'absent' },
        { of: 'b', what: 'reference country to country', expected: 'south', actual: 'absent' },
        { model: 'country', of: 'north', what: 'reference borders to country', expected: 'south', actual: 'absent' },
      ],
    },
  },
  {
    what: 'a blob with different content of the same size',
    damage: (store) => store.replaceObject('blobs/arms-d', 'A lion'),
    fails: {
      blobs: [
        {
          of: '',
          what: 'blob arms-d has other bytes',
          expected: `6 bytes, sha256 ${sha256('a lion')}`,
          actual: `6 bytes, sha256 ${sha256('A lion')}`,
        },
      ],
    },
  },
  {
    what: 'a truncated blob',
    damage: (store) => store.replaceObject('blobs/arms-d', 'a li'),
    fails: {
      blobs: [
        {
          of: '',
          what: 'blob arms-d has other bytes',
          expected: `6 bytes, sha256 ${sha256('a lion')}`,
          actual: `4 bytes, sha256 ${sha256('a li')}`,
        },
      ],
    },
  },
  {
    what: 'a missing blob of two models',
    damage: (store) => store.removeObject('blobs/flag-n'),
    fails: {
      blobs: [
        {
          model: 'city, country',
          of: '',
          what: 'blob flag-n is missing',
          expected: `5 bytes, sha256 ${sha256('north')}`,
          actual: 'absent',
        },
      ],
    },
  },
  {
    what: 'a spilled payload with different content',
    damage: async (store) => store.replaceObject(await store.payloadKey(), OTHER),
    fails: {
      content: [
        ...[1, 2].map((n) => ({
          of: 'e',
          what: `payload of revision e:${n}`,
          expected: `sha256 ${LONG}`,
          actual: `sha256 ${sha256(OTHER)}`,
        })),
        {
          of: '',
          what: `payload ${LONG} has other bytes`,
          expected: `400040 bytes, sha256 ${LONG}`,
          actual: `11 bytes, sha256 ${sha256(OTHER)}`,
        },
      ],
    },
  },
  {
    what: 'a missing spilled payload',
    damage: async (store) => store.removeObject(await store.payloadKey()),
    fails: {
      content: [
        ...[1, 2].map((n) => ({
          of: 'e',
          what: `payload of revision e:${n}`,
          expected: `sha256 ${LONG}`,
          actual: 'no payload',
        })),
        {
          of: '',
          what: `payload ${LONG} is missing`,
          expected: `400040 bytes, sha256 ${LONG}`,
          actual: 'absent',
        },
      ],
    },
  },
]
