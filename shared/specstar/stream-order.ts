import { z } from 'zod'
import { modelName } from '../archive/index-line.ts'
import type { ResourceMeta, RevisionInfo } from '../resources/attributes.ts'
import { quote } from '../values/message-text.ts'
import { invalidRecord, repeatedResource, type StreamLocation } from './errors.ts'
import type { StreamRecord } from './stream-record.ts'

const OpenResource = z
  .object({
    id: z.string(),
    current_revision_id: z.string(),
    /** Whether the current revision was read. */
    has_current_revision: z.boolean(),
    /** `number` and `offset` are the location of the resource's metadata. */
    number: z.int(),
    offset: z.int(),
  })
  .readonly()
type OpenResource = z.output<typeof OpenResource>

/**
 * The state of a `StreamOrder` between two records. A pass saves it in its cursor, so that a later pass can continue.
 */
export const OrderState = z
  .object({
    has_header: z.boolean(),
    has_ended: z.boolean(),
    /** The model of the open section. */
    section: z.exactOptional(z.string()),
    /** Whether the blobs of the open section have begun. No resource may follow them. */
    in_blobs: z.boolean(),
    resource: z.exactOptional(OpenResource),
  })
  .readonly()
export type OrderState = z.output<typeof OrderState>

/** The state before the first record. */
export const ORDER_START: OrderState = { has_header: false, has_ended: false, in_blobs: false }

/**
 * Checks the order of the records of a stream. The header comes first, then one section per model, and then the
 * EofRecord. A section contains its resources and then its blobs. The revisions of a resource follow its metadata, and
 * must include the current revision. SpecStar's own import checks little of this. All methods throw
 * `ArchiveInvalidError`.
 */
export class StreamOrder {
  #hasHeader: boolean
  #hasEnded: boolean
  #section: string | undefined
  #inBlobs: boolean
  #resource: OpenResource | undefined

  constructor(state: OrderState = ORDER_START) {
    this.#hasHeader = state.has_header
    this.#hasEnded = state.has_ended
    this.#section = state.section
    this.#inBlobs = state.in_blobs
    this.#resource = state.resource
  }

  get state(): OrderState {
    return {
      has_header: this.#hasHeader,
      has_ended: this.#hasEnded,
      in_blobs: this.#inBlobs,
      ...(this.#section === undefined ? {} : { section: this.#section }),
      ...(this.#resource === undefined ? {} : { resource: this.#resource }),
    }
  }

  /** Whether the EofRecord was read. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Returns the model of the section that contains a record. Throws if the record is outside a section. */
  modelOf(record: StreamRecord): string {
    if (this.#section === undefined) throw invalidRecord(record, `a ${record.t} must be inside the section of a model`)
    return this.#section
  }

  /** Checks that the type of the next record is allowed after the records before it. */
  check(record: StreamRecord): void {
    const isHeader = record.t === 'HeaderRecord'
    if (this.#hasHeader && isHeader) throw invalidRecord(record, 'only the first record may be a HeaderRecord')
    if (!this.#hasHeader && !isHeader)
      throw invalidRecord(record, `the first record must be a HeaderRecord, not ${record.t}`)
    this.#hasHeader = true
    switch (record.t) {
      case 'HeaderRecord':
        return
      case 'ModelStartRecord':
        this.#beginSection(record, record.model_name)
        return
      case 'ModelEndRecord':
        this.#endSection(record, record.model_name)
        return
      case 'EofRecord':
        this.#requireNoSection(record)
        this.#hasEnded = true
        return
      case 'BlobRecord':
        this.modelOf(record)
        this.#endResource()
        this.#inBlobs = true
        return
      case 'MetaRecord':
      case 'RevisionRecord':
        if (this.#inBlobs)
          throw invalidRecord(record, `a ${record.t} must precede the blobs of model ${this.modelOf(record)}`)
        this.modelOf(record)
    }
  }

  /** Begins the resource of a decoded MetaRecord. Checks that the resource before it has its current revision. */
  beginResource(
    { number, offset }: StreamLocation,
    { resource_id: id, current_revision_id }: Pick<ResourceMeta, 'resource_id' | 'current_revision_id'>,
  ): void {
    if (this.#resource?.id === id) throw repeatedResource({ number, offset }, id, this.#resource)
    this.#endResource()
    this.#resource = { id, current_revision_id, has_current_revision: false, number, offset }
  }

  /** Adds a decoded RevisionRecord. Checks that it belongs to the resource whose metadata was read last. */
  addRevision(
    location: StreamLocation,
    { resource_id: id, revision_id }: Pick<RevisionInfo, 'resource_id' | 'revision_id'>,
  ): void {
    if (this.#resource?.id !== id)
      throw invalidRecord(
        location,
        `revision ${quote(revision_id)} does not follow the metadata of its resource ${quote(id)}`,
      )
    if (revision_id === this.#resource.current_revision_id)
      this.#resource = { ...this.#resource, has_current_revision: true }
  }

  #beginSection(location: StreamLocation, name: string): void {
    this.#requireNoSection(location)
    if (!modelName.safeParse(name).success)
      throw invalidRecord(
        location,
        `${JSON.stringify(name)} is not the name of a model: a letter, then at most 62 of A-Z a-z 0-9 _ -`,
      )
    this.#section = name
    this.#inBlobs = false
  }

  #endSection(location: StreamLocation, name: string): void {
    if (this.#section !== name)
      throw invalidRecord(
        location,
        `a ModelEndRecord of model ${name} needs an open section of that model; ` +
          (this.#section === undefined ? 'no section is open' : `the open section is that of model ${this.#section}`),
      )
    this.#endResource()
    this.#section = undefined
  }

  #requireNoSection(location: StreamLocation): void {
    if (this.#section !== undefined)
      throw invalidRecord(location, `the section of model ${this.#section} has no ModelEndRecord`)
  }

  #endResource(): void {
    const resource = this.#resource
    this.#resource = undefined
    if (resource !== undefined && !resource.has_current_revision)
      throw invalidRecord(
        resource,
        `resource ${quote(resource.id)} does not contain its current revision ${quote(resource.current_revision_id)}`,
      )
  }
}
