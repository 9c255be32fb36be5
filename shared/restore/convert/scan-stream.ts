import { encodeLine } from '../../archive/record-line.ts'
import { collectBlobReferences } from '../../resources/collect-blob-references.ts'
import { blobPosition, payloadPosition, BlobReferenceSet } from '../../blobs/blob-references.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { itemFromMetadata, itemFromRevision } from '../../resources/attributes.ts'
import type { Item } from '../../tables/item.ts'
import { MetadataView, RevisionView } from '../../resources/views.ts'
import { itemBytes, MAX_ITEM_BYTES } from '../../resources/item-size.ts'
import { ResourceIdError } from '../../resources/errors.ts'
import { quote } from '../../values/message-text.ts'
import type { Finding } from '../messages/finding.ts'
import type { Services } from '../../runtime/services.ts'
import { type ContentHashes, contentHashes } from '../../specstar/content-hashes.ts'
import type { ConvertCursor, CursorOf, Scanned } from './messages.ts'
import { encodePlace } from './content-location.ts'
import { readStream } from '../../specstar/read-stream.ts'
import { decodeMetadata, decodeRevision } from '../../specstar/resource-records.ts'
import { RunSorter } from './sorted-runs.ts'
import { corruptRecord, invalidRecord, type StreamLocation } from '../../specstar/errors.ts'
import { StreamOrder } from '../../specstar/stream-order.ts'
import { streamOffsetOf, type StreamRecord } from '../../specstar/stream-record.ts'
import { workKey } from './work-keys.ts'

/** The report shows so many findings of a check. */
const KEPT_TOLD = 1_000
/** A finding names so many keys of a record. */
const NAMED_KEYS = 3
/** The ids that SpecStar itself gives: XXH3-128 of the blob's bytes. */
const HASH_ID = /^[0-9a-f]{32}$/

/** One pass over the stream: every record checked, sorted into runs by model, place and id. */
export const scanStream = async (
  attempt: Attempt,
  services: Services,
  cursor: CursorOf<'scan'>,
): Promise<{ part: Scanned; next: ConvertCursor }> => {
  const { source, position } = cursor
  const order = new StreamOrder(cursor.order)
  const scan = new Scan(attempt, services, order, await contentHashes())
  for await (const record of readStream(services.objects.sourceOf(source), order, position)) {
    await scan.record(record)
    if (order.hasEnded || !(attempt.timeIsUp() || scan.isFull)) continue
    const next = {
      phase: 'scan',
      source,
      position: { offset: record.end, records: record.number },
      order: order.state,
    } as const
    return { part: await scan.end(), next }
  }
  return { part: await scan.end(), next: { phase: 'join', source } }
}

class Scan {
  readonly #attempt: Attempt
  readonly #services: Services
  readonly #order: StreamOrder
  readonly #hashes: ContentHashes
  readonly #records = new RunSorter()
  readonly #places = new RunSorter()
  readonly #seen = new BlobReferenceSet()
  readonly #runs: PinnedObject[] = []
  readonly #models = new Set<string>()
  readonly #told: Finding[] = []
  #resources = 0
  #revisions = 0

  constructor(attempt: Attempt, services: Services, order: StreamOrder, hashes: ContentHashes) {
    this.#attempt = attempt
    this.#services = services
    this.#order = order
    this.#hashes = hashes
  }

  /** Ids of blobs and their places are held in memory until the pass ends. */
  get isFull(): boolean {
    const { seenBlobs } = this.#services.limits
    return this.#seen.size >= seenBlobs || this.#places.size >= seenBlobs
  }

  async record(record: StreamRecord): Promise<void> {
    switch (record.t) {
      case 'MetaRecord':
        refused(record, () => {
          this.#meta(record, record.data)
        })
        break
      case 'RevisionRecord':
        await this.#revision(record, record.data)
        break
      case 'BlobRecord':
        await this.#blob(record)
        break
      case 'ModelStartRecord':
        this.#models.add(record.model_name)
        break
      case 'HeaderRecord':
      case 'ModelEndRecord':
      case 'EofRecord':
    }
    if (this.#records.bytes >= this.#services.limits.runBytes) await this.#writeRun()
  }

  async end(): Promise<Scanned> {
    const { objects, config } = this.#services
    const { job_id, attempt } = this.#attempt
    const { work } = config.buckets
    if (this.#records.size > 0) await this.#writeRun()
    const placeCount = this.#places.size
    return {
      phase: 'scan',
      runs: this.#runs,
      ...(placeCount === 0 ? {} : { places: await this.#places.write(objects, work, workKey.places(job_id, attempt)) }),
      place_count: placeCount,
      seen: await this.#seen.write(objects, work, workKey.seen(job_id, attempt)),
      models: [...this.#models],
      resources: this.#resources,
      revisions: this.#revisions,
      ...(this.#told.length === 0
        ? {}
        : { told: await objects.putJson(work, workKey.told(job_id, attempt), this.#told) }),
    }
  }

  #meta(record: StreamRecord, data: Buffer): void {
    const { metadata: meta, unknownKeys: unknown } = decodeMetadata(data)
    this.#order.beginResource(record, meta)
    const model = this.#order.modelOf(record)
    this.#tellUnknown(model, meta.resource_id, 'metadata', unknown)
    this.#resources += 1
    this.#add(record, model, itemFromMetadata(meta, { model, shards: 1 }))
  }

  async #revision(record: StreamRecord, data: Buffer): Promise<void> {
    const model = this.#order.modelOf(record)
    const { info, payload, unknownKeys: unknown } = refused(record, () => decodeRevision(data))
    this.#order.addRevision(record, info)
    this.#tellUnknown(model, info.resource_id, `revision ${info.revision_id}`, unknown)
    this.#checkHash(record, model, info, payload)
    const { item, spilled } = refused(record, () => itemFromRevision(info, payload, { model, shards: 1 }))
    this.#revisions += 1
    this.#add(record, model, item)
    await collectBlobReferences(this.#seen, model, item, () => Promise.resolve(payload))
    if (spilled === undefined) return
    const sha256 = new RevisionView(item).dataSha256 ?? ''
    const offset = streamOffsetOf(record, payload)
    this.#places.add({
      ...place(record),
      key: Buffer.from(payloadPosition(sha256)),
      body: encodePlace({ id: sha256, sha256, offset, size: payload.length }),
    })
  }

  /** A key that SpecStar passes over may be one of its own with a byte flipped, such as that of a deletion. */
  #tellUnknown(model: string, resource_id: string, of: string, keys: readonly string[]): void {
    if (keys.length === 0) return
    const actual = `${keys.slice(0, NAMED_KEYS).map(quote).join(', ')}${keys.length > NAMED_KEYS ? ', …' : ''}`
    this.#tell({ model, resource_id, what: `${of}: keys that SpecStar does not know`, expected: 'none', actual })
  }

  #tell(finding: Finding): void {
    if (this.#told.length < KEPT_TOLD) this.#told.push(finding)
  }

  /** A migration leaves the hash as it was, and old stores have none: told, and kept so. */
  #checkHash(
    where: StreamLocation,
    model: string,
    info: ReturnType<typeof decodeRevision>['info'],
    payload: Buffer,
  ): void {
    const { data_hash: expected, resource_id, revision_id, parent_schema_version } = info
    if (expected === undefined) {
      const what = `revision ${revision_id}: it has no data_hash, so that nothing vouches for its payload`
      this.#tell({ model, resource_id, what, expected: 'a data_hash', actual: 'none' })
      return
    }
    const actual = `xxh3_128:${this.#hashes.xxh3(payload)}`
    if (actual === expected) return
    if (parent_schema_version === undefined)
      throw corruptRecord(where, `payload of revision ${quote(revision_id)}`, expected, actual)
    const what = `revision ${revision_id}: a migration left its data_hash as it was`
    this.#tell({ model, resource_id, what, expected, actual })
  }

  async #blob(record: Extract<StreamRecord, { readonly t: 'BlobRecord' }>): Promise<void> {
    const { file_id, content, content_type } = record
    if (file_id === '') throw invalidRecord(record, 'file_id: is empty')
    const { xxh3, sha256 } = await this.#hashes.ofPieces(content.pieces)
    if (HASH_ID.test(file_id) && xxh3 !== file_id) throw corruptRecord(record, `blob ${file_id}`, file_id, xxh3)
    this.#places.add({
      ...place(record),
      key: Buffer.from(blobPosition(file_id)),
      body: encodePlace({
        id: file_id,
        sha256,
        offset: content.offset,
        size: content.length,
        ...(content_type === '' ? {} : { content_type }),
      }),
    })
  }

  #add(record: StreamRecord, model: string, item: Item): void {
    const bytes = itemBytes(item)
    if (bytes > MAX_ITEM_BYTES)
      throw invalidRecord(record, `without its payload it takes ${bytes} bytes, and DynamoDB takes ${MAX_ITEM_BYTES}`)
    const body = refused(record, () => encodeLine(item))
    this.#records.add({ ...place(record), key: recordKey(model, item), body })
  }

  async #writeRun(): Promise<void> {
    const { objects, config } = this.#services
    const { job_id, attempt } = this.#attempt
    const key = workKey.run(job_id, attempt, this.#runs.length)
    this.#runs.push(await this.#records.write(objects, config.buckets.work, key))
  }
}

const place = ({ number, offset }: StreamLocation): StreamLocation => ({ number, offset })

/** Orders records as an archive does: by model, place and id, metadata before the revisions by `sk`. No id holds a NUL. */
const recordKey = (model: string, item: Item): Buffer => {
  const { sortKey: sk, resourceId: id } = new MetadataView(item)
  const resource = `${sk.slice(0, 16)}/${id}`
  return Buffer.from(`${model}\0${resource}\0${sk.slice(resource.length)}`)
}

/** What a record's content is refused for, told with the record. */
const refused = <T>(where: StreamLocation, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ResourceIdError)) throw error
    throw invalidRecord(where, error.message)
  }
}
