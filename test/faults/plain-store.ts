import { createHash } from 'node:crypto'
import { blobName } from '../../shared/blobs/blob-name.ts'
import { itemFromMetadata, itemFromRevision } from '../../shared/resources/attributes.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { StoreContents } from '../contents.ts'

/** One revision in the in-memory store. */
interface PlainRevision {
  readonly n: number
  readonly schema: string | null
  readonly payload: string
  /** The ids of the blobs that the payload references. */
  readonly blobs: readonly string[]
  readonly at: string
}

export interface PlainResource {
  readonly model: string
  readonly id: string
  readonly deleted: boolean
  readonly updatedAt: string
  readonly revisions: readonly PlainRevision[]
}

/** An archive of the in-memory store. */
export interface PlainArchive {
  readonly resources: ReadonlyMap<string, PlainResource>
  readonly blobs: ReadonlyMap<string, string>
}

export interface PlainFilter {
  readonly models?: readonly string[]
  readonly ids?: readonly string[]
  readonly is_deleted?: boolean
}

/** The expected outcome of a restore. */
interface PlainOutcome {
  readonly status: 'succeeded' | 'partial' | 'duplicates'
  readonly loaded: number
  readonly skipped: number
}

const SHARDS = 16

/** An in-memory model of the store. The real store must have the same contents after every history. */
export class PlainStore {
  readonly resources = new Map<string, PlainResource>()
  /** File id → bytes as base64. */
  readonly blobs = new Map<string, string>()
  /** All spilled payloads that were ever written; only `wipe` removes them. */
  readonly payloads = new Map<string, string>()

  put(resource: PlainResource): void {
    this.resources.set(keyOf(resource), resource)
    this.#spill(resource)
  }

  #spill(resource: PlainResource): void {
    for (const [sha256, bytes] of resourceItems(resource).spilled) this.payloads.set(sha256, bytes.toString('base64'))
  }

  wipe(): void {
    this.resources.clear()
    this.blobs.clear()
    this.payloads.clear()
  }

  /**
   * The archive that an export would create now, the missing blobs, which make a strict export fail, and whether the
   * filter contains ids that do not exist.
   */
  export(filter: PlainFilter): {
    readonly archive: PlainArchive
    readonly missing: readonly string[]
    readonly lacksIds: boolean
  } {
    const resources = new Map([...this.resources].filter(([, resource]) => matchesFilter(resource, filter)))
    const named = referencedBlobs(resources.values())
    const held = [...named].filter((id) => this.blobs.has(id))
    return {
      archive: { resources, blobs: new Map(held.map((id) => [id, this.blobs.get(id) ?? ''])) },
      missing: [...named].filter((id) => !this.blobs.has(id)),
      lacksIds: lacksIds(this.resources.values(), filter),
    }
  }

  restore(archive: PlainArchive, strategy: 'overwrite' | 'skip' | 'raise_error', filter: PlainFilter): PlainOutcome {
    const taken = [...archive.resources].filter(([, resource]) => matchesFilter(resource, filter))
    const present = taken.filter(([key]) => this.resources.has(key))
    const written = strategy === 'skip' ? taken.filter(([key]) => !this.resources.has(key)) : taken
    const named = referencedBlobs(written.map(([, resource]) => resource))
    const lacking = [...named].filter((id) => !archive.blobs.has(id))
    const coming = [...named].flatMap((id): [string, string][] => {
      const bytes = archive.blobs.get(id)
      return bytes === undefined ? [] : [[id, bytes]]
    })
    const clashing = coming.filter(([id, bytes]) => this.blobs.has(id) && this.blobs.get(id) !== bytes)
    if (strategy === 'raise_error' && present.length + clashing.length > 0)
      return { status: 'duplicates', loaded: 0, skipped: 0 }
    for (const [, resource] of written) this.put(resource)
    for (const [id, bytes] of coming) if (strategy !== 'skip' || !this.blobs.has(id)) this.blobs.set(id, bytes)
    const left = strategy === 'skip' ? clashing.length : 0
    return {
      status: lacking.length + left > 0 || lacksIds(archive.resources.values(), filter) ? 'partial' : 'succeeded',
      loaded: written.length,
      skipped: taken.length - written.length,
    }
  }

  /** The expected contents of the table and the S3 bucket. */
  contents(): StoreContents {
    const items = [...this.resources.values()].flatMap((resource) => resourceItems(resource).items)
    return {
      items: new Map(items.map((item) => [`${item['pk']?.S ?? ''} ${item['sk']?.S ?? ''}`, item])),
      objects: new Map([
        ...[...this.blobs].map(([id, bytes]): [string, string] => [`blobs/${blobName(id)}`, bytes]),
        ...[...this.payloads].map(([sha256, bytes]): [string, string] => [`payloads/${sha256}`, bytes]),
      ]),
    }
  }
}

export const keyOf = ({ model, id }: { readonly model: string; readonly id: string }): string => `${model} ${id}`

const matchesFilter = ({ model, id, deleted }: PlainResource, { models, ids, is_deleted }: PlainFilter): boolean =>
  (models?.includes(model) ?? true) && (ids?.includes(id) ?? true) && (is_deleted ?? deleted) === deleted

/** Whether the filter contains an id that none of its models has. Other filters do not matter. */
const lacksIds = (resources: Iterable<PlainResource>, { models, ids = [] }: PlainFilter): boolean => {
  const found = new Set([...resources].flatMap(({ model, id }) => (models?.includes(model) === false ? [] : [id])))
  return ids.some((id) => !found.has(id))
}

const referencedBlobs = (resources: Iterable<PlainResource>): Set<string> =>
  new Set([...resources].flatMap(({ revisions }) => revisions.flatMap(({ blobs }) => blobs)))

const CREATED = '2026-01-05T08:30:00Z'

/** The items of a resource, and its payloads that are too large for an item. */
export const resourceItems = ({
  model,
  id,
  deleted,
  updatedAt,
  revisions,
}: PlainResource): { readonly items: Item[]; readonly spilled: [string, Buffer][] } => {
  const target = { model, shards: SHARDS }
  const by = { created_by: 'alice', updated_by: 'bob' }
  const last = revisions.at(-1)
  const metadata = itemFromMetadata(
    {
      current_revision_id: `${id}:${last?.n ?? 0}`,
      resource_id: id,
      total_revision_count: last?.n ?? 0,
      schema_version: last?.schema ?? null,
      created_time: CREATED,
      updated_time: updatedAt,
      is_deleted: deleted,
      ...by,
    },
    target,
  )
  const spilled: [string, Buffer][] = []
  const items = revisions.map(({ n, schema, payload, at }) => {
    const made = itemFromRevision(
      {
        uid: `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`,
        resource_id: id,
        revision_id: `${id}:${n}`,
        parent_revision_id: n === 1 ? null : `${id}:${n - 1}`,
        schema_version: schema,
        status: 'stable',
        created_time: at,
        updated_time: at,
        ...by,
      },
      Buffer.from(payload),
      target,
    )
    if (made.spilled !== undefined)
      spilled.push([createHash('sha256').update(made.spilled).digest('hex'), made.spilled])
    return made.item
  })
  return { items: [metadata, ...items], spilled }
}
