import { z } from 'zod'
import { modelName } from '../archive/index-line.ts'
import type { ResourceMeta, RevisionInfo } from '../resources/attributes.ts'
import { quote } from '../values/message-text.ts'
import { invalidRecord, type RecordWhere } from './errors.ts'
import type { StreamRecord } from './stream-reader.ts'

const Resource = z.object({
  id: z.string(),
  current: z.string(),
  has_current: z.boolean(),
  number: z.int(),
  offset: z.int(),
})
type Resource = z.output<typeof Resource>

/** Where a stream stands between two records; as JSON, for a later pass. */
export const OrderState = z.object({
  begun: z.boolean(),
  ended: z.boolean(),
  section: z.exactOptional(z.string()),
  /** A section's blobs have begun: no resource follows. */
  blobs: z.boolean(),
  resource: z.exactOptional(Resource),
})
export type OrderState = z.output<typeof OrderState>

/** Before the first record. */
export const ORDER_START: OrderState = { begun: false, ended: false, blobs: false }

/**
 * Checks the order of a stream's records: header, sections, in each of them resources with their revisions and then blobs, the
 * end, nothing after it; and that each resource has its current revision. SpecStar's own loader lets most of it through.
 */
export class StreamOrder {
  #begun: boolean
  #ended: boolean
  #section: string | undefined
  #blobs: boolean
  #resource: Resource | undefined

  constructor(state: OrderState = ORDER_START) {
    this.#begun = state.begun
    this.#ended = state.ended
    this.#section = state.section
    this.#blobs = state.blobs
    this.#resource = state.resource
  }

  get state(): OrderState {
    return {
      begun: this.#begun,
      ended: this.#ended,
      blobs: this.#blobs,
      ...(this.#section === undefined ? {} : { section: this.#section }),
      ...(this.#resource === undefined ? {} : { resource: this.#resource }),
    }
  }

  /** The EofRecord has come. */
  get ended(): boolean {
    return this.#ended
  }

  /** The model of the open section. */
  model(record: StreamRecord): string {
    if (this.#section === undefined) throw invalidRecord(record, `a ${record.t} outside of a model's section`)
    return this.#section
  }

  /** The next record, whatever is in it. */
  check(record: StreamRecord): void {
    if (this.#begun === (record.t === 'HeaderRecord'))
      throw invalidRecord(record, this.#begun ? 'a second HeaderRecord' : `a ${record.t} instead of the HeaderRecord`)
    this.#begun = true
    switch (record.t) {
      case 'HeaderRecord':
        return
      case 'ModelStartRecord':
        this.#start(record, record.model_name)
        return
      case 'ModelEndRecord':
        this.#end(record, record.model_name)
        return
      case 'EofRecord':
        if (this.#section !== undefined)
          throw invalidRecord(record, `the section of model ${this.#section} has no ModelEndRecord`)
        this.#ended = true
        return
      case 'BlobRecord':
        this.model(record)
        this.#endResource()
        this.#blobs = true
        return
      case 'MetaRecord':
      case 'RevisionRecord':
        if (this.#blobs) throw invalidRecord(record, `a ${record.t} after the blobs of model ${this.model(record)}`)
        this.model(record)
    }
  }

  /** A MetaRecord's content. */
  meta({ number, offset }: RecordWhere, { resource_id: id, current_revision_id: current }: ResourceMeta): void {
    if (this.#resource?.id === id)
      throw invalidRecord(
        { number, offset },
        `resource ${quote(id)} stands twice, also at byte ${this.#resource.offset}`,
      )
    this.#endResource()
    this.#resource = { id, current, has_current: false, number, offset }
  }

  /** A RevisionRecord's content. */
  revision(where: RecordWhere, { resource_id: id, revision_id }: RevisionInfo): void {
    if (this.#resource?.id !== id)
      throw invalidRecord(where, `revision ${quote(revision_id)} of resource ${quote(id)} does not follow its metadata`)
    if (revision_id === this.#resource.current) this.#resource = { ...this.#resource, has_current: true }
  }

  #start(where: RecordWhere, name: string): void {
    if (this.#section !== undefined)
      throw invalidRecord(where, `the section of model ${this.#section} has no ModelEndRecord`)
    if (!modelName.safeParse(name).success)
      throw invalidRecord(
        where,
        `${JSON.stringify(name)} is no name of a model: a letter, then up to 62 of A-Z a-z 0-9 _ -`,
      )
    this.#section = name
    this.#blobs = false
  }

  #end(where: RecordWhere, name: string): void {
    if (this.#section !== name)
      throw invalidRecord(where, `the end of model ${name} in the section of model ${this.#section ?? '(none)'}`)
    this.#endResource()
    this.#section = undefined
  }

  #endResource(): void {
    const resource = this.#resource
    this.#resource = undefined
    if (resource !== undefined && !resource.has_current)
      throw invalidRecord(
        resource,
        `resource ${quote(resource.id)} lacks its current revision ${quote(resource.current)}`,
      )
  }
}
