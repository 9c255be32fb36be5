import { createHash } from 'node:crypto'
import { itemBytes, MAX_ITEM_BYTES } from '../../../shared/resources/item-size.ts'
import { idHashOf, metadataPartition, revisionPartition, shardOf } from '../../../shared/resources/keys.ts'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { buildResource } from '../sample-store.ts'

/** Returns the items of one resource of model `city`. */
type CityItems = (registry: ModelRegistry) => readonly Item[]

/** A stored resource that no restore could write or verify. An export lists one of its items with `reason`. */
interface UnrestorableRecord {
  readonly what: string
  readonly items: CityItems
  readonly reason: string
}

/** Changes of attributes. Undefined removes the attribute. */
type Changes = Readonly<Record<string, Item[string] | undefined>>

const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex')

/** Returns the metadata and the only revision of a city. */
export const cityWith = (
  registry: ModelRegistry,
  payload: string | object = { name: 'Bad' },
  id = 'bad',
): { metadata: Item; revision: Item } => {
  const [metadata = {}, revision = {}] = buildResource(registry, { model: 'city', id, payloads: [payload] }).items
  return { metadata, revision }
}

export const changed = (item: Item, changes: Changes): Item =>
  Object.fromEntries(
    Object.entries({ ...item, ...changes }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/** Returns city `bad` with changed metadata. */
export const withMetadata =
  (changes: Changes): CityItems =>
  (registry) => {
    const { metadata, revision } = cityWith(registry)
    return [changed(metadata, changes), revision]
  }

/** Returns city `bad` with a changed revision. */
export const withRevision =
  (changes: Changes): CityItems =>
  (registry) => {
    const { metadata, revision } = cityWith(registry)
    return [metadata, changed(revision, changes)]
  }

/** Returns city `bad` with this payload. */
export const withPayload =
  (text: string): CityItems =>
  (registry) =>
    Object.values(cityWith(registry, text))

/** Returns a resource whose id no key may contain, with the keys that a careless writer would use. */
export const withId =
  (id: string): CityItems =>
  (registry) => {
    const { metadata, revision } = cityWith(registry)
    const h = idHashOf(id)
    const shard = shardOf(h, registry.get('city').shards)
    return [
      {
        ...metadata,
        pk: { S: metadataPartition('city', shard) },
        sk: { S: `${h}/${id}` },
        resource_id: { S: id },
        current_revision_id: { S: `${id}:1` },
      },
      {
        ...revision,
        pk: { S: revisionPartition('city', shard) },
        sk: { S: `${h}/${id}/0000000001/-` },
        resource_id: { S: id },
        revision_id: { S: `${id}:1` },
      },
    ]
  }

/** Returns a resource whose metadata fit into DynamoDB, but not with the attribute that a restore adds. */
const almostTooLarge: CityItems = (registry) => {
  const { metadata, revision } = cityWith(registry)
  const note = MAX_ITEM_BYTES - itemBytes(metadata) - 'note'.length - 20
  return [changed(metadata, { note: { S: 'n'.repeat(note) } }), revision]
}

/** Returns a resource whose only revision has the empty id. */
const emptyRevisionId: CityItems = (registry) => {
  const { metadata, revision } = cityWith(registry)
  const sk = { S: (revision['sk']?.S ?? '').replace('0000000001', '~') }
  return [changed(metadata, { current_revision_id: { S: '' } }), changed(revision, { sk, revision_id: { S: '' } })]
}

const record = (what: string, items: CityItems, reason: string): UnrestorableRecord => ({ what, items, reason })

export const UNRESTORABLE_RECORDS: readonly UnrestorableRecord[] = [
  record('an id with a slash', withId('ba/d'), 'contains "/"'),
  record('an id with a tab', withId('ba\td'), 'contains "/"'),
  record('an id of 300 characters', withId('b'.repeat(300)), 'more than 255 characters'),
  record('no resource_id in the metadata', withMetadata({ resource_id: undefined }), 'resource_id must be a string'),
  record('another resource_id than the key', withMetadata({ resource_id: { S: 'worse' } }), 'sk is'),
  record('another resource_id in a revision', withRevision({ resource_id: { S: 'worse' } }), 'sk is'),
  record('a schema version that the sort key does not encode', withRevision({ schema_version: { S: '1.0' } }), 'sk is'),
  record('metadata that applied_by makes too large', almostTooLarge, 'applied_by'),
  record(
    'a payload that is not its data_sha256',
    withRevision({ data: { S: '{"name":"Rotten"}' } }),
    'the payload has sha256',
  ),
  record('no data_sha256', withRevision({ data_sha256: undefined }), 'data_sha256 is missing'),
  record('data_sha256 in upper case', withRevision({ data_sha256: { S: sha256('x').toUpperCase() } }), 'lower case'),
  record('no data', withRevision({ data: undefined }), 'neither data nor data_spilled'),
  record('data of the wrong type', withRevision({ data: { N: '1' } }), 'data must be a string or binary'),
  record('a wrong data_size', withRevision({ data_size: { N: '1' } }), 'data_size is 1'),
  record(
    'a payload both in the item and spilled',
    withRevision({ data_spilled: { BOOL: true } }),
    'the revision has both data and data_spilled',
  ),
  record('a uid that is not a UUID', withRevision({ uid: { S: '1' } }), 'uid must be a UUID'),
  record('an unknown status', withRevision({ status: { S: 'final' } }), 'status must be "stable" or "draft"'),
  record('an unknown rev_status', withMetadata({ rev_status: { S: 'final' } }), 'rev_status must be "stable"'),
  record('an empty revision id', emptyRevisionId, 'must be a string that is not empty'),
  record('a time that is no time', withMetadata({ created_time: { S: 'yesterday' } }), 'created_time must be a time'),
  record('a user that is a number', withMetadata({ updated_by: { N: '1' } }), 'updated_by must be a string'),
  record('a deletion mark that is a string', withMetadata({ is_deleted: { S: 'no' } }), 'is_deleted must be a Boolean'),
  record('a count with a fraction', withMetadata({ total_revision_count: { N: '1.5' } }), 'must be a whole number'),
  record(
    'indexed_data that is not JSON',
    withMetadata({ indexed_data: { S: '{' } }),
    'indexed_data must be a JSON object',
  ),
  record('a payload with NaN', withPayload('{"name":NaN}'), 'neither JSON nor MessagePack'),
  record('a payload with a byte order mark', withPayload('\uFEFF{"name":"Bad"}'), 'neither JSON nor MessagePack'),
  record('a payload that NUL follows', withPayload('{"name":"Bad"}\0'), 'neither JSON nor MessagePack'),
  record('a payload that is cut short', withPayload('{"arms":{"file_id":"flag-n"'), 'neither JSON nor MessagePack'),
  record('a line of more than 1 MiB', withMetadata({ note: { S: '\u0001'.repeat(200_000) } }), 'at most 1048576'),
]
