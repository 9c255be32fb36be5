import { readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { StoreContents } from '../contents.ts'
import type { TestProgram } from './program.ts'

/** Reads a file that SpecStar wrote, or a listing of its store (see `test/fixtures/specstar/README.md`). */
export const specstarFile = (name: string): Promise<Buffer> =>
  readFile(new URL(`../fixtures/specstar/${name}`, import.meta.url))

const Meta = z.looseObject({ resource_id: z.string(), indexed_data: z.exactOptional(z.unknown()) })
const Listing = z.object({
  models: z.record(
    z.string(),
    z.object({
      counts: z.object({ resources: z.int(), revisions: z.int(), blobs: z.int() }),
      resources: z.array(
        z.object({
          meta: Meta,
          revisions: z.array(
            z.object({
              info: z.looseObject({ revision_id: z.string(), schema_version: z.string().nullable() }),
              payload: z.object({ sha256: z.string(), size: z.int() }),
            }),
          ),
        }),
      ),
      blobs: z.array(
        z.object({
          file_id: z.string(),
          size: z.int(),
          content_type: z.string().nullable(),
          sha256: z.string(),
        }),
      ),
    }),
  ),
})
type Listing = z.output<typeof Listing>

/** A JSON reviver that keeps the text of numbers, so that 1.0 differs from 1 and big integers keep all digits. */
const exactNumber = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' && source !== undefined ? `number ${source}` : value

/** Reads the listing of a SpecStar store. */
export const readListing = async (name: string): Promise<Listing> => {
  const text = (await specstarFile(name)).toString()
  return Listing.parse(JSON.parse(text))
}
/** Reads `indexed_data` of every resource in a listing, with numbers as text. */
export const readExactIndexes = async (name: string): Promise<Map<string, unknown>> => {
  const all: unknown = JSON.parse((await specstarFile(name)).toString(), exactNumber)
  const parsed = z
    .object({ models: z.record(z.string(), z.object({ resources: z.array(z.object({ meta: Meta })) })) })
    .parse(all)
  return new Map(
    Object.entries(parsed.models).flatMap(([model, { resources }]) =>
      resources.map(({ meta }): [string, unknown] => [`${model} ${meta.resource_id}`, meta.indexed_data]),
    ),
  )
}

/**
 * Returns a time without its offset, because listings contain offsets and archives do not. A time without a zone is
 * returned unchanged.
 */
const normalizeTime = (name: string, value: unknown): unknown => {
  if (typeof value !== 'string' || !name.endsWith('_time')) return value
  return /Z|[+-]\d\d:\d\d$/.test(value)
    ? `${new Date(value).toISOString().slice(0, 19)} ${/\.\d+/.exec(value)?.[0] ?? ''}`
    : value
}

const withoutFields = (item: Record<string, unknown>, omitted: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(item)
      .filter(([name]) => !omitted.includes(name))
      .map(([name, value]) => [name, normalizeTime(name, value)]),
  )

const DERIVED = ['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'indexed_data']
const PAYLOAD = ['data', 'data_spilled', 'data_sha256', 'data_size']

/** The data that a listing and a store have in common, by resource, revision and blob. */
export interface Inventory {
  readonly resources: Record<string, unknown>
  readonly revisions: Record<string, unknown>
  readonly blobs: Record<string, unknown>
}

export const inventoryOfListing = ({ models }: Listing, only?: readonly string[]): Inventory => {
  const all: Inventory = { resources: {}, revisions: {}, blobs: {} }
  for (const [model, { resources, blobs }] of Object.entries(models)) {
    if (only !== undefined && !only.includes(model)) continue
    for (const { meta, revisions } of resources) {
      all.resources[`${model} ${meta.resource_id}`] = withoutFields(meta, ['indexed_data'])
      for (const { info, payload } of revisions)
        all.revisions[`${model} ${info.revision_id} ${info.schema_version ?? '-'}`] = {
          ...withoutFields(info, []),
          sha256: payload.sha256,
          size: payload.size,
        }
    }
    for (const { file_id, size, content_type, sha256 } of blobs)
      all.blobs[file_id] = { size, sha256, content_type: content_type ?? 'unknown' }
  }
  return all
}

/** The inventory of a store. `types` contains the content types of blobs by file id. */
const inventoryOfStore = ({ items, objects }: StoreContents, types: ReadonlyMap<string, string>): Inventory => {
  const all: Inventory = { resources: {}, revisions: {}, blobs: {} }
  for (const item of items.values()) {
    const [model = '', kind] = (item['pk']?.S ?? '').split('#')
    const values = Object.fromEntries(
      Object.entries(item).map(([name, { S, N, BOOL }]) => [
        name,
        S ?? (N === undefined ? undefined : Number(N)) ?? BOOL ?? null,
      ]),
    )
    if (kind === 'm') all.resources[`${model} ${item['resource_id']?.S ?? ''}`] = withoutFields(values, DERIVED)
    else
      all.revisions[`${model} ${item['revision_id']?.S ?? ''} ${item['schema_version']?.S ?? '-'}`] = {
        ...withoutFields(values, [...DERIVED, ...PAYLOAD]),
        sha256: item['data_sha256']?.S,
        size: Number(item['data_size']?.N),
      }
  }
  for (const [key, base64] of objects) {
    if (!key.startsWith('blobs/')) continue
    const bytes = Buffer.from(base64, 'base64')
    const file_id = decodeURIComponent(key.slice('blobs/'.length))
    all.blobs[file_id] = {
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      content_type: types.get(file_id) ?? 'unknown',
    }
  }
  return all
}

/** Returns the sort keys of revisions whose payload does not match `data_sha256`. */
export const payloadsWithWrongHash = ({ items, objects }: StoreContents): string[] =>
  [...items.values()].flatMap((item) => {
    const sha256 = item['data_sha256']?.S
    if (sha256 === undefined) return []
    const { S, B } = item['data'] ?? {}
    const spilled = objects.get(`payloads/${sha256}`)
    const bytes = S ?? B ?? (spilled === undefined ? '' : Buffer.from(spilled, 'base64'))
    return createHash('sha256').update(bytes).digest('hex') === sha256 ? [] : [item['sk']?.S ?? '']
  })

/** `indexed_data` of every resource in the store, with numbers as text. */
export const storedIndexes = ({ items }: StoreContents): Map<string, unknown> =>
  new Map(
    [...items.values()]
      .filter((item) => (item['pk']?.S ?? '').includes('#m#'))
      .map((item) => {
        const text = item['indexed_data']?.S
        const [model = ''] = (item['pk']?.S ?? '').split('#')
        return [
          `${model} ${item['resource_id']?.S ?? ''}`,
          text === undefined ? undefined : JSON.parse(text, exactNumber),
        ]
      }),
  )

/** The inventory of a program's store, including the content types of blobs. */
export const storedInventory = async (test: TestProgram): Promise<Inventory> => {
  const contents = await test.contents()
  const types = new Map<string, string>()
  for (const key of contents.objects.keys()) {
    const file_id = decodeURIComponent(key.slice('blobs/'.length))
    const type = (await test.program.services.blobs.head(file_id))?.content_type
    if (type !== undefined) types.set(file_id, type)
  }
  return inventoryOfStore(contents, types)
}
