import type { Item } from '../../shared/tables/item.ts'
import { itemFromMetadata, itemFromRevision, type ResourceMeta } from '../../shared/resources/attributes.ts'

export interface Made {
  readonly id: string
  /** Number of revisions, by default 1. */
  readonly revisions?: number
  readonly payloadBytes?: number
  readonly meta?: Partial<ResourceMeta>
  readonly job_id?: string
}

const CREATED = '2026-01-05T08:30:00Z'

/**
 * The items of a resource as SpecStar would write them. Each revision is one minute newer than the one before; the last
 * is current.
 */
export const madeResource = (
  model: string,
  shards: number,
  { id, revisions = 1, payloadBytes = 0, meta = {}, job_id }: Made,
): { readonly metadata: Item; readonly revisions: Item[] } => {
  const target = { model, shards, ...(job_id === undefined ? {} : { job_id }) }
  const timeOf = (n: number): string => new Date(Date.parse(CREATED) + (n - 1) * 60_000).toISOString()
  const users = { created_by: 'alice', updated_by: 'alice' }
  const infos = Array.from({ length: revisions }, (_, k) => ({
    uid: `00000000-0000-4000-8000-${(k + 1).toString().padStart(12, '0')}`,
    resource_id: id,
    revision_id: `${id}:${k + 1}`,
    parent_revision_id: k === 0 ? null : `${id}:${k}`,
    status: 'stable',
    created_time: timeOf(k + 1),
    updated_time: timeOf(k + 1),
    ...users,
  }))
  return {
    metadata: itemFromMetadata(
      {
        current_revision_id: `${id}:${revisions}`,
        resource_id: id,
        total_revision_count: revisions,
        created_time: timeOf(1),
        updated_time: timeOf(revisions),
        ...users,
        rev_updated_time: timeOf(revisions),
        ...meta,
      },
      target,
    ),
    revisions: infos.map((info, k) => {
      const payload = Buffer.from(JSON.stringify({ name: id, n: k, fill: 'x'.repeat(payloadBytes) }))
      return itemFromRevision(info, payload, target).item
    }),
  }
}
