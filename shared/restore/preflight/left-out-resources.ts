import { ArchiveInvalidError } from '../../archive/errors.ts'
import type { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { quote } from '../../values/message-text.ts'
import { must } from '../../values/must.ts'
import type { ChecksumMismatch, ScanFault, StreamFaultPage } from '../messages/convert.ts'
import { StreamFaultLookup } from '../results/stream-faults.ts'
import type { ResourceCheck } from '../../archive/check/resource-check.ts'

/**
 * The largest number of resources that a pass leaves out in one range. A pass cannot stop between records without a
 * valid key, so this limits its memory.
 */
const MAX_LEFT_OUT = 250_000

/** The faults that the conversion of a stream has found. They are empty if the archive is not a stream. */
export interface ConversionFaults {
  readonly faultPages: readonly StreamFaultPage[]
  /** By file id. */
  readonly damagedBlobs: ReadonlyMap<string, ScanFault>
}

/** The resources of a range that the filters accept and that cannot be restored. */
export interface LeftOutOfRange {
  readonly resources: readonly UnrestorableResource[]
  /** The ids of these resources whose metadata the archive contains. */
  readonly ids: readonly string[]
  /** The numbers of metadata and revision records of these resources. */
  readonly metadata: number
  readonly revisions: number
  /** False if the digest of the range does not include some of these records, because their item or key is invalid. */
  readonly inDigest: boolean
  /** Present if the first of these resources cannot be restored because of a wrong checksum in a stream. */
  readonly corrupt?: ChecksumMismatch | undefined
}

/** Determines which resources of a range cannot be restored, and collects them. */
export class LeftOutResources implements LeftOutOfRange {
  readonly resources: UnrestorableResource[] = []
  readonly ids: string[] = []
  metadata = 0
  revisions = 0
  inDigest = true
  corrupt: ChecksumMismatch | undefined
  readonly #streamFaults: StreamFaultLookup
  readonly #damagedBlobs: ReadonlyMap<string, ScanFault>
  /** The indexes of `resources`, by id. */
  readonly #indexes = new Map<string, number>()
  /** The ids of `resources` of which only stray revisions are left out (see `ResourceCheck.isStrayRevision`). */
  readonly #strays = new Set<string>()
  /** The elements of `resources` that were replaced, with their indexes. */
  readonly #replaced: { readonly index: number; readonly resource: UnrestorableResource }[] = []

  constructor(
    services: { readonly workFiles: WorkFiles },
    { faultPages, damagedBlobs }: ConversionFaults,
    model: string,
  ) {
    this.#streamFaults = new StreamFaultLookup(services, faultPages, model)
    this.#damagedBlobs = damagedBlobs
  }

  /**
   * Adds a resource if it cannot be restored. Returns true if it was added. The caller must pass the resources in the
   * order of the archive. Throws `ArchiveInvalidError` if there are too many.
   */
  async add(check: ResourceCheck): Promise<boolean> {
    const fault = await this.#faultOf(check)
    if (fault === undefined) return false
    if (this.resources.length === 0) this.corrupt = fault.corrupt
    // Several faulty records may belong to one resource, which is counted once. If a record has no id, it is counted as
    // a resource of its own.
    const listed = check.id === '' ? undefined : this.#indexes.get(check.id)
    if (listed === undefined) {
      if (check.id !== '') this.#indexes.set(check.id, this.resources.length)
      this.resources.push(fault.resource)
    } else if (!check.isStrayRevision && this.#strays.has(check.id)) {
      this.#replaced.push({ index: listed, resource: must(this.resources[listed]) })
      this.resources[listed] = fault.resource
    }
    if (!check.isStrayRevision) this.#strays.delete(check.id)
    else if (listed === undefined) this.#strays.add(check.id)
    if (this.resources.length > MAX_LEFT_OUT)
      throw new ArchiveInvalidError(
        `more than ${MAX_LEFT_OUT} resources of model ${check.model} in one range of segments cannot be restored; ` +
          `the one found last is ${quote(check.id)}: ${fault.resource.reason}`,
      )
    if (check.metadata === undefined) this.inDigest = false
    else this.ids.push(check.id)
    this.metadata += check.metadataRecords
    this.revisions += check.revisions
    return true
  }

  /**
   * Returns a function that removes the resources that were added after this call. The caller must not add resources
   * after it has called this function.
   */
  mark(): () => void {
    const [resources, ids] = [this.resources.length, this.ids.length]
    const { metadata, revisions, inDigest, corrupt } = this
    const replaced = this.#replaced.length
    return () => {
      for (const { index, resource } of this.#replaced.slice(replaced)) this.resources[index] = resource
      this.resources.length = resources
      this.ids.length = ids
      this.metadata = metadata
      this.revisions = revisions
      this.inDigest = inDigest
      this.corrupt = corrupt
    }
  }

  /**
   * Returns the fault of a resource. If the conversion has found a fault, that fault is returned, because its reason is
   * more precise.
   */
  async #faultOf(
    check: ResourceCheck,
  ): Promise<{ readonly resource: UnrestorableResource; readonly corrupt?: ChecksumMismatch | undefined } | undefined> {
    const own = check.end()
    const found = check.metadata === undefined ? undefined : await this.#streamFaults.find(check.id)
    if (found !== undefined) return found
    if (own !== undefined) return { resource: own }
    const blob = this.#damagedBlobOf(check)
    if (blob === undefined) return undefined
    const { model, id } = check
    const reason = `blob ${quote(blob.id)}, to which the resource refers, is damaged: ${blob.reason}`
    return { resource: { model, resource_id: id, reason }, corrupt: blob.corrupt }
  }

  #damagedBlobOf({ references }: ResourceCheck): ScanFault | undefined {
    if (this.#damagedBlobs.size === 0) return undefined
    for (const { fileIds } of references)
      for (const id of fileIds) {
        const blob = this.#damagedBlobs.get(id)
        if (blob !== undefined) return blob
      }
    return undefined
  }
}
