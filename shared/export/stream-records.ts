import type { PayloadStore } from '../blobs/payload-store.ts'
import { type RecordsTarget, throwThrottled, type WrittenRecords } from '../compose/segment-records.ts'
import type { Composer } from '../objects/composer.ts'
import type { Item } from '../tables/item.ts'
import { isBlank } from '../values/python-whitespace.ts'
import { firstNames, quote } from '../values/message-text.ts'
import { must } from '../values/must.ts'
import { SpecstarRefusesError } from './errors.ts'
import { OmittedDataCollector } from './omitted-data.ts'
import { MetadataView, payloadOf, RevisionView } from '../resources/views.ts'
import { encodeMetadata, encodeRevision, unsupportedAttributes } from '../specstar/resource-records.ts'
import { metadataFrame, revisionFrame } from '../specstar/stream-frame.ts'

/**
 * The number of bytes that are collected before they are passed to the composer. A single record is usually small, and
 * a call of the composer for each record would be slow.
 */
const BUFFER_BYTES = 1024 * 1024

/**
 * Writes records as a piece of a SpecStar stream. If `strict` is true, attributes that SpecStar cannot store are
 * rejected. Otherwise, such attributes are left out.
 */
export class StreamRecords implements RecordsTarget {
  readonly #payloads: PayloadStore
  readonly #composer: Composer
  readonly #model: string
  readonly #strict: boolean
  #buffered: Buffer[] = []
  #bufferedBytes = 0
  #id = ''
  /** The state before the open resource began. Undefined if a part of the resource has been passed to the composer. */
  #before:
    | {
        readonly frames: number
        readonly bytes: number
        readonly revisions: number
        readonly first: string | undefined
      }
    | undefined
  #first: string | undefined
  /** The names of the attributes that were left out of the open resource. */
  readonly #omittedNames = new Set<string>()
  readonly #omitted = new OmittedDataCollector()
  #reset: (() => Promise<void>) | undefined
  #resources = 0
  #revisions = 0
  bytesSoFar = 0

  constructor(payloads: PayloadStore, composer: Composer, model: string, strict: boolean) {
    this.#payloads = payloads
    this.#composer = composer
    this.#model = model
    this.#strict = strict
  }

  async begin(metadata: Item, h: string): Promise<void> {
    this.#id = new MetadataView(metadata).resourceId
    this.#before = {
      frames: this.#buffered.length,
      bytes: this.#bufferedBytes,
      revisions: this.#revisions,
      first: this.#first,
    }
    this.#first ??= h
    this.#resources += 1
    this.#omittedNames.clear()
    if (isBlank(this.#id)) throw this.#rejection('its id is blank')
    this.#checkAttributes('metadata', metadata)
    await this.#add(this.#encoded(() => metadataFrame(encodeMetadata(metadata))))
  }

  async revision(item: Item): Promise<void> {
    this.#revisions += 1
    this.#checkAttributes('revision', item)
    const view = new RevisionView(item)
    const payload = await payloadOf(view, (sha256) => this.#payloads.get(sha256))
    const revision = `revision ${quote(view.revisionId ?? '')}`
    if (payload === undefined) throw this.#rejection(`${revision} has no payload`)
    await this.#add(this.#encoded(() => revisionFrame(encodeRevision(item, Buffer.from(payload)))))
  }

  end(): Promise<void> {
    const names = [...this.#omittedNames]
    if (names.length > 0)
      this.#omitted.add(this.#model, this.#id, `the stream cannot contain its attributes ${firstNames(names)}`)
    return Promise.resolve()
  }

  discard(): boolean {
    if (this.#before === undefined) return false
    const { frames, bytes, revisions, first } = this.#before
    this.bytesSoFar -= this.#bufferedBytes - bytes
    this.#buffered.length = frames
    this.#bufferedBytes = bytes
    this.#resources -= 1
    this.#revisions = revisions
    this.#first = first
    return true
  }

  mark(): void {
    const [buffered, count, bufferedBytes] = [this.#buffered, this.#buffered.length, this.#bufferedBytes]
    const [first, resources, revisions] = [this.#first, this.#resources, this.#revisions]
    const resetComposer = this.#composer.mark()
    const resetOmitted = this.#omitted.mark()
    this.#reset = async () => {
      this.#buffered = buffered.slice(0, count)
      this.#bufferedBytes = bufferedBytes
      this.#first = first
      this.#resources = resources
      this.#revisions = revisions
      resetOmitted()
      await resetComposer()
    }
  }

  async reset(): Promise<void> {
    await must(this.#reset)()
  }

  async finish(): Promise<WrittenRecords> {
    await this.#flush()
    const piece = {
      object: await this.#composer.finish(),
      model: this.#model,
      first_h: this.#first ?? '',
      resources: this.#resources,
      revisions: this.#revisions,
    }
    return { kind: 'piece', piece, ...this.#omitted.member }
  }

  async abort(): Promise<void> {
    await this.#composer.abort()
  }

  #checkAttributes(kind: 'metadata' | 'revision', item: Item): void {
    const names = unsupportedAttributes(kind, item)
    const [first] = names
    if (!this.#strict) for (const name of names) this.#omittedNames.add(name)
    else if (first !== undefined)
      throw this.#rejection(
        `the stream cannot contain attribute ${first} of the ${kind}; export with strict=false to leave it out`,
      )
  }

  #encoded(encode: () => Buffer): Buffer {
    try {
      return encode()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw this.#rejection(error.message)
    }
  }

  #rejection(reason: string): SpecstarRefusesError {
    return new SpecstarRefusesError('resource', this.#model, this.#id, reason)
  }

  async #add(frame: Buffer): Promise<void> {
    this.#buffered.push(frame)
    this.#bufferedBytes += frame.length
    this.bytesSoFar += frame.length
    if (this.#bufferedBytes >= BUFFER_BYTES) await this.#flush()
    throwThrottled(this.#composer)
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#buffered)
    this.#buffered = []
    this.#bufferedBytes = 0
    this.#before = undefined
    await this.#composer.bytes(bytes)
  }
}
