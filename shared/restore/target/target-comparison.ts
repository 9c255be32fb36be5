import type { RestoreJob } from '../../jobs/job.ts'
import { filterFor } from '../../jobs/job-filter.ts'
import { type Item, type SortKeyRange, sortKeyOf } from '../../tables/item.ts'
import { hashKeyOf } from '../../resources/keys.ts'
import type { StoredResource } from '../../resources/aws/resource-store.ts'
import type { Services } from '../../runtime/services.ts'
import type { Finding } from '../verify/findings.ts'
import type { RestorePlan, SegmentShare } from '../inspect/restore-plan.ts'
import { storedLeaf } from './stored-leaf.ts'
import { TargetJoin } from './target-join.ts'

/** What a dry run counts in one run of resources. */
export interface ComparisonSums {
  readonly new: number
  readonly changed: number
  readonly same: number
  readonly target_only: number
}

export interface Comparison {
  readonly sums: ComparisonSums
  /** The first differences, 100 a run. */
  readonly findings: readonly Finding[]
}

/** The target beside the archive: asked for each archived resource in the archive's order. */
export interface TargetComparison {
  /** Whether the target has the resource. */
  exists(id: string): Promise<boolean>
  /** Dry run: compares the resource that was asked for last with the archive's leaf. */
  compare(id: string, leaf: Buffer): Promise<void>
  /** Dry run: counts what is left (before a bucket, where the pass stopped at one) and gives the sums. */
  end(beforeBucket?: string): Promise<Comparison | undefined>
  close(): Promise<void>
}

/** Sort keys that fall to a share, for a pass that begins and ends where it does. */
export const targetRange = (
  after: string | undefined,
  upTo: string | undefined,
): { readonly fromSk: string; readonly toSk: string } => ({ fromSk: after ?? '0', toSk: upTo ?? 'g' })

/** Opens the share's run of the target, from `bucket` on: metadata alone, or on a dry run everything. */
export const targetComparison = (
  services: Services,
  plan: RestorePlan,
  share: SegmentShare,
  bucket: string | undefined,
  job: RestoreJob,
): TargetComparison => {
  const { model } = share
  const { request } = job
  if (plan.empty.includes(model) && !request.dry_run) return EMPTY_TARGET
  const range = targetRange(bucket ?? share.after, share.upTo)
  const { ids } = request.filters
  if (request.dry_run) return new FullComparison(services, model, range, job)
  if (ids !== undefined) return new NamedComparison(services.resources.existing(model, ids))
  const join = new TargetJoin<Item>(services.resources.metadata(model, range), sortKeyOf)
  return {
    exists: async (id) => (await join.seek(id)) !== undefined,
    compare: () => Promise.resolve(),
    end: () => Promise.resolve(undefined),
    close: () => join.close(),
  }
}

const EMPTY_TARGET: TargetComparison = {
  exists: () => Promise.resolve(false),
  compare: () => Promise.resolve(),
  end: () => Promise.resolve(undefined),
  close: () => Promise.resolve(),
}

/** A few resources by their ids: one look at their metadata tells of all. */
class NamedComparison implements TargetComparison {
  readonly #existing: Promise<ReadonlySet<string>>

  constructor(existing: Promise<ReadonlySet<string>>) {
    this.#existing = existing
    // Awaited with the first resource; until then a rejection must not end the process.
    existing.catch(() => undefined)
  }

  async exists(id: string): Promise<boolean> {
    return (await this.#existing).has(id)
  }

  compare(): Promise<void> {
    return Promise.resolve()
  }

  end(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const KEPT_FINDINGS = 100

/** A dry run: everything that the target has is read, and compared. */
class FullComparison implements TargetComparison {
  readonly #services: Services
  readonly #model: string
  readonly #join: TargetJoin<StoredResource>
  readonly #takes: (metadata: Item) => boolean
  #row: StoredResource | undefined
  /** Resources without their current revision: no rows of the join, but there. Told before the join passes over their place. */
  readonly #torn = new Set<string>()
  readonly #sums = { new: 0, changed: 0, same: 0, target_only: 0 }
  readonly #findings: Finding[] = []

  constructor(services: Services, model: string, range: SortKeyRange, job: RestoreJob) {
    const { filters } = job.request
    this.#services = services
    this.#model = model
    const options = { onTorn: (id: string) => void this.#torn.add(id) }
    const rows =
      filters.ids === undefined
        ? services.resources.resources(model, range, options)
        : services.resources.resourcesById(model, filters.ids, options)
    this.#join = new TargetJoin(rows, ({ metadata }) => sortKeyOf(metadata))
    this.#takes = filterFor(job, services.models, model)
  }

  async exists(id: string): Promise<boolean> {
    this.#row = await this.#join.seek(id, (row) => {
      this.#targetOnly(row)
    })
    return this.#row !== undefined || this.#torn.has(id)
  }

  async compare(id: string, leaf: Buffer): Promise<void> {
    if (this.#row === undefined) {
      const isTorn = this.#torn.delete(id)
      this.#sums[isTorn ? 'changed' : 'new'] += 1
      if (isTorn) this.#find(id, 'current revision is missing', leaf.toString('hex'), 'torn')
      return
    }
    const stored = await storedLeaf(this.#row, this.#services)
    const differs = !stored.leaf.equals(leaf)
    if (!differs && stored.damaged.length === 0) {
      this.#sums.same += 1
      return
    }
    this.#sums.changed += 1
    if (differs) this.#find(id, 'resource differs', leaf.toString('hex'), stored.leaf.toString('hex'))
    for (const { revision, expected, actual } of stored.damaged)
      this.#find(id, `payload of revision ${revision} is damaged`, expected, actual)
  }

  async end(beforeBucket?: string): Promise<Comparison> {
    await this.#join.end((row) => {
      this.#targetOnly(row)
    }, beforeBucket)
    for (const id of this.#torn) {
      if (beforeBucket !== undefined && hashKeyOf(id) >= beforeBucket) continue
      const metadata = await this.#services.resources.getMetadata(this.#model, id)
      if (metadata !== undefined) this.#targetOnly({ metadata })
    }
    return { sums: this.#sums, findings: this.#findings }
  }

  close(): Promise<void> {
    return this.#join.close()
  }

  #targetOnly({ metadata }: Pick<StoredResource, 'metadata'>): void {
    if (this.#takes(metadata)) this.#sums.target_only += 1
  }

  #find(resource_id: string, what: string, expected: string, actual: string): void {
    if (this.#findings.length < KEPT_FINDINGS)
      this.#findings.push({ model: this.#model, resource_id, what, expected, actual })
  }
}
