import { type BucketDigests, ResourceLeaf } from '../../archive/digest.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import { type Item, sortKeyOf } from '../../tables/item.ts'
import { MetadataView, RevisionView } from '../../resources/views.ts'
import type { StoredResource } from '../../resources/aws/resource-store.ts'
import type { Services } from '../../runtime/services.ts'
import type { ArchivedRecord } from '../../archive/archived-records.ts'
import { type ExtentCursor, extentEvents, type TakenResource } from '../extents.ts'
import type { Findings } from './findings.ts'
import { openPlanned, restorePlan } from '../inspect/restore-plan.ts'
import type { Extent } from '../preflight/preflight.ts'
import { ReferenceCheck } from './reference-check.ts'
import { checkSearch } from './search-check.ts'
import { storedLeaf } from '../target/stored-leaf.ts'
import { targetRange } from '../target/target-comparison.ts'
import { TargetJoin } from '../target/target-join.ts'
import { idsSkippedAfterConflict } from './verify.ts'

/** A resource of the archive, with what verification compares of it: payloads enter by their SHA-256. */
interface Expected {
  readonly metadata: ArchivedRecord
  readonly leaf: ResourceLeaf
  /** Sort key → the revision's id and parent. */
  readonly revisions: Map<string, { id: string; parent: string }>
}

const parentOf = (item: Item): string => new RevisionView(item).parentRevisionId ?? 'none'

/**
 * Reads an extent of the archive beside the store and compares resource by resource: counts, content, revisions,
 * references and search. Gives the cursor of the next pass, where time was up.
 */
export const verifyExtent = async (
  attempt: Attempt,
  services: Services,
  extent: Extent,
  start: ExtentCursor | undefined,
  findings: Findings,
  digests: BucketDigests,
): Promise<{ cursor?: ExtentCursor; changedSince: number }> => {
  const job = await restoreJob(services, attempt.job_id)
  const { request } = job
  const plan = await restorePlan(services, attempt.job_id)
  const archive = await openPlanned(services, plan)
  const skippedAfterConflict = await idsSkippedAfterConflict(services, attempt.job_id, attempt.n)
  const { ids } = request.filters
  const torn = new Set<string>()
  const options = { onTorn: (id: string) => void torn.add(id) }
  const range = targetRange(start?.from.bucket ?? extent.after, extent.upTo)
  const rows =
    ids === undefined
      ? services.resources.resources(extent.model, range, options)
      : services.resources.resourcesById(extent.model, ids, options)
  const target = new TargetJoin<StoredResource>(rows, ({ metadata }) => sortKeyOf(metadata))
  const references = new ReferenceCheck(services, archive, plan, findings)
  const check = new ExtentCheck(
    services,
    extent.model,
    attempt.job_id,
    { join: target, torn },
    references,
    findings,
    digests,
  )

  let expected: Expected | undefined
  let cursor: ExtentCursor | undefined
  let lastBucket: string | undefined
  try {
    verifying: for await (const events of extentEvents(services, archive, extent, job, start)) {
      for (const event of events) {
        if (event.kind === 'revision') addRevision(expected, event.record)
        else if (event.kind === 'end') {
          if (expected !== undefined) await check.resource(expected)
          expected = undefined
        } else {
          const { resource } = event
          const { bucket } = resource.cursor.from
          if (lastBucket !== undefined && bucket !== lastBucket && attempt.timeIsUp()) {
            cursor = resource.cursor
            break verifying
          }
          lastBucket = bucket
          const left =
            (resource.existed && request.on_duplicate === 'skip') || skippedAfterConflict.has(resource.metadata.id)
          expected = left ? undefined : begin(resource)
        }
      }
    }
    await references.end()
  } finally {
    await target.close()
  }
  return { ...(cursor === undefined ? {} : { cursor }), changedSince: check.changedSince }
}

const begin = ({ metadata }: TakenResource): Expected => {
  const leaf = new ResourceLeaf()
  leaf.add(metadata.item)
  return { metadata, leaf, revisions: new Map() }
}

const addRevision = (expected: Expected | undefined, { item, sk }: ArchivedRecord): void => {
  if (expected === undefined) return
  expected.leaf.add(item)
  expected.revisions.set(sk, { id: new RevisionView(item).revisionId ?? '', parent: parentOf(item) })
}

/** The store beside the archive. Torn resources are no rows of the join; they are told before it passes over their place. */
interface Target {
  readonly join: TargetJoin<StoredResource>
  readonly torn: ReadonlySet<string>
}

/** Compares one resource after the other with what the store gives back. */
class ExtentCheck {
  readonly #services: Services
  readonly #model: string
  readonly #jobId: string
  readonly #target: Target
  readonly #references: ReferenceCheck
  readonly #findings: Findings
  readonly #digests: BucketDigests
  changedSince = 0

  constructor(
    services: Services,
    model: string,
    jobId: string,
    target: Target,
    references: ReferenceCheck,
    findings: Findings,
    digests: BucketDigests,
  ) {
    this.#services = services
    this.#model = model
    this.#jobId = jobId
    this.#target = target
    this.#references = references
    this.#findings = findings
    this.#digests = digests
  }

  async resource({ metadata, leaf, revisions }: Expected): Promise<void> {
    const { id, h } = metadata
    const findings = this.#findings
    const archived = leaf.digest()
    findings.checked('counts', 1 + revisions.size)
    findings.checked('revisions', revisions.size)
    findings.checked('content')
    const row = await this.#target.join.seek(id)
    if (row === undefined) {
      await this.#notWhole(id, h, archived)
      return
    }
    const stored = await storedLeaf(row, this.#services)
    const sameContent = stored.leaf.equals(archived)
    if (!this.#isOurs(row.metadata) || (!sameContent && stored.revisions.some((item) => !this.#isOurs(item)))) {
      // Someone else wrote it after us: it is theirs now. The bucket's digest keeps what we wrote.
      this.changedSince += 1
      this.#digests.add(h, archived)
      return
    }
    this.#digests.add(h, stored.leaf)
    if (!sameContent)
      this.#fail('content', id, 'resource differs', archived.toString('hex'), stored.leaf.toString('hex'))
    for (const { revision, expected, actual } of stored.damaged)
      this.#fail('content', id, `payload of revision ${revision}`, expected, actual)
    this.#checkRevisions(id, row.metadata, revisions, stored.revisions)
    await this.#references.check(this.#model, id, row.metadata, stored.revisions)
    await checkSearch(this.#services, this.#model, metadata.item, row.metadata, stored.revisions, findings)
  }

  /** The store gives no whole resource: it is gone, or its current revision is. */
  async #notWhole(id: string, h: string, archived: Buffer): Promise<void> {
    const torn = this.#target.torn.has(id) ? await this.#services.resources.getMetadata(this.#model, id) : undefined
    if (torn === undefined) this.#fail('counts', id, 'resource is missing', 'present', 'absent')
    else if (this.#isOurs(torn)) {
      const current = new MetadataView(torn).currentRevisionId ?? ''
      this.#fail('counts', id, `revision ${current} is missing`, 'present', 'absent')
      this.#fail('revisions', id, 'current revision is missing', current, 'absent')
    } else {
      this.changedSince += 1
      this.#digests.add(h, archived)
    }
  }

  #checkRevisions(
    id: string,
    metadata: Item,
    expected: ReadonlyMap<string, { id: string; parent: string }>,
    stored: readonly Item[],
  ): void {
    const found = new Map(stored.map((item) => [sortKeyOf(item), item]))
    for (const [sk, revision] of expected) {
      const item = found.get(sk)
      if (item === undefined) {
        this.#fail('counts', id, `revision ${revision.id} is missing`, 'present', 'absent')
        this.#fail('revisions', id, `revision ${revision.id} is missing`, 'present', 'absent')
      } else if (parentOf(item) !== revision.parent) {
        this.#fail('revisions', id, `parent of revision ${revision.id}`, revision.parent, parentOf(item))
      }
    }
    for (const [sk, item] of found) {
      const name = new RevisionView(item).revisionId ?? sk
      if (!expected.has(sk)) this.#fail('revisions', id, `revision ${name} is not in the archive`, 'absent', 'present')
    }
    const current = new MetadataView(metadata).currentRevisionId ?? ''
    if (!stored.some((item) => new RevisionView(item).revisionId === current))
      this.#fail('revisions', id, 'current revision is missing', current, 'absent')
  }

  #isOurs(item: Item): boolean {
    return new RevisionView(item).appliedBy === this.#jobId
  }

  #fail(check: 'counts' | 'content' | 'revisions', id: string, what: string, expected: string, actual: string): void {
    this.#findings.fail(check, { model: this.#model, resource_id: id, what, expected, actual })
  }
}
