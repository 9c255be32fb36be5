import { PutObjectCommand } from '@aws-sdk/client-s3'
import {
  itemFromMetadata,
  itemFromRevision,
  type ResourceMeta,
  type RevisionInfo,
} from '../../shared/resources/attributes.ts'
import { indexedText, indexedValues } from '../../shared/resources/indexed.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { ModelRegistry } from '../../shared/resources/models.ts'
import { decodePayload } from '../../shared/resources/payload.ts'
import { type StoreClients, putItems } from '../contents.ts'

/** What tests write to a store: items, and the objects of the blob bucket by key. */
export interface StoreData {
  readonly items: readonly Item[]
  readonly objects: ReadonlyMap<string, Buffer>
}

interface ResourceSpec {
  readonly model: string
  readonly id: string
  /** One for each revision; the last revision is the current one. Objects other than bytes are stored as JSON. */
  readonly payloads: readonly (object | string | Uint8Array)[]
  readonly meta?: Partial<ResourceMeta>
  readonly info?: Partial<RevisionInfo>
}

/** One resource as SpecStar stores it: metadata, revisions, and its spilled payloads by key. */
export const buildResource = (
  registry: ModelRegistry,
  { model, id, payloads, meta = {}, info = {} }: ResourceSpec,
): StoreData => {
  const definition = registry.get(model)
  const target = { model, shards: definition.shards }
  const objects = new Map<string, Buffer>()
  const texts = payloads.map((payload) =>
    typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload),
  )
  const at = (n: number): string => `2026-01-05T08:${(30 + n).toString()}:00Z`
  const users = { created_by: 'alice', updated_by: 'bob' }
  const revisions = texts.map((text, k) => {
    const { item, spilled } = itemFromRevision(
      {
        uid: `00000000-0000-4000-8000-${(k + 1).toString().padStart(12, '0')}`,
        resource_id: id,
        revision_id: `${id}:${k + 1}`,
        parent_revision_id: k === 0 ? null : `${id}:${k}`,
        status: 'stable',
        created_time: at(k),
        updated_time: at(k),
        ...users,
        ...info,
      },
      Buffer.from(text),
      target,
    )
    if (spilled !== undefined) objects.set(`payloads/${item['data_sha256']?.S ?? ''}`, spilled)
    return item
  })
  const last = texts.length - 1
  const metadata = itemFromMetadata(
    {
      current_revision_id: `${id}:${texts.length}`,
      resource_id: id,
      total_revision_count: texts.length,
      created_time: at(0),
      updated_time: at(last),
      indexed_data: indexedText(indexedValues(definition, decodePayload(texts[last] ?? ''))),
      rev_status: 'stable',
      rev_updated_time: at(last),
      ...users,
      ...meta,
    },
    target,
  )
  return { items: [metadata, ...revisions], objects }
}

export const combine = (...worlds: readonly StoreData[]): StoreData => ({
  items: worlds.flatMap(({ items }) => items),
  objects: new Map(worlds.flatMap(({ objects }) => [...objects])),
})

export const buildBlobs = (contents: Readonly<Record<string, Buffer>>): StoreData => ({
  items: [],
  objects: new Map(Object.entries(contents).map(([id, bytes]) => [`blobs/${id}`, bytes])),
})

/**
 * Two countries, six cities and two memos, with references, a shared blob, and one spilled payload in two revisions.
 */
export const sampleStore = (registry: ModelRegistry): StoreData => {
  const flag = (id: string): object => ({ file_id: id, size: 5, content_type: 'image/svg+xml' })
  const long = 'long '.repeat(80_000)
  const city = (id: string, ...payloads: readonly object[]): StoreData =>
    buildResource(registry, { model: 'city', id, payloads })
  return combine(
    buildResource(registry, {
      model: 'country',
      id: 'north',
      payloads: [{ name: 'N' }, { name: 'North', borders: ['south'], area: 1.5, flag: flag('flag-n') }],
    }),
    buildResource(registry, {
      model: 'country',
      id: 'south',
      payloads: [{ name: 'South', borders: ['north'], flag: flag('flag-s') }],
      meta: { is_deleted: true },
    }),
    city(
      'a',
      { name: 'A', country: 'north', lat: 1.5 },
      { name: 'Aa', country: 'north', lat: 1.5, arms: flag('flag-n') },
    ),
    city('b', { name: 'B', country: 'south', lng: -2.25 }),
    city('c', { name: 'C', country: 'north' }, { name: 'C2', country: 'north' }, { name: 'C3', country: 'south' }),
    city('d', { name: 'D', country: 'nowhere', arms: flag('arms-d') }),
    city('e', { name: 'E', country: 'north', long }, { name: 'E', country: 'north', long }, { name: 'E' }),
    city('f', { name: 'F', country: 'south', tags: ['x'] }),
    buildResource(registry, { model: 'memo', id: 'm', payloads: [{ text: 'one', rank: 1 }] }),
    buildResource(registry, {
      model: 'memo',
      id: 'n',
      payloads: [
        { text: 'two', rank: 2 },
        { text: 'three', rank: 3 },
      ],
    }),
    buildBlobs({ 'flag-n': Buffer.from('north'), 'flag-s': Buffer.from('south'), 'arms-d': Buffer.from('a lion') }),
  )
}

/** Writes the contents to a store directly, without the program. */
export const writeToStore = async (clients: StoreClients, { items, objects }: StoreData): Promise<void> => {
  await putItems(clients, items)
  for (const [Key, Body] of objects)
    await clients.s3.send(new PutObjectCommand({ Bucket: clients.config.buckets.blobs, Key, Body }))
}
