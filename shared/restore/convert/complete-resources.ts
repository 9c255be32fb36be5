import { recordKeyOf } from '../../archive/record-line.ts'
import { MetadataView, RevisionView } from '../../resources/views.ts'
import { locatedReason, type StreamLocation } from '../../specstar/errors.ts'
import type { Item } from '../../tables/item.ts'
import { quote } from '../../values/message-text.ts'
import { must } from '../../values/must.ts'
import type { StreamFault } from '../messages/convert.ts'
import type { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'

interface OpenResource {
  readonly model: string
  readonly id: string
  /** Undefined if the stream contains no metadata of the resource. */
  readonly currentRevisionId: string | undefined
  /** The location of the metadata in the stream. */
  readonly location: StreamLocation
  hasCurrentRevision: boolean
  fault: UnrestorableResource | undefined
}

/**
 * Finds the resources of a stream that cannot be restored. Their records are missing, contradict each other, or were
 * rejected by the scan. The caller must add the records in the order of an archive, with the metadata of a resource
 * before its revisions.
 */
export class CompleteResources {
  readonly #scanFaults: ReadonlyMap<string, UnrestorableResource>
  readonly #faults: StreamFault[] = []
  #open: OpenResource | undefined

  /** `scanFaults` are the resources that the scan rejected. */
  constructor(scanFaults: Iterable<UnrestorableResource>) {
    this.#scanFaults = firstOfEach(scanFaults)
  }

  /** The resources that have ended so far and cannot be restored. */
  get faults(): readonly StreamFault[] {
    return this.#faults
  }

  /** Begins the resource of a metadata item. */
  begin({ number, offset }: StreamLocation, metadata: Item): void {
    this.end()
    const { model, id } = recordKeyOf(metadata)
    this.#open = {
      model,
      id,
      currentRevisionId: must(new MetadataView(metadata).currentRevisionId),
      location: { number, offset },
      hasCurrentRevision: false,
      fault: this.#scanFaults.get(keyOf(model, id)),
    }
  }

  /** Adds a revision. Returns false if the stream contains no metadata of its resource. */
  addRevision(location: StreamLocation, revision: Item): boolean {
    const { model, id } = recordKeyOf(revision)
    const revisionId = must(new RevisionView(revision).revisionId)
    if (this.#open?.model !== model || this.#open.id !== id) {
      this.end()
      const { number, offset } = location
      const reason = `the stream contains no metadata of the resource of revision ${quote(revisionId)}`
      const fault = this.#scanFaults.get(keyOf(model, id)) ?? faultOf(model, id, location, reason)
      const open = { model, id, currentRevisionId: undefined, location: { number, offset } }
      this.#open = { ...open, hasCurrentRevision: false, fault }
    }
    if (revisionId === this.#open.currentRevisionId) this.#open.hasCurrentRevision = true
    return this.#open.currentRevisionId !== undefined
  }

  /** Adds a fault of the resource that began last. The first fault of a resource is kept. */
  addFault(location: StreamLocation, reason: string): void {
    const open = must(this.#open)
    open.fault ??= faultOf(open.model, open.id, location, reason)
  }

  /** Ends the last resource. */
  end(): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    const { model, id, currentRevisionId, hasCurrentRevision, location } = open
    const fault =
      open.fault ??
      (hasCurrentRevision
        ? undefined
        : faultOf(model, id, location, `the current revision ${quote(must(currentRevisionId))} is missing`))
    if (fault !== undefined) this.#faults.push({ resource: fault, has_metadata: currentRevisionId !== undefined })
  }
}

const firstOfEach = (faults: Iterable<UnrestorableResource>): ReadonlyMap<string, UnrestorableResource> => {
  const first = new Map<string, UnrestorableResource>()
  for (const fault of faults) {
    const key = keyOf(fault.model, fault.resource_id)
    if (!first.has(key)) first.set(key, fault)
  }
  return first
}

const faultOf = (
  model: string,
  resource_id: string,
  location: StreamLocation,
  reason: string,
): UnrestorableResource => ({
  model,
  resource_id,
  reason: locatedReason(location, reason),
})

const keyOf = (model: string, id: string): string => `${model}/${id}`
