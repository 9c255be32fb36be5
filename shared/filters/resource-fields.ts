import { MetadataView } from '../resources/views.ts'
import type { Item } from '../tables/item.ts'
import { parseOrderedJson } from '../values/ordered-json.ts'
import { type Lookup, MISSING } from './evaluate.ts'
import { DateTime } from './python/times.ts'
import { isDict } from './python/values.ts'

export const METADATA_TIMES = ['created_time', 'updated_time', 'rev_created_time', 'rev_updated_time'] as const
export type MetadataTime = (typeof METADATA_TIMES)[number]

/** The metadata fields that conditions can use. */
export const METADATA_FIELDS: readonly string[] = [
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
  ...METADATA_TIMES,
]

/** SpecStar's defaults for fields that resources from old versions of SpecStar do not have. */
const DEFAULTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['is_deleted', false],
  ['schema_version', null],
])

/**
 * The fields of one resource for conditions. The indexed data is decoded once, when a condition first reads one of
 * their fields.
 */
export class ResourceFields {
  readonly #metadata: MetadataView
  #index: ReadonlyMap<string, unknown> | undefined

  constructor(metadata: Item) {
    this.#metadata = new MetadataView(metadata)
  }

  /** True if the resource has indexed data. */
  get isIndexed(): boolean {
    return this.#metadata.indexedData !== undefined
  }

  /** Returns a field of the metadata. If the metadata has no such field, returns the field of the indexed data. */
  readonly any: Lookup = (field) => {
    const value = this.#ofMetadata(field)
    return value === MISSING ? this.indexed(field) : value
  }

  /** Returns a field of the indexed data. */
  readonly indexed: Lookup = (field) => {
    this.#index ??= parseIndex(this.#metadata.indexedData ?? '{}')
    return this.#index.has(field) ? this.#index.get(field) : MISSING
  }

  #ofMetadata(field: string): unknown {
    if (!METADATA_FIELDS.includes(field)) return MISSING
    const value = this.#metadata.value(field)
    if (typeof value === 'string' && isTimeField(field)) return DateTime.ofStored(value) ?? value
    if (value !== undefined) return value
    return DEFAULTS.has(field) ? DEFAULTS.get(field) : MISSING
  }
}

const isTimeField = (field: string): boolean => METADATA_TIMES.some((name) => name === field)

/**
 * Returns the fields of indexed data. If the data cannot be parsed, returns no fields. As in Python, data that is
 * nested too deeply cannot be parsed.
 */
const parseIndex = (text: string): ReadonlyMap<string, unknown> => {
  try {
    const index = parseOrderedJson(text)
    return isDict(index) ? index : new Map<string, unknown>()
  } catch {
    return new Map<string, unknown>()
  }
}
