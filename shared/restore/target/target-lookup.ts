import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { type Item, sortKeyOf } from '../../tables/item.ts'
import type { RestorePlan, SegmentRange } from '../messages/inspect.ts'
import { TargetJoin } from './target-join.ts'
import { idsIn, targetRange } from './target-range.ts'

/** Determines which resources the target has. The caller must call `exists` in the order of the archive. */
export interface TargetLookup {
  exists(id: string): Promise<boolean>
  close(): Promise<void>
}

/**
 * Opens a lookup of the target's resources in `range`. If `bucket` is given, the lookup begins at this digest bucket.
 * If `ids` is given, the lookup reads only the metadata of these resources.
 */
export const openTargetLookup = (
  { resources }: { readonly resources: ResourceStore },
  plan: RestorePlan,
  range: SegmentRange,
  { bucket, ids }: { readonly bucket: string | undefined; readonly ids: readonly string[] | undefined },
): TargetLookup => {
  const { model } = range
  if (plan.empty_models.includes(model)) return EMPTY_TARGET
  if (ids !== undefined) return lookupById(resources.existing(model, idsIn(ids, bucket ?? range.after, range.up_to)))
  const rows = resources.metadata(model, targetRange(bucket ?? range.after, range.up_to))
  const join = new TargetJoin<Item>(rows, sortKeyOf)
  return {
    exists: async (id) => (await join.seek(id)) !== undefined,
    close: () => join.close(),
  }
}

const EMPTY_TARGET: TargetLookup = {
  exists: () => Promise.resolve(false),
  close: () => Promise.resolve(),
}

const lookupById = (existing: Promise<ReadonlySet<string>>): TargetLookup => {
  // `exists` awaits `existing` and throws its error. If the read fails earlier, this handler prevents an unhandled
  // rejection, which would end the process.
  existing.catch(() => undefined)
  return {
    exists: async (id) => (await existing).has(id),
    close: () => Promise.resolve(),
  }
}
