import type { ArchivePayloads } from '../archive-payloads.ts'
import type { LocatedFaultyRecord, SoundRecord } from '../archived-records.ts'
import { ResourceLeaf } from '../digest.ts'
import type { RecordLocation } from '../errors.ts'
import { checkRevision, metadataFault } from '../record-faults.ts'
import type { BlobFields, PayloadReferences } from '../../resources/revision-references.ts'
import { MetadataView, payloadOf, RevisionView } from '../../resources/views.ts'
import { type Key, keyOf } from '../../tables/item.ts'
import type { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'
import { quote } from '../../values/message-text.ts'

const STRAY_REVISION = 'this revision is left out, because it does not follow the metadata of its resource'

/**
 * Checks the records of one archived resource, and collects their references. If the filters do not select the
 * resource, only its digest is computed.
 */
export class ResourceCheck {
  readonly model: string
  readonly id: string
  /** Undefined if the metadata is faulty, or if the archive does not contain it. */
  readonly metadata: SoundRecord | undefined
  readonly isSelected: boolean
  /**
   * The possible ids of the resource. There are two if the attribute and the key of a faulty record contain different
   * ids.
   */
  readonly statedIds: readonly string[]
  /**
   * True if this is only a faulty revision that does not follow the metadata of its resource. The resource itself may
   * be elsewhere in the archive and is then restored without this revision.
   */
  readonly isStrayRevision: boolean
  readonly #leaf = new ResourceLeaf()
  readonly #references: PayloadReferences[] = []
  #fault: Pick<UnrestorableResource, 'key' | 'reason'> | undefined
  /** The id of the current revision, until this revision is added. Then undefined. */
  #missingRevision: string | undefined
  #metadataRecords = 0
  #revisions = 0

  private constructor(
    model: string,
    id: string,
    metadata?: SoundRecord,
    isSelected = true,
    faulty?: LocatedFaultyRecord,
  ) {
    this.model = model
    this.id = id
    this.metadata = metadata
    this.isSelected = isSelected
    this.isStrayRevision = faulty?.kind === 'revision'
    this.statedIds = [...new Set([id, faulty?.idInKey ?? id])].filter((each) => each !== '')
  }

  /** Returns a check that begins with the metadata of a resource. */
  static ofMetadata(record: SoundRecord, isSelected: boolean): ResourceCheck {
    const check = new ResourceCheck(record.model, record.id, record, isSelected)
    check.#metadataRecords = 1
    check.#leaf.add(record.item)
    if (!isSelected) return check
    const fault = metadataFault(record.item, 'archive')
    if (fault !== undefined) check.#addFault(keyOf(record.item), fault, record.location)
    check.#missingRevision = new MetadataView(record.item).currentRevisionId
    return check
  }

  /** Returns a check that begins with a revision, because the archive does not contain the metadata of its resource. */
  static ofRevision(record: SoundRecord): ResourceCheck {
    const check = new ResourceCheck(record.model, record.id)
    check.#addFault(keyOf(record.item), 'the metadata of the revision is missing', record.location)
    return check
  }

  /** Returns a check that begins with a record whose item or key is invalid. */
  static ofFaulty(model: string, record: LocatedFaultyRecord): ResourceCheck {
    const check = new ResourceCheck(model, record.id, undefined, true, record)
    if (record.kind === 'metadata') check.#metadataRecords = 1
    else check.#revisions = 1
    const { key, fault, location } = record
    check.#addFault(key, check.isStrayRevision ? `${STRAY_REVISION}: ${fault}` : fault, location)
    return check
  }

  /** 1 if the archive contains the metadata of the resource, otherwise 0. */
  get metadataRecords(): number {
    return this.#metadataRecords
  }

  /** The number of revision records. */
  get revisions(): number {
    return this.#revisions
  }

  async addRevision(record: SoundRecord, payloads: ArchivePayloads, blobFields: BlobFields): Promise<void> {
    this.#revisions += 1
    if (this.metadata !== undefined) this.#leaf.add(record.item)
    if (!this.isSelected) return
    const revision = new RevisionView(record.item)
    if (revision.revisionId === this.#missingRevision) this.#missingRevision = undefined
    const payload = await payloadOf(revision, (sha256) => payloads.get(sha256))
    const checked =
      payload === undefined && revision.spilledSha256 !== undefined
        ? { fault: `the archive has no entry payloads/${revision.spilledSha256}` }
        : checkRevision(record.item, payload, 'archive', blobFields)
    if (checked.fault !== undefined) this.#addFault(keyOf(record.item), checked.fault, record.location)
    else if (isNotEmpty(checked.references)) this.#references.push(checked.references)
  }

  /** Adds the reason why the payload of a revision cannot be read, after `addRevision` has thrown it. */
  addPayloadFault(record: SoundRecord, reason: string): void {
    this.#addFault(keyOf(record.item), reason, record.location)
  }

  /** Adds a revision whose item or key is invalid. */
  addFaultyRevision({ key, fault, location }: LocatedFaultyRecord): void {
    this.#revisions += 1
    this.#addFault(key, fault, location)
  }

  /**
   * Ends the resource. Returns undefined if the resource can be restored. Otherwise returns the resource and the
   * reason.
   */
  end(): UnrestorableResource | undefined {
    if (this.metadata !== undefined && this.#missingRevision !== undefined)
      this.#addFault(
        keyOf(this.metadata.item),
        `the current revision ${quote(this.#missingRevision)} is missing`,
        this.metadata.location,
      )
    return this.#fault === undefined ? undefined : { model: this.model, resource_id: this.id, ...this.#fault }
  }

  /** The references of the revisions. */
  get references(): readonly PayloadReferences[] {
    return this.#references
  }

  /** Returns the digest of the resource. Must be called once, after the last revision. */
  digest(): Buffer {
    return this.#leaf.digest()
  }

  /** Adds a fault. Only the first fault of the resource is kept. */
  #addFault(key: Key, reason: string, { entry = '', line = 0 }: RecordLocation): void {
    this.#fault ??= { key, reason: `${reason} (line ${line} of entry ${entry})` }
  }
}

const isNotEmpty = ({ spilledSha256, fileIds, archivedFileIds = [] }: PayloadReferences): boolean =>
  spilledSha256 !== undefined || fileIds.length + archivedFileIds.length > 0
