import { ArchiveInvalidError, EntryCorruptError, RecordInvalidError } from '../../archive/errors.ts'
import { encodeLine } from '../../archive/record-line.ts'
import { blobPosition, BlobReferenceSet, payloadPosition } from '../../blobs/blob-references.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { itemFromMetadata, itemFromRevision } from '../../resources/attributes.ts'
import { checkRevision } from '../../archive/record-faults.ts'
import { addReferences, blobFieldsOf } from '../../resources/revision-references.ts'
import { ResourceIdError } from '../../resources/errors.ts'
import { itemBytes, MAX_ITEM_BYTES } from '../../resources/item-size.ts'
import { MetadataView } from '../../resources/views.ts'
import type { ContentHashes } from '../../specstar/content-hashes.ts'
import { corruptRecord, locatedReason, type StreamLocation } from '../../specstar/errors.ts'
import { decodeMetadata, decodeRevision, statedResourceId } from '../../specstar/resource-records.ts'
import type { RevisionOwner } from '../../specstar/revision-owner.ts'
import type { StreamOrder } from '../../specstar/stream-order.ts'
import { type StreamRecord, streamOffsetOf, typeOf } from '../../specstar/stream-record.ts'
import type { Item } from '../../tables/item.ts'
import { type ConvertResultOf, SCAN_FINDINGS } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import { type ContentLocation, encodeLocation } from './content-location.ts'
import { checksumFault, encodeFault, faultKey, type FaultReason } from './fault-entry.ts'
import { RunSorter } from './run-writer.ts'
import { ScanFindings } from './scan-findings.ts'
import type { ConvertServices } from './services.ts'

type RecordOf<Type extends StreamRecord['t']> = Extract<StreamRecord, { readonly t: Type }>

/** Matches the file ids that SpecStar assigns itself. Such an id is the XXH3-128 of the blob's bytes. */
const HASH_ID = /^[0-9a-f]{32}$/

/**
 * Checks the records of one pass, and writes two kinds of sorted runs. One kind contains record lines, and the other
 * contains the locations of blobs and spilled payloads.
 */
export class RecordScanner {
  readonly #attempt: Attempt
  readonly #services: ConvertServices
  readonly #order: StreamOrder
  readonly #hashes: ContentHashes
  readonly #lines = new RunSorter()
  readonly #contents = new RunSorter()
  readonly #references = new BlobReferenceSet()
  readonly #runs: PinnedObject[] = []
  readonly #models = new Set<string>()
  readonly #findings = new ScanFindings()
  readonly #owner: RevisionOwner
  #resources = 0
  #revisions = 0
  readonly #lineCounts = { metadata: 0, revisions: 0 }

  constructor(
    attempt: Attempt,
    services: ConvertServices,
    {
      order,
      owner,
      hashes,
    }: { readonly order: StreamOrder; readonly owner: RevisionOwner; readonly hashes: ContentHashes },
  ) {
    this.#attempt = attempt
    this.#services = services
    this.#order = order
    this.#owner = owner
    this.#hashes = hashes
  }

  /** True if the pass must end, because it has reached the limit on the references or locations in memory. */
  get isFull(): boolean {
    const { seenBlobs } = this.#services.limits
    return this.#references.size >= seenBlobs || this.#contents.size >= seenBlobs
  }

  /** Adds a record. If the read of a blob fails, adds nothing. */
  async add(record: StreamRecord): Promise<void> {
    if (typeOf(record) === 'MetaRecord') this.#owner.beginResource()
    switch (record.t) {
      case 'ModelStartRecord':
        this.#models.add(record.model_name)
        this.#owner.beginSection()
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

  /** Writes a run if the record lines in memory are large enough. */
  async writeFullRun(): Promise<void> {
    if (this.#lines.bytes >= this.#services.limits.runBytes) await this.#writeRun()
  }

  /** Writes the entries that are still in memory. Returns the result of the pass. */
  async finish(): Promise<Omit<ConvertResultOf<'scan'>, 'done' | 'cursor'>> {
    const { objects, workFiles } = this.#services
    const { bucket } = workFiles
    const { job_id, attempt } = this.#attempt
    if (this.#lines.size > 0) await this.#writeRun()
    const { size: content_count } = this.#contents
    const contentsKey = workFiles.key(job_id, workName.convertedContents(attempt))
    const contents =
      content_count === 0 ? undefined : await this.#contents.write(objects, this.#attempt, { bucket, key: contentsKey })
    const referencesKey = workFiles.key(job_id, workName.convertedReferences(attempt))
    const references = await this.#references.write(objects, bucket, referencesKey)
    const { all: findings } = this.#findings
    return {
      phase: 'scan',
      runs: this.#runs,
      lines: this.#lineCounts,
      ...(contents === undefined ? {} : { contents }),
      content_count,
      references,
      models: [...this.#models],
      resources: this.#resources,
      revisions: this.#revisions,
      ...(findings.length === 0 ? {} : { findings: await workFiles.write(SCAN_FINDINGS, findings, job_id, attempt) }),
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
      if (statedId !== undefined) this.#owner.setId(statedId)
      this.#addResourceFault(record, statedId ?? '', fault)
      return
    }
    if (statedId !== undefined) this.#owner.addRevision(statedId)
    const id = statedId ?? this.#owner.addRevisionWithoutId()
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
    const model = this.#order.modelOf(record)
    this.#lines.add({ key: faultKey(model, id), body: encodeFault({ model, id, ...fault }), number, offset })
  }

  /** Adds a fault of a blob. If its id is unknown, no resource can refer to the blob, and the fault is listed without a resource. */
  #addBlobFault(record: RecordOf<'BlobRecord' | 'BrokenRecord'>, id: string, fault: FaultReason): void {
    if (id === '') {
      this.#addResourceFault(record, '', fault)
      return
    }
    const { number, offset } = record
    const body = encodeFault({ model: this.#order.modelOf(record), id, ...fault })
    this.#contents.add({ key: Buffer.from(blobPosition(id)), body, number, offset })
  }

  #addBroken(record: RecordOf<'BrokenRecord'>): void {
    const fault = { reason: locatedReason(record, record.fault) }
    if (record.type === 'BlobRecord') this.#addBlobFault(record, record.file_id ?? '', fault)
    else this.#addRecordFault(record, undefined, fault)
  }

  #addMetadata(record: RecordOf<'MetaRecord'>): void {
    const { metadata, unknownKeys } = decodeMetadata(record.data)
    const model = this.#order.modelOf(record)
    this.#owner.setId(metadata.resource_id)
    this.#findings.addUnknownKeys(model, metadata.resource_id, 'metadata', unknownKeys)
    this.#resources += 1
    this.#addLine(record, model, itemFromMetadata(metadata, { model, shards: 1 }))
    this.#lineCounts.metadata += 1
  }

  #addRevision(record: RecordOf<'RevisionRecord'>): void {
    const model = this.#order.modelOf(record)
    const { info, payload, unknownKeys } = decodeRevision(record.data)
    this.#owner.addRevision(info.resource_id)
    this.#findings.addUnknownKeys(model, info.resource_id, `revision ${info.revision_id}`, unknownKeys)
    this.#findings.checkDataHash(record, model, info, `xxh3_128:${this.#hashes.xxh3(payload)}`)
    const { item } = itemFromRevision(info, payload, { model, shards: 1 })
    this.#revisions += 1
    this.#addLine(record, model, item)
    this.#lineCounts.revisions += 1
    const blobFields = blobFieldsOf({ blobs: this.#services.models.blobPathsOf([model])[model] })
    const checked = checkRevision(item, payload, 'archive', blobFields)
    if (checked.fault !== undefined) throw new RecordInvalidError(checked.fault)
    addReferences(this.#references, model, checked.references)
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
    const { xxh3, sha256 } = await this.#hashes.ofPieces(content.pieces)
    if (HASH_ID.test(id) && xxh3 !== id) {
      this.#addBlobFault(record, id, checksumFault(corruptRecord(record, `blob ${id}`, id, xxh3)))
      return
    }
    const { offset, length: size } = content
    const location = { id, sha256, offset, size, model: this.#order.modelOf(record) }
    this.#addContent(record, blobPosition(id), content_type === '' ? location : { ...location, content_type })
  }

  #addLine({ number, offset }: StreamLocation, model: string, item: Item): void {
    const bytes = itemBytes(item)
    if (bytes > MAX_ITEM_BYTES)
      throw new RecordInvalidError(
        `as a DynamoDB item without its payload, the record has ${bytes} bytes; at most ${MAX_ITEM_BYTES} are allowed`,
      )
    this.#lines.add({ key: lineKey(model, item), body: encodeLine(item), number, offset })
  }

  #addContent({ number, offset }: StreamLocation, position: string, location: ContentLocation): void {
    this.#contents.add({ key: Buffer.from(position), body: encodeLocation(location), number, offset })
  }

  async #writeRun(): Promise<void> {
    const { objects, workFiles } = this.#services
    const { job_id, attempt } = this.#attempt
    const key = workFiles.key(job_id, workName.convertedRun(attempt, this.#runs.length))
    this.#runs.push(await this.#lines.write(objects, this.#attempt, { bucket: workFiles.bucket, key }))
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
