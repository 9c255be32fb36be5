import { RecordInvalidError } from '../../archive/errors.ts'
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
import { corruptRecord, invalidRecord, locatedReason, type StreamLocation } from '../../specstar/errors.ts'
import { decodeMetadata, decodeRevision, statedResourceId } from '../../specstar/resource-records.ts'
import type { StreamOrder } from '../../specstar/stream-order.ts'
import { type StreamRecord, streamOffsetOf } from '../../specstar/stream-record.ts'
import type { Item } from '../../tables/item.ts'
import { type ConvertResultOf, SCAN_FAULTS, SCAN_FINDINGS } from '../messages/convert.ts'
import type { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'
import { workName } from '../messages/work-names.ts'
import { type ContentLocation, encodeLocation } from './content-location.ts'
import { RunSorter } from './run-writer.ts'
import { ScanFindings } from './scan-findings.ts'
import type { ConvertServices } from './services.ts'

type RecordOf<Type extends StreamRecord['t']> = Extract<StreamRecord, { readonly t: Type }>

/** Matches the file ids that SpecStar assigns itself. Such an id is the XXH3-128 of the blob's bytes. */
const HASH_ID = /^[0-9a-f]{32}$/

/**
 * Checks the records of one pass, and writes two kinds of sorted runs: the record lines, and the locations of blobs and
 * spilled payloads.
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
  readonly #faults: UnrestorableResource[] = []
  /**
   * The id of the last metadata record, if only revisions of its resource have followed. A revision whose own resource
   * id cannot be read belongs to this resource. Undefined if the resource is unknown.
   */
  #openId: string | undefined
  #resources = 0
  #revisions = 0

  constructor(attempt: Attempt, services: ConvertServices, order: StreamOrder, hashes: ContentHashes) {
    this.#attempt = attempt
    this.#services = services
    this.#order = order
    this.#hashes = hashes
  }

  /** True if the pass must end, because it has reached the limit on the references, locations or faults in memory. */
  get isFull(): boolean {
    const { seenBlobs } = this.#services.limits
    return [this.#references.size, this.#contents.size, this.#faults.length].some((size) => size >= seenBlobs)
  }

  async add(record: StreamRecord): Promise<void> {
    switch (record.t) {
      case 'ModelStartRecord':
        this.#models.add(record.model_name)
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
      case 'HeaderRecord':
      case 'ModelEndRecord':
      case 'EofRecord':
    }
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
    const contents = content_count === 0 ? undefined : await this.#contents.write(objects, bucket, contentsKey)
    const referencesKey = workFiles.key(job_id, workName.convertedReferences(attempt))
    const references = await this.#references.write(objects, bucket, referencesKey)
    const { all: findings } = this.#findings
    return {
      phase: 'scan',
      runs: this.#runs,
      ...(contents === undefined ? {} : { contents }),
      content_count,
      references,
      models: [...this.#models],
      resources: this.#resources,
      revisions: this.#revisions,
      ...(findings.length === 0 ? {} : { findings: await workFiles.write(SCAN_FINDINGS, findings, job_id, attempt) }),
      ...(this.#faults.length === 0
        ? {}
        : { faults: await workFiles.write(SCAN_FAULTS, this.#faults, job_id, attempt) }),
    }
  }

  /**
   * Calls `add`. If `add` throws an error that concerns only this record, records that the resource cannot be restored.
   */
  #collectFault(record: RecordOf<'MetaRecord' | 'RevisionRecord'>, add: () => void): void {
    try {
      add()
    } catch (error) {
      const reason = recordFault(error)
      if (reason === undefined) throw error
      const resource_id = statedResourceId(record.data) ?? (record.t === 'RevisionRecord' ? this.#openId : '')
      if (resource_id === undefined) throw invalidRecord(record, reason)
      this.#faults.push({ model: this.#order.modelOf(record), resource_id, reason: locatedReason(record, reason) })
    }
  }

  #addMetadata(record: RecordOf<'MetaRecord'>): void {
    const { metadata, unknownKeys } = decodeMetadata(record.data)
    const model = this.#order.modelOf(record)
    this.#openId = metadata.resource_id
    this.#findings.addUnknownKeys(model, metadata.resource_id, 'metadata', unknownKeys)
    this.#resources += 1
    this.#addLine(record, model, itemFromMetadata(metadata, { model, shards: 1 }))
  }

  #addRevision(record: RecordOf<'RevisionRecord'>): void {
    const model = this.#order.modelOf(record)
    const { info, payload, unknownKeys } = decodeRevision(record.data)
    if (info.resource_id !== this.#openId) this.#openId = undefined
    this.#findings.addUnknownKeys(model, info.resource_id, `revision ${info.revision_id}`, unknownKeys)
    this.#findings.checkDataHash(record, model, info, `xxh3_128:${this.#hashes.xxh3(payload)}`)
    const { item } = itemFromRevision(info, payload, { model, shards: 1 })
    this.#revisions += 1
    this.#addLine(record, model, item)
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
    if (id === '') throw invalidRecord(record, 'file_id: must not be empty')
    const { xxh3, sha256 } = await this.#hashes.ofPieces(content.pieces)
    if (HASH_ID.test(id) && xxh3 !== id) throw corruptRecord(record, `blob ${id}`, id, xxh3)
    const { offset, length: size } = content
    const location = { id, sha256, offset, size }
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
    this.#runs.push(await this.#lines.write(objects, workFiles.bucket, key))
  }
}

/**
 * Returns the key that sorts record lines in the order of an archive. The key has three parts: the model, the sort key
 * of the metadata, and the rest of the record's own sort key. For metadata, the third part is empty, so metadata
 * precede revisions. The parts are separated by U+0000, which ids cannot contain.
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
const recordFault = (error: unknown): string | undefined => {
  if (error instanceof RecordInvalidError) return error.reason
  return error instanceof RangeError || error instanceof ResourceIdError ? error.message : undefined
}
