import type { Item } from '../tables/item.ts'
import { MetadataView } from '../resources/views.ts'
import { parseOrderedJson } from '../values/ordered-json.ts'
import { type Lookup, MISSING } from './evaluate.ts'
import { DateTime } from './python/times.ts'
import { isDict } from './python/values.ts'

/** The metadata that conditions see by name. Times are times there, not texts. */
const TIMES = ['created_time', 'updated_time', 'rev_created_time', 'rev_updated_time']
const OTHERS = [
  'resource_id',
  'current_revision_id',
  'schema_version',
  'total_revision_count',
  'created_by',
  'updated_by',
  'is_deleted',
  'rev_status',
  'rev_created_by',
  'rev_updated_by',
]

/** SpecStar's own values of fields that old stores do not hold. */
const DEFAULTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['is_deleted', false],
  ['schema_version', null],
])

/** A resource's fields as conditions see them; its index is decoded once, when the first condition asks for it. */
export class Fields {
  readonly #metadata: MetadataView
  #index: ReadonlyMap<string, unknown> | undefined

  constructor(metadata: Item) {
    this.#metadata = new MetadataView(metadata)
  }

  /** Whether the resource has an index at all. */
  get isIndexed(): boolean {
    return this.#metadata.indexedData !== undefined
  }

  /** Metadata first, then the index. */
  readonly any: Lookup = (field) => {
    const value = this.#ofMetadata(field)
    return value === MISSING ? this.indexed(field) : value
  }

  readonly indexed: Lookup = (field) => {
    this.#index ??= indexOf(this.#metadata.indexedData ?? '{}')
    return this.#index.has(field) ? this.#index.get(field) : MISSING
  }

  #ofMetadata(field: string): unknown {
    const isTime = TIMES.includes(field)
    if (!isTime && !OTHERS.includes(field)) return MISSING
    const value = this.#metadata.value(field)
    if (typeof value === 'string' && isTime) return DateTime.ofStored(value) ?? value
    if (value !== undefined) return value
    return DEFAULTS.has(field) ? DEFAULTS.get(field) : MISSING
  }
}

/** An index that cannot be read, as one nested too deep for Python too, has no fields. */
const indexOf = (text: string): ReadonlyMap<string, unknown> => {
  try {
    const index = parseOrderedJson(text)
    return isDict(index) ? index : new Map<string, unknown>()
  } catch {
    return new Map<string, unknown>()
  }
}
