import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { ArchiveJob } from '../../jobs/job.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { StoredResource } from '../../resources/stored-resource.ts'
import { MetadataView } from '../../resources/views.ts'
import { type Item, sortKeyOf } from '../../tables/item.ts'
import type { ArchivedResource, ComparedResource, StoredState } from '../checks/check.ts'
import type { ExtentCursor } from '../messages/apply.ts'
import type { Extent } from '../messages/preflight.ts'
import { readCurrentPayload } from '../target/read-current-payload.ts'
import { type ReadResource, readStoredResource } from '../target/read-stored-resource.ts'
import { TargetJoin } from '../target/target-join.ts'
import { targetRange } from '../target/target-range.ts'

/** Reads the stored resources of one extent, in the order of the archive. */
export class StoredResources {
  readonly #services: { readonly resources: ResourceStore; readonly payloads: PayloadStore }
  readonly #model: string
  readonly #jobId: string
  readonly #join: TargetJoin<StoredResource>
  /**
   * The ids of torn resources. The store returns no row for a torn resource. Instead, it calls `onTorn`, before it
   * returns the next row.
   */
  readonly #torn = new Set<string>()

  constructor(
    services: { readonly resources: ResourceStore; readonly payloads: PayloadStore },
    { job_id, request }: ArchiveJob,
    { model, after, up_to }: Extent,
    start: ExtentCursor | undefined,
  ) {
    const { ids } = request.filters
    const options = { onTorn: (id: string) => void this.#torn.add(id) }
    const rows =
      ids === undefined
        ? services.resources.resources(model, targetRange(start?.from.bucket ?? after, up_to), options)
        : services.resources.resourcesById(model, ids, options)
    this.#services = services
    this.#model = model
    this.#jobId = job_id
    this.#join = new TargetJoin(rows, ({ metadata }) => sortKeyOf(metadata))
  }

  async compare(archived: ArchivedResource): Promise<ComparedResource> {
    const row = await this.#join.seek(archived.id)
    const stored = row === undefined ? await this.#incomplete(archived.id) : await this.#read(row, archived)
    return { archived, stored }
  }

  close(): Promise<void> {
    return this.#join.close()
  }

  async #read(row: StoredResource, archived: ArchivedResource): Promise<StoredState> {
    const read = await readStoredResource(this.#services, row)
    return this.#isChangedSince(read, archived)
      ? { state: 'changed-since' }
      : { ...read, state: 'read', currentPayload: once(() => readCurrentPayload(this.#services, read)) }
  }

  /** Returns true if another writer changed the resource after this restore wrote it. */
  #isChangedSince({ metadata, revisions, digest }: ReadResource, archived: ArchivedResource): boolean {
    if (!this.#isOurs(metadata)) return true
    return !digest.equals(archived.digest) && revisions.some((item) => !this.#isOurs(item))
  }

  /**
   * Returns the state of a resource for which the store returned no row, because its metadata or its current revision
   * is missing.
   */
  async #incomplete(id: string): Promise<StoredState> {
    const metadata = this.#torn.has(id) ? await this.#services.resources.getMetadata(this.#model, id) : undefined
    if (metadata === undefined) return { state: 'missing' }
    if (!this.#isOurs(metadata)) return { state: 'changed-since' }
    return { state: 'torn', currentRevisionId: new MetadataView(metadata).currentRevisionId ?? '' }
  }

  /** Returns true if this restore was the last writer of the item. */
  #isOurs(item: Item): boolean {
    return new MetadataView(item).appliedBy === this.#jobId
  }
}

/** Returns a function that calls `make` when it is first called, and returns the same result in every later call. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
