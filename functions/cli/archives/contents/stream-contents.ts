import { createHash } from 'node:crypto'
import type { ArchiveSource } from '../../../../shared/archive/archive.ts'
import { atByte, EntryCorruptError } from '../../../../shared/archive/errors.ts'
import { decodeLine, recordKeyOf } from '../../../../shared/archive/record-line.ts'
import { isPayloadPosition } from '../../../../shared/blobs/blob-references.ts'
import type { ContentLocation } from '../../../../shared/restore/convert/content-location.ts'
import { decodeFault } from '../../../../shared/restore/convert/fault-entry.ts'
import { parseLineKey } from '../../../../shared/restore/convert/record-collector.ts'
import { contentsBelow } from '../../../../shared/restore/convert/stream-contents.ts'
import type { ScanFault } from '../../../../shared/restore/messages/convert.ts'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'
import { quote } from '../../../../shared/values/message-text.ts'
import { must } from '../../../../shared/values/must.ts'
import { compareBytes } from '../../../../shared/values/text-order.ts'
import type {
  ArchiveContents,
  ArchiveDescription,
  ContentsBlob,
  ContentsRecord,
  FaultyContentsBlob,
  FaultyContentsRecord,
} from './contents.ts'
import { AFTER_BLOBS, isOnlyCounted, type ScannedStream, scanStream, type Selection } from './stream-scan.ts'

/** The number of records in a batch. */
const BATCH_RECORDS = 100

/**
 * The content of a stream of SpecStar. A stream has no index, so the first call reads the whole stream and sorts its
 * records, in temporary files if necessary.
 */
export class StreamContents implements ArchiveContents {
  readonly isReadAsWhole = true
  readonly #source: ArchiveSource
  readonly #selection: Selection | undefined
  #scanned: Promise<ScannedStream> | undefined
  #description: Promise<ArchiveDescription> | undefined

  /** If `selection` is given, the content is limited to the records of these resources. */
  constructor(source: ArchiveSource, selection?: Selection) {
    this.#source = source
    this.#selection = selection
  }

  /** Reads all entries in the first call. */
  describe(): Promise<ArchiveDescription> {
    return (this.#description ??= this.#describe())
  }

  async #describe(): Promise<ArchiveDescription> {
    const { models } = await this.#scan()
    const counts = new Map(models.toSorted(compareBytes).map((model) => [model, { resources: 0, revisions: 0 }]))
    for await (const { key, fault } of this.#entries()) {
      if (fault !== undefined) continue
      const { model, kind } = parseLineKey(key)
      must(counts.get(model))[kind === 'metadata' ? 'resources' : 'revisions'] += 1
    }
    const blobs = { count: 0, bytes: 0 }
    for await (const blob of this.blobs()) {
      if (blob.fault !== undefined) continue
      blobs.count += 1
      blobs.bytes += blob.size
    }
    return {
      format: 'specstar',
      size: this.#source.size,
      missing_blobs: 0,
      left_out: 0,
      models: Object.fromEntries(counts),
      blobs,
    }
  }

  async *leftOut(): AsyncGenerator<never> {
    // A stream does not list them.
  }

  async *records(
    model: string,
    ids?: readonly string[],
  ): AsyncGenerator<readonly (ContentsRecord | FaultyContentsRecord)[]> {
    const wanted = ids === undefined ? undefined : new Set(ids)
    let batch: (ContentsRecord | FaultyContentsRecord)[] = []
    for await (const record of this.#records(model)) {
      if (wanted?.has(record.id) === false) continue
      batch.push(record)
      if (batch.length < BATCH_RECORDS) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  }

  blobPaths(): undefined {
    return undefined
  }

  async payload(sha256: string): Promise<Buffer | undefined> {
    const { payloads } = await this.#scan()
    const location = payloads.get(sha256)
    return location === undefined ? undefined : this.#source.read(location.offset, location.size)
  }

  async *blobs(): AsyncGenerator<ContentsBlob | FaultyContentsBlob> {
    const { contents } = await this.#scan()
    for await (const found of contentsBelow(await contents.merge(), AFTER_BLOBS)) {
      if (found.fault !== undefined) yield { file_id: found.fault.id, fault: found.fault.reason }
      else if (!isPayloadPosition(found.position)) yield toBlob(this.#source, found.location)
    }
  }

  /** A stream has no index of its blobs, so all of them are read once, without their content. */
  async *findBlobs(fileIds: ReadonlySet<string>): AsyncGenerator<ContentsBlob | FaultyContentsBlob> {
    const wanted = new Set(fileIds)
    if (wanted.size === 0) return
    for await (const blob of this.blobs()) {
      if (!wanted.delete(blob.file_id)) continue
      yield blob
      if (wanted.size === 0) return
    }
  }

  isMissing(): boolean {
    return false
  }

  async close(): Promise<void> {
    const scanned = await this.#scanned?.catch(() => undefined)
    await scanned?.lines.close()
    await scanned?.contents.close()
  }

  /** Returns the records of one model, in order. */
  async *#records(model: string): AsyncGenerator<ContentsRecord | FaultyContentsRecord> {
    for await (const { body, fault } of this.#entries(model))
      if (fault !== undefined) yield { model: fault.model, id: fault.id, fault: fault.reason }
      else if (!isOnlyCounted(body)) yield recordOf(body)
  }

  /** Returns the sorted entries of one model or of all models. */
  async *#entries(model?: string): AsyncGenerator<{ key: Buffer; body: Buffer; fault: ScanFault | undefined }> {
    const { lines } = await this.#scan()
    const merge = await lines.merge()
    const prefix = Buffer.from(model === undefined ? '' : `${model}\0`)
    let previous: Buffer | undefined
    for await (const { key, body } of merge.entries()) {
      const order = Buffer.compare(key.subarray(0, prefix.length), prefix)
      if (order > 0) return
      if (order < 0) continue
      const fault = decodeFault(body)
      // SpecStar's memory store writes migrated revisions twice.
      if (fault === undefined && previous?.equals(key) === true) continue
      previous = key
      yield { key, body, fault }
    }
  }

  #scan(): Promise<ScannedStream> {
    return (this.#scanned ??= scanStream(this.#source, { selection: this.#selection }))
  }
}

const recordOf = (body: Buffer): ContentsRecord => {
  const item = decodeLine(body)
  return { ...recordKeyOf(item), item }
}

const toBlob = (source: ArchiveSource, location: ContentLocation): ContentsBlob => {
  const { id, size, sha256, content_type } = location
  return {
    file_id: id,
    size,
    sha256,
    ...(content_type === undefined ? {} : { content_type }),
    read: () => readBlob(source, location),
  }
}

async function* readBlob(source: ArchiveSource, { id, offset, size, sha256 }: ContentLocation): AsyncGenerator<Buffer> {
  const subject = `blob ${quote(id)}`
  const hash = createHash('sha256')
  if (size > 0)
    for await (const piece of buffersOf(await source.stream(offset, size))) {
      hash.update(piece)
      yield piece
    }
  const actual = hash.digest('hex')
  if (actual !== sha256) throw atByte(offset, new EntryCorruptError(subject, sha256, actual, { subject }))
}
