import { ResourceLeaf } from '../../../../shared/archive/digest.ts'
import { itemBytes } from '../../../../shared/resources/item-size.ts'
import type { Item } from '../../../../shared/tables/item.ts'
import { compareBytes } from '../../../../shared/values/text-order.ts'
import type { ArchiveContents, ContentsRecord, FaultyContentsRecord } from '../contents/contents.ts'
import { resourcesOf } from '../contents/resources.ts'

/** A resource with its items, as far as they are kept. */
export interface DiffedResource {
  readonly metadata: Item
  readonly revisions: readonly Item[]
}

/** A difference between an old and a new archive. */
export interface ArchiveDifference {
  readonly model: string
  readonly resource_id: string
  /** `new`: only the new archive contains the resource. `missing`: only the old one contains it. */
  readonly group: 'new' | 'changed' | 'missing'
  /** Both versions of a changed resource. Absent if items are not kept, or if the resource is too large. */
  readonly versions?: { readonly old: DiffedResource; readonly next: DiffedResource }
}

export interface DiffOptions {
  /** The models to compare. By default, all models of both archives. */
  readonly models?: readonly string[] | undefined
  /** If true, the items of changed resources are returned. */
  readonly keepItems?: boolean
  /** Receives each record that cannot be read. */
  readonly onFault: (archive: 'old' | 'new', record: FaultyContentsRecord) => void
}

/** The largest size of the items of a resource that are kept for the comparison of its fields, in bytes. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

/**
 * Compares the resources of two archives. Both are read once, in the order of an archive, and joined, so at most two
 * resources of each are in memory. The payloads are compared by the SHA-256 in their revisions. A resource that cannot
 * be read completely in one archive is not compared: no difference is returned for it.
 */
export async function* diffArchives(
  old: ArchiveContents,
  next: ArchiveContents,
  options: DiffOptions,
): AsyncGenerator<ArchiveDifference> {
  const models = options.models ?? (await modelsOf(old, next))
  for (const model of models) yield* diffModel(old, next, model, options)
}

/** Returns true if one of the counts of differences is not 0. */
export const hasAny = (counts: Readonly<Record<string, number>>): boolean =>
  Object.values(counts).some((count) => count > 0)

/** Returns the models of both archives, sorted. */
export const modelsOf = async (old: ArchiveContents, next: ArchiveContents): Promise<readonly string[]> => {
  const [a, b] = [await old.describe(), await next.describe()]
  return [...new Set([...Object.keys(a.models), ...Object.keys(b.models)])].sort(compareBytes)
}

async function* diffModel(
  old: ArchiveContents,
  next: ArchiveContents,
  model: string,
  { keepItems = false, onFault }: DiffOptions,
): AsyncGenerator<ArchiveDifference> {
  const unreadable = { old: new UnreadableIds(), new: new UnreadableIds() }
  const read = (contents: ArchiveContents, archive: 'old' | 'new'): AsyncGenerator<Summary, undefined> =>
    summaries(contents, model, { keepItems, unreadable: unreadable[archive] }, (record) => {
      onFault(archive, record)
    })
  const [olds, news] = [read(old, 'old'), read(next, 'new')]
  try {
    let a = await olds.next()
    let b = await news.next()
    while (a.done !== true || b.done !== true) {
      const order = a.done === true ? 1 : b.done === true ? -1 : compareSummaries(a.value, b.value)
      const before = order <= 0 && a.done !== true ? a.value : undefined
      const after = order >= 0 && b.done !== true ? b.value : undefined
      const difference = differenceOf(model, before, after)
      if (difference !== undefined && !Object.values(unreadable).some((ids) => ids.has(difference.resource_id)))
        yield difference
      if (order <= 0) a = await olds.next()
      if (order >= 0) b = await news.next()
    }
  } finally {
    await olds.return(undefined)
    await news.return(undefined)
  }
}

const differenceOf = (
  model: string,
  before: Summary | undefined,
  after: Summary | undefined,
): ArchiveDifference | undefined => {
  if (after === undefined) return before && { model, resource_id: before.id, group: 'missing' }
  if (before === undefined) return { model, resource_id: after.id, group: 'new' }
  if (before.leaf === after.leaf) return undefined
  const [old, next] = [before.items, after.items]
  const versions = old === undefined || next === undefined ? {} : { versions: { old, next } }
  return { model, resource_id: after.id, group: 'changed', ...versions }
}

/** Limits the memory. After that many ids, all resources around are treated as if they could not be read. */
const MAX_UNREADABLE = 100_000

/** The ids of resources that cannot be read. If `isUnknown` is true, other resources cannot be read either. */
interface Unreadable {
  readonly ids: Set<string>
  isUnknown: boolean
}

const noneUnreadable = (): Unreadable => ({ ids: new Set(), isUnknown: false })

/**
 * The resources of an archive that cannot be read, around the current one: those after the last but one sound resource.
 * The fault of a revision can precede its resource or follow it.
 */
class UnreadableIds {
  #older = noneUnreadable()
  #newer = noneUnreadable()

  /** The two ids of a record can differ, and either of them can be right. */
  add({ id, idInKey }: FaultyContentsRecord): void {
    const { ids } = this.#newer
    // A fault without an id of a stream is not at the position of its resource, so the resource remains unknown.
    if ((id === '' && idInKey === '') || ids.size >= MAX_UNREADABLE) this.#newer.isUnknown = true
    else for (const stated of [id, idInKey ?? '']) ids.add(stated)
  }

  has(id: string): boolean {
    return [this.#older, this.#newer].some(({ ids, isUnknown }) => isUnknown || ids.has(id))
  }

  /** Must be called before each sound resource is read. */
  advance(): void {
    this.#older = this.#newer
    this.#newer = noneUnreadable()
  }
}

interface Summary {
  readonly h: string
  readonly id: string
  /** The digest of the metadata and all revisions, in hex. */
  readonly leaf: string
  readonly items: DiffedResource | undefined
}

const compareSummaries = (a: Summary, b: Summary): number => compareBytes(a.h, b.h) || compareBytes(a.id, b.id)

/** Returns each sound resource after the next one has been read, because faults of its revisions can follow it. */
async function* summaries(
  contents: ArchiveContents,
  model: string,
  { keepItems, unreadable }: { readonly keepItems: boolean; readonly unreadable: UnreadableIds },
  onFault: (record: FaultyContentsRecord) => void,
): AsyncGenerator<Summary, undefined> {
  const onUnreadable = (record: FaultyContentsRecord): void => {
    unreadable.add(record)
    onFault(record)
  }
  let last: Summary | undefined
  for await (const resource of resourcesOf(contents, model, { onFault: onUnreadable })) {
    if (last !== undefined) yield last
    unreadable.advance()
    last = await summarize(resource.metadata, resource.revisions, keepItems)
  }
  if (last !== undefined) yield last
  return undefined
}

const summarize = async (
  { h, id, item }: ContentsRecord,
  revisions: AsyncIterable<ContentsRecord>,
  keepItems: boolean,
): Promise<Summary> => {
  const leaf = new ResourceLeaf()
  leaf.add(item)
  let items: Item[] | undefined = keepItems ? [] : undefined
  let bytes = itemBytes(item)
  for await (const revision of revisions) {
    leaf.add(revision.item)
    if (items === undefined) continue
    bytes += itemBytes(revision.item)
    if (bytes > MAX_KEPT_BYTES) items = undefined
    else items.push(revision.item)
  }
  return {
    h,
    id,
    leaf: leaf.digest().toString('hex'),
    items: items === undefined ? undefined : { metadata: item, revisions: items },
  }
}
