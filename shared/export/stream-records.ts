import type { Composer } from '../objects/composer.ts'
import type { Item } from '../tables/item.ts'
import { decodePayload } from '../resources/payload.ts'
import { isBlank } from '../values/python-space.ts'
import { quoteId } from '../values/quote-id.ts'
import { MetadataView, payloadOf, RevisionView } from '../resources/views.ts'
import type { Services } from '../runtime/services.ts'
import { encodeMeta, encodeRevision, strangeAttributes } from '../specstar/resource-records.ts'
import { metaFrame, revisionFrame } from '../specstar/stream-frame.ts'
import type { RecordsTarget, WrittenRecords } from '../compose/records-target.ts'

/** What the real SpecStar would refuse, or lose. The export fails before there is an archive. */
export class SpecstarRefusesError extends Error {
  override readonly name = 'SpecstarRefusesError'
  readonly model: string
  readonly id: string

  constructor(model: string, id: string, reason: string) {
    super(`SpecStar does not take ${model} ${quoteId(id)}: ${reason}`)
    this.model = model
    this.id = id
  }
}

/** Small records are gathered before the composer is given them. */
const GATHERED_BYTES = 1024 * 1024

/**
 * Writes records as a piece of SpecStar's stream, each resource's metadata before its revisions. `strict`: attributes that
 * SpecStar has no place for, and payloads that it cannot read, are refused; else the former are left out.
 */
export class StreamRecords implements RecordsTarget {
  readonly #services: Services
  readonly #composer: Composer
  readonly #model: string
  readonly #strict: boolean
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #id = ''
  #first: string | undefined
  #resources = 0
  #revisions = 0
  bytesSoFar = 0

  constructor(services: Services, composer: Composer, model: string, strict: boolean) {
    this.#services = services
    this.#composer = composer
    this.#model = model
    this.#strict = strict
  }

  async begin(metadata: Item, h: string): Promise<void> {
    this.#id = new MetadataView(metadata).resourceId
    this.#first ??= h
    this.#resources += 1
    if (isBlank(this.#id)) throw this.#refusal('its id is blank')
    this.#checkStrange('metadata', metadata)
    await this.#add(this.#taken(() => metaFrame(encodeMeta(metadata))))
  }

  async revision(item: Item): Promise<void> {
    this.#revisions += 1
    this.#checkStrange('revision', item)
    const view = new RevisionView(item)
    const payload = await payloadOf(view, (sha256) => this.#services.payloads.get(sha256))
    if (payload === undefined) throw this.#refusal(`revision ${quoteId(view.revisionId ?? '')} has no payload`)
    if (this.#strict && decodePayload(payload) === undefined)
      throw this.#refusal(`the payload of revision ${quoteId(view.revisionId ?? '')} is neither JSON nor msgpack`)
    await this.#add(this.#taken(() => revisionFrame(encodeRevision(item, Buffer.from(payload)))))
  }

  end(): Promise<void> {
    return Promise.resolve()
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
    return { kind: 'piece', piece }
  }

  async abort(): Promise<void> {
    await this.#composer.abort()
  }

  #checkStrange(kind: 'metadata' | 'revision', item: Item): void {
    const [first] = this.#strict ? strangeAttributes(kind, item) : []
    if (first !== undefined)
      throw this.#refusal(`it has no place for attribute ${first} of the ${kind}; strict=false leaves it out`)
  }

  #taken(encode: () => Buffer): Buffer {
    try {
      return encode()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw this.#refusal(error.message)
    }
  }

  #refusal(reason: string): SpecstarRefusesError {
    return new SpecstarRefusesError(this.#model, this.#id, reason)
  }

  async #add(frame: Buffer): Promise<void> {
    this.#gathered.push(frame)
    this.#gatheredBytes += frame.length
    this.bytesSoFar += frame.length
    if (this.#gatheredBytes >= GATHERED_BYTES) await this.#flush()
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#gathered)
    this.#gathered = []
    this.#gatheredBytes = 0
    await this.#composer.bytes(bytes)
  }
}
