import { recordKeyOf } from '../../archive/record-line.ts'
import { MetadataView, RevisionView } from '../../resources/views.ts'
import { locatedReason, type StreamLocation } from '../../specstar/errors.ts'
import type { Item } from '../../tables/item.ts'
import { quote } from '../../values/message-text.ts'
import { must } from '../../values/must.ts'
import type { ScanFault, StreamFault } from '../messages/convert.ts'
import type { FaultReason } from './fault-entry.ts'

interface OpenResource {
  readonly model: string
  readonly id: string
  /** Undefined if the stream contains no metadata of the resource. */
  readonly currentRevisionId: string | undefined
  /** The location of the metadata in the stream. */
  readonly location: StreamLocation
  hasCurrentRevision: boolean
  fault: FaultReason | undefined
}

/**
 * Finds the resources of a stream that cannot be restored. Their records are missing, contradict each other, or were
 * rejected by the scan. The caller must add the records in the order of an archive, with the metadata of a resource
 * before its revisions, and with the faults of the scan before the metadata.
 */
export class CompleteResources {
  #faults: StreamFault[] = []
  /** A fault of the scan whose resource has not begun. */
  #pending: ScanFault | undefined
  #open: OpenResource | undefined

  /** Returns the resources that have ended since the last call and cannot be restored. */
  takeFaults(): readonly StreamFault[] {
    const faults = this.#faults
    this.#faults = []
    return faults
  }

  /**
   * Adds a fault that the scan has found. The caller must add the faults of a resource before its records. The first
   * fault of a resource is kept. A fault without an id is always kept, because its resource is unknown.
   */
  addScanFault(fault: ScanFault): void {
    const pending = this.#pending
    if (fault.id !== '' && pending?.model === fault.model && pending.id === fault.id) return
    this.end()
    this.#pending = fault
  }

  /** Begins the resource of a metadata item. */
  begin({ number, offset }: StreamLocation, metadata: Item): void {
    const { model, id } = recordKeyOf(metadata)
    const fault = this.#scanFaultOf(model, id)
    this.end()
    this.#open = {
      model,
      id,
      currentRevisionId: must(new MetadataView(metadata).currentRevisionId),
      location: { number, offset },
      hasCurrentRevision: false,
      fault,
    }
  }

  /** Adds a revision. Returns false if the stream contains no metadata of its resource. */
  addRevision(location: StreamLocation, revision: Item): boolean {
    const { model, id } = recordKeyOf(revision)
    const revisionId = must(new RevisionView(revision).revisionId)
    if (this.#open?.model !== model || this.#open.id !== id) {
      const scanFault = this.#scanFaultOf(model, id)
      this.end()
      const { number, offset } = location
      const reason = `the stream contains no metadata of the resource of revision ${quote(revisionId)}`
      const fault = scanFault ?? { reason: locatedReason(location, reason) }
      const open = { model, id, currentRevisionId: undefined, location: { number, offset } }
      this.#open = { ...open, hasCurrentRevision: false, fault }
    }
    if (revisionId === this.#open.currentRevisionId) this.#open.hasCurrentRevision = true
    return this.#open.currentRevisionId !== undefined
  }

  /** Adds a fault of the resource that began last. The first fault of a resource is kept. */
  addFault(location: StreamLocation, reason: string): void {
    const open = must(this.#open)
    open.fault ??= { reason: locatedReason(location, reason) }
  }

  /** Ends the last resource. */
  end(): void {
    const open = this.#open
    const pending = this.#pending
    this.#open = undefined
    this.#pending = undefined
    // The stream contains no sound record of the resource of a pending fault.
    if (pending !== undefined) this.#addStreamFault(pending, pending, false)
    if (open === undefined) return
    const { currentRevisionId, hasCurrentRevision, location } = open
    const fault =
      open.fault ??
      (hasCurrentRevision
        ? undefined
        : { reason: locatedReason(location, `the current revision ${quote(must(currentRevisionId))} is missing`) })
    if (fault !== undefined) this.#addStreamFault(open, fault, currentRevisionId !== undefined)
  }

  /** Removes and returns the pending fault if it is about this resource. */
  #scanFaultOf(model: string, id: string): FaultReason | undefined {
    const pending = this.#pending
    if (pending?.model !== model || pending.id !== id) return undefined
    this.#pending = undefined
    return pending
  }

  #addStreamFault(
    { model, id }: { readonly model: string; readonly id: string },
    { reason, corrupt }: FaultReason,
    has_metadata: boolean,
  ): void {
    this.#faults.push({
      resource: { model, resource_id: id, reason },
      has_metadata,
      ...(corrupt === undefined ? {} : { corrupt }),
    })
  }
}
