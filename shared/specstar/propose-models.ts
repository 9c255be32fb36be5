import type { ArchiveSource } from '../archive/archive.ts'
import { must } from '../values/must.ts'
import { type IndexedType, type RefType } from '../resources/models.ts'
import { decodePayload } from '../resources/payload.ts'
import { sameValue, valueAt } from '../resources/payload-values.ts'
import { archiveResources } from './archive-resources.ts'

/** A proposed `models.json`. What is only likely is marked: someone who knows the models should look at it. */
export type ProposedModels = Readonly<Record<string, ProposedModel>>

interface ProposedModel {
  readonly indexed: readonly ProposedIndex[]
  readonly references: readonly ProposedReference[]
}

interface ProposedIndex {
  readonly key: string
  readonly path?: string
  readonly type?: IndexedType
  readonly guess?: true
}

interface ProposedReference {
  readonly field: string
  readonly target: string
  readonly list?: true
  readonly ref_type?: RefType
  readonly guess: true
}

/**
 * Proposes models from an archive of version 2 or 3: names, indexed fields as they stand in `indexed_data`, and references
 * where values are ids of other resources in it. The archive is read twice; its ids are held in memory.
 */
export const proposeModels = async (source: ArchiveSource): Promise<ProposedModels> => {
  const ids = await readIds(source)
  const models = new Map<string, SeenModel>()
  let open: { readonly current: string; readonly indexed: string | undefined } | undefined
  for await (const one of archiveResources(source)) {
    const model = models.get(one.model) ?? new SeenModel()
    models.set(one.model, model)
    if (one.kind === 'metadata') open = one
    else if (one.kind === 'revision') {
      const { current, indexed } = must(open)
      if (one.revision_id === current) model.see(one.payload, indexed, ids)
    }
  }
  return Object.fromEntries([...models].map(([name, model]) => [name, model.proposed()]))
}

interface KnownId {
  readonly model: string
  readonly isRevision: boolean
}

const readIds = async (source: ArchiveSource): Promise<ReadonlyMap<string, KnownId>> => {
  const ids = new Map<string, KnownId>()
  for await (const one of archiveResources(source)) {
    if (one.kind === 'metadata') ids.set(one.id, { model: one.model, isRevision: false })
    else if (one.kind === 'revision') ids.set(one.revision_id, { model: one.model, isRevision: true })
  }
  return ids
}

/** A field refers to what most of its values name: some references dangle in any store. */
const MOST = 0.5
/** Deeper fields are hardly references, and payloads may nest without end. */
const MAX_STEPS = 4

interface SeenText {
  isList: boolean
  values: number
  readonly hits: Map<string, { readonly known: KnownId; count: number }>
}

class SeenModel {
  readonly #indexed = new Map<string, { types: Set<IndexedType>; paths: Set<string> | undefined }>()
  readonly #texts = new Map<string, SeenText>()

  /** A resource's current payload, and its indexed values. */
  see(payload: unknown, indexed: string | undefined, ids: ReadonlyMap<string, KnownId>): void {
    for (const { path, value } of fieldsIn(payload)) this.#text(path, value, ids)
    const values: unknown = indexed === undefined ? undefined : decodePayload(indexed)
    if (!isMap(values)) return
    for (const [key, value] of Object.entries(values)) this.#index(key, value, payload)
  }

  proposed(): ProposedModel {
    const indexed = [...this.#indexed].map(([key, { types, paths }]): ProposedIndex => {
      const [type, ...others] = types
      const path = paths === undefined || paths.has(key) ? undefined : [...paths][0]
      return {
        key,
        ...(path === undefined ? {} : { path, guess: true }),
        ...(type === undefined || others.length > 0 ? {} : { type }),
      }
    })
    return { indexed, references: [...this.#texts].flatMap(([field, seen]) => referenceOf(field, seen)) }
  }

  /** A field's text, or the texts of its list. */
  #text(path: string, value: unknown, ids: ReadonlyMap<string, KnownId>): void {
    const isList = Array.isArray(value)
    for (const text of isList ? value : [value]) {
      if (typeof text !== 'string' || text === '') continue
      const seen: SeenText = this.#texts.get(path) ?? { isList: false, values: 0, hits: new Map() }
      this.#texts.set(path, seen)
      seen.isList ||= isList
      seen.values += 1
      const known = ids.get(text)
      if (known === undefined) continue
      const named = `${known.model} ${known.isRevision}`
      const hit = seen.hits.get(named) ?? { known, count: 0 }
      seen.hits.set(named, hit)
      hit.count += 1
    }
  }

  /** Paths that have given the indexed value in every resource so far; the key itself is the likeliest. */
  #index(key: string, value: unknown, payload: unknown): void {
    const seen = this.#indexed.get(key) ?? { types: new Set<IndexedType>(), paths: undefined }
    this.#indexed.set(key, seen)
    if (value === null) return
    seen.types.add(typeOf(value))
    const fits = (path: string): boolean => sameValue(valueAt(payload, path), value)
    seen.paths = new Set([...(seen.paths ?? [key, ...Array.from(fieldsIn(payload), ({ path }) => path)])].filter(fits))
  }
}

const referenceOf = (field: string, { isList, values, hits }: SeenText): ProposedReference[] => {
  const [most] = [...hits.values()].sort((a, b) => b.count - a.count)
  if (most === undefined || most.count < values * MOST) return []
  const { model, isRevision } = most.known
  return [
    {
      field,
      target: model,
      ...(isList ? { list: true } : {}),
      ...(isRevision ? { ref_type: 'revision_id' } : {}),
      guess: true,
    },
  ]
}

const typeOf = (value: unknown): IndexedType => {
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float'
  if (typeof value === 'boolean') return 'bool'
  if (Array.isArray(value)) return 'list'
  return typeof value === 'string' ? 'str' : 'map'
}

/** A map of a payload or index: not a list, bytes or an instant. */
const isMap = (value: unknown): value is object =>
  value instanceof Object && Object.getPrototypeOf(value) === Object.prototype

/** Every field of a payload under its dotted path, maps and what is in them alike. */
function* fieldsIn(
  value: unknown,
  steps: readonly string[] = [],
): Generator<{ readonly path: string; readonly value: unknown }> {
  if (!isMap(value) || steps.length === MAX_STEPS) return
  for (const [key, member] of Object.entries(value)) {
    const inner = [...steps, key]
    yield { path: inner.join('.'), value: member }
    yield* fieldsIn(member, inner)
  }
}
