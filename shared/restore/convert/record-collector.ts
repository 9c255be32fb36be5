import { ArchiveInvalidError, EntryCorruptError, RecordInvalidError } from '../../archive/errors.ts'
import { checkRevision } from '../../archive/record-faults.ts'
import { encodeLine } from '../../archive/record-line.ts'
import { blobPosition, payloadPosition } from '../../blobs/blob-references.ts'
import { itemFromMetadata, itemFromRevision } from '../../resources/attributes.ts'
import { ResourceIdError } from '../../resources/errors.ts'
import { itemBytes, MAX_ITEM_BYTES } from '../../resources/item-size.ts'
import type { BlobFields, PayloadReferences } from '../../resources/revision-references.ts'
import { MetadataView } from '../../resources/views.ts'
import type { ContentHashes } from '../../specstar/content-hashes.ts'
import { corruptRecord, locatedReason, type StreamLocation } from '../../specstar/errors.ts'
import { decodeMetadata, decodeRevision, statedResourceId } from '../../specstar/resource-records.ts'
import type { RevisionOwner } from '../../specstar/revision-owner.ts'
import type { StreamOrder } from '../../specstar/stream-order.ts'
import { type StreamRecord, streamOffsetOf, typeOf } from '../../specstar/stream-record.ts'
import type { Item } from '../../tables/item.ts'
import { type ContentLocation, encodeLocation } from './content-location.ts'
import { checksumFault, encodeFault, faultKey, type FaultReason } from './fault-entry.ts'
import type { RunEntry } from './run-entry.ts'
import type { ScanFindings } from './scan-findings.ts'

type RecordOf<Type extends StreamRecord['t']> = Extract<StreamRecord, { readonly t: Type }>

/** Matches the file ids that SpecStar assigns itself. Such an id is the XXH3-128 of the blob's bytes. */
const HASH_ID = /^[0-9a-f]{32}$/

/** The state and the settings with which the records of a stream are checked. */
export interface StreamCheck {
  readonly order: StreamOrder
  readonly owner: RevisionOwner
  readonly hashes: ContentHashes
  /** Receives irregularities that are accepted. */
  readonly findings: ScanFindings
  /** Returns the paths of references to blobs in the payloads of a model. */
  readonly blobFields: (model: string) => BlobFields
}

/** Receives the content of a stream. The order of the entries is that of the stream. */
export interface StreamSinks {
  /** Receives record lines, and faults of resources. Their keys sort them in the order of an archive. */
  readonly lines: { add(entry: RunEntry): void }
  /** Receives the locations of blobs and spilled payloads, and faults of blobs. Their keys are positions. */
  readonly contents: { add(entry: RunEntry): void }
  /** Receives the references of a revision to blobs and to its spilled payload. */
  readonly references: (model: string, references: PayloadReferences, resourceId: string) => void
}

/** Checks the records of a stream, and converts them to entries of sorted runs. */
export class RecordCollector {
  readonly #check: StreamCheck
  readonly #sinks: StreamSinks
  readonly #models = new Set<string>()
  #resources = 0
  #revisions = 0
  readonly #lineCounts = { metadata: 0, revisions: 0 }

  constructor(check: StreamCheck, sinks: StreamSinks) {
    this.#check = check
    this.#sinks = sinks
  }

  /** The models whose sections have begun. */
  get models(): string[] {
    return [...this.#models]
  }

  /** The number of metadata records, without those that cannot be decoded. */
  get resources(): number {
    return this.#resources
  }

  /** The number of revision records, without those that cannot be decoded. */
  get revisions(): number {
    return this.#revisions
  }

  /** The number of record lines. */
  get lineCounts(): { readonly metadata: number; readonly revisions: number } {
    return this.#lineCounts
  }

  /** Adds a record. If the read of a blob fails, adds nothing. */
  async add(record: StreamRecord): Promise<void> {
    if (typeOf(record) === 'MetaRecord') this.#check.owner.beginResource()
    switch (record.t) {
      case 'ModelStartRecord':
        this.#models.add(record.model_name)
        this.#check.owner.beginSection()
        break
      case 'MetaRecord':
        this.#collectFault(record, () => {
          this.#addMetadata(record)
        })
        break
      case 'RevisionRecord':
        this.#collectFault(record, () => {
          this.#addRevision(record)
        })
        break
      case 'BlobRecord':
        await this.#addBlob(record)
        break
      case 'BrokenRecord':
        this.#addBroken(record)
        break
      case 'HeaderRecord':
      case 'ModelEndRecord':
      case 'EofRecord':
    }
  }

  /**
   * Calls `add`. If `add` throws an error that concerns only this record, records that the resource cannot be restored.
   */
  #collectFault(record: RecordOf<'MetaRecord' | 'RevisionRecord'>, add: () => void): void {
    try {
      add()
    } catch (error) {
      const fault = recordFault(record, error)
      if (fault === undefined) throw error
      this.#addRecordFault(record, statedResourceId(record.data), fault)
    }
  }

  /**
   * Adds a fault of the resource to which a metadata or revision record belongs. If a revision contains no id, its
   * position determines the resource. Throws `ArchiveInvalidError` if the resource of a revision is unknown. This
   * resource would otherwise be restored without the revision.
   */
  #addRecordFault(
    record: RecordOf<'MetaRecord' | 'RevisionRecord' | 'BrokenRecord'>,
    statedId: string | undefined,
    fault: FaultReason,
  ): void {
    if (typeOf(record) === 'MetaRecord') {
      if (statedId !== undefined) this.#check.owner.setId(statedId)
      this.#addResourceFault(record, statedId ?? '', fault)
      return
    }
    if (statedId !== undefined) this.#check.owner.addRevision(statedId)
    const id = statedId ?? this.#check.owner.addRevisionWithoutId()
    if (id === undefined) throw new ArchiveInvalidError(fault.reason)
    this.#addResourceFault(record, id, fault)
  }

  /** Adds a fault of a resource. `id` is empty if the resource is unknown. */
  #addResourceFault(
    record: RecordOf<'MetaRecord' | 'RevisionRecord' | 'BlobRecord' | 'BrokenRecord'>,
    id: string,
    fault: FaultReason,
  ): void {
    const { number, offset } = record
    const model = this.#check.order.modelOf(record)
    this.#sinks.lines.add({ key: faultKey(model, id), body: encodeFault({ model, id, ...fault }), number, offset })
  }

  /**
   * Adds a fault of a blob. If its id is unknown, no resource can refer to the blob, and the fault is listed without a
   * resource.
   */
  #addBlobFault(record: RecordOf<'BlobRecord' | 'BrokenRecord'>, id: string, fault: FaultReason): void {
    if (id === '') {
      this.#addResourceFault(record, '', fault)
      return
    }
    const { number, offset } = record
    const body = encodeFault({ model: this.#check.order.modelOf(record), id, ...fault })
    this.#sinks.contents.add({ key: Buffer.from(blobPosition(id)), body, number, offset })
  }

  #addBroken(record: RecordOf<'BrokenRecord'>): void {
    const fault = { reason: locatedReason(record, record.fault) }
    if (record.type === 'BlobRecord') this.#addBlobFault(record, record.file_id ?? '', fault)
    else this.#addRecordFault(record, undefined, fault)
  }

  #addMetadata(record: RecordOf<'MetaRecord'>): void {
    const { metadata, unknownKeys } = decodeMetadata(record.data)
    const model = this.#check.order.modelOf(record)
    this.#check.owner.setId(metadata.resource_id)
    this.#check.findings.addUnknownKeys(model, metadata.resource_id, 'metadata', unknownKeys)
    this.#resources += 1
    this.#addLine(record, model, itemFromMetadata(metadata, { model, shards: 1 }))
    this.#lineCounts.metadata += 1
  }

  #addRevision(record: RecordOf<'RevisionRecord'>): void {
    const model = this.#check.order.modelOf(record)
    const { info, payload, unknownKeys } = decodeRevision(record.data)
    this.#check.owner.addRevision(info.resource_id)
    this.#check.findings.addUnknownKeys(model, info.resource_id, `revision ${info.revision_id}`, unknownKeys)
    this.#check.findings.checkDataHash(record, model, info, `xxh3_128:${this.#check.hashes.xxh3(payload)}`)
    const { item } = itemFromRevision(info, payload, { model, shards: 1 })
    this.#revisions += 1
    this.#addLine(record, model, item)
    this.#lineCounts.revisions += 1
    const checked = checkRevision(item, payload, 'archive', this.#check.blobFields(model))
    if (checked.fault !== undefined) throw new RecordInvalidError(checked.fault)
    this.#sinks.references(model, checked.references, info.resource_id)
    const { spilledSha256: sha256 } = checked.references
    if (sha256 === undefined) return
    const offset = streamOffsetOf(record, payload)
    this.#addContent(record, payloadPosition(sha256), { id: sha256, sha256, offset, size: payload.length })
  }

  async #addBlob(record: RecordOf<'BlobRecord'>): Promise<void> {
    const { file_id: id, content, content_type } = record
    if (id === '') {
      this.#addBlobFault(record, '', { reason: locatedReason(record, 'file_id: must not be empty') })
      return
    }
    const { xxh3, sha256 } = await this.#check.hashes.ofPieces(content.pieces)
    if (HASH_ID.test(id) && xxh3 !== id) {
      this.#addBlobFault(record, id, checksumFault(corruptRecord(record, `blob ${id}`, id, xxh3)))
      return
    }
    const { offset, length: size } = content
    const location = { id, sha256, offset, size, model: this.#check.order.modelOf(record) }
    this.#addContent(record, blobPosition(id), content_type === '' ? location : { ...location, content_type })
  }

  #addLine({ number, offset }: StreamLocation, model: string, item: Item): void {
    const bytes = itemBytes(item)
    if (bytes > MAX_ITEM_BYTES)
      throw new RecordInvalidError(
        `as a DynamoDB item without its payload, the record has ${bytes} bytes; at most ${MAX_ITEM_BYTES} are allowed`,
      )
    this.#sinks.lines.add({ key: lineKey(model, item), body: encodeLine(item), number, offset })
  }

  #addContent({ number, offset }: StreamLocation, position: string, location: ContentLocation): void {
    this.#sinks.contents.add({ key: Buffer.from(position), body: encodeLocation(location), number, offset })
  }
}

/**
 * Returns the key that sorts record lines in the order of an archive. The key has three parts: the model, the sort key
 * of the metadata, and the rest of the record's own sort key. For metadata, the third part is empty, so metadata
 * precedes revisions. The parts are separated by U+0000, which ids cannot contain.
 */
const lineKey = (model: string, item: Item): Buffer => {
  const { sortKey: sk, resourceId } = new MetadataView(item)
  const resource = `${sk.slice(0, 16)}/${resourceId}`
  return Buffer.from(`${model}\0${resource}\0${sk.slice(resource.length)}`)
}

/** Returns what the key of a record line contains. */
export const parseLineKey = (key: Buffer): { readonly model: string; readonly kind: 'metadata' | 'revision' } => ({
  model: key.toString('utf8', 0, key.indexOf(0)),
  kind: key.at(-1) === 0 ? 'metadata' : 'revision',
})

/**
 * If an error concerns only one record, returns the reason why its resource cannot be restored. If the error concerns
 * the whole stream, returns undefined.
 */
const recordFault = (record: StreamLocation, error: unknown): FaultReason | undefined => {
  if (error instanceof EntryCorruptError) return checksumFault(error)
  if (error instanceof RecordInvalidError) return { reason: locatedReason(record, error.reason) }
  const isInvalid = error instanceof RangeError || error instanceof ResourceIdError
  return isInvalid ? { reason: locatedReason(record, error.message) } : undefined
}
