import { hash } from 'node:crypto'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { craftItems } from '../../archive/craft.ts'
import { soundCities } from './unrestorable-archived.ts'
import { changed, cityWith } from './unrestorable-records.ts'

/** A resource of a foreign archive with values that `STORE.md` does not allow, or that few writers write. */
interface OddArchived {
  readonly what: string
  readonly items: (city: { readonly metadata: Item; readonly revision: Item }) => readonly Item[]
}

type Changes = Parameters<typeof changed>[1]

const metadata = (what: string, changes: Changes): OddArchived => ({
  what,
  items: ({ metadata: item, revision: only }) => [changed(item, changes), only],
})
const revision = (what: string, changes: Changes): OddArchived => ({
  what,
  items: ({ metadata: item, revision: only }) => [item, changed(only, changes)],
})
/** A payload whose hash and size match. */
const payload = (what: string, bytes: string | Buffer): OddArchived =>
  revision(what, {
    data: typeof bytes === 'string' ? { S: bytes } : { B: bytes },
    data_sha256: { S: hash('sha256', bytes) },
    data_size: { N: `${Buffer.byteLength(bytes)}` },
  })
const msgpack = (hex: string): Buffer => Buffer.from(hex, 'hex')

export const ODD_ARCHIVED: readonly OddArchived[] = [
  metadata('indexed_data that is not JSON', { indexed_data: { S: '{' } }),
  metadata('indexed_data that is a list', { indexed_data: { S: '[]' } }),
  metadata('indexed_data that is a number', { indexed_data: { N: '1' } }),
  metadata('indexed_data with a repeated key', { indexed_data: { S: '{"name":"Bad","name":1}' } }),
  metadata('indexed_data with a lone surrogate', { indexed_data: { S: '{"name":"\\ud800"}' } }),
  metadata('indexed_data with a number that is too large', { indexed_data: { S: '{"name":"Bad","lat":1e400}' } }),
  metadata('times that are not times', {
    created_time: { S: 'yesterday' },
    updated_time: { S: '' },
    rev_updated_time: { N: '1' },
  }),
  metadata('times whose instant is after the year 9999', { updated_time: { S: '9999-12-31T23:59:59-10:00' } }),
  metadata('attributes of the wrong types', {
    is_deleted: { S: 'no' },
    total_revision_count: { S: '1' },
    created_by: { N: '1' },
    updated_by: { NULL: true },
    schema_version: { N: '1' },
    applied_by: { N: '1' },
    created_at: { N: '1' },
  }),
  metadata('a count of revisions with 126 digits', { total_revision_count: { N: '1E+125' } }),
  metadata('sets, maps and numbers in unusual forms', {
    numbers: { NS: ['1.0', '-0', '1E+2'] },
    bytes: { BS: [Buffer.from('b'), Buffer.from('a')] },
    map: { M: { '': { L: [{ NULL: true }, { B: Buffer.alloc(0) }] }, constructor: { N: '00012.500' } } },
  }),
  revision('an unknown status and a uid that is a number', { status: { S: 'odd' }, uid: { N: '1' } }),
  revision('a wrong data_size', { data_size: { N: '-1' } }),
  revision('data_spilled that is false', { data_spilled: { BOOL: false } }),
  revision('a payload both in the item and spilled', { data_spilled: { BOOL: true } }),
  payload('an empty payload', ''),
  payload('a payload with NaN', '{"name":NaN}'),
  payload('a payload with a byte order mark', '\uFEFF{"name":"Bad"}'),
  payload('a payload with a repeated key', '{"name":"Bad","name":"Worse"}'),
  payload('a payload with a lone surrogate', '{"name":"\\ud800"}'),
  payload('a payload with numbers that are too large', '{"name":"Bad","lat":1e400,"lng":12345678901234567890.0}'),
  payload('a payload with negative zeros', '{"lat":-0,"lng":-0.0}'),
  payload('a payload that is a list', '[1]'),
  payload('a payload with the key of a prototype', '{"__proto__":{"name":1},"name":{"__proto__":1}}'),
  payload('a payload of msgpack with NaN', msgpack('81a36c6174cb7ff8000000000000')),
  payload(
    'a payload of msgpack with a timestamp that JavaScript cannot express',
    msgpack('81a46e616d65c70cff000000007fffffffffffffff'),
  ),
  payload('a payload of msgpack with an unknown extension', msgpack('81a46e616d65c7020501ff')),
  payload('a payload of msgpack with a text that is not UTF-8', msgpack('81a46e616d65a2ff41')),
  payload('a reference to an id with a slash', '{"country":"no/rth"}'),
  payload('a reference to an id with a lone surrogate', '{"country":"\\ud800"}'),
  payload('a reference that is a map', '{"country":{"id":"north"}}'),
]

/** Returns an archive of the sound cities and of a city with odd values. */
export const archiveWithOddCity = (registry: ModelRegistry, { items }: OddArchived): Buffer =>
  craftItems('city', [...soundCities(registry), items(cityWith(registry))])
