import type { ArchiveSource } from '../archive/archive.ts'
import { type IndexedType, type RefType } from '../resources/models.ts'
import { decodePayload, isMap } from '../resources/payload.ts'
import { sameValue, valueAt } from '../resources/payload-values.ts'
import { archiveResources } from './archive-resources.ts'
import { CurrentResources } from './current-resources.ts'

/** A proposed `models.json`. `guess` marks a path or a reference that is likely but may be wrong. */
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
 * Proposes a `models.json` for an archive of version 3 or a stream of SpecStar. The indexed fields are the keys of
 * `indexed_data`. A reference is proposed for each field that mostly contains ids of resources or revisions in the
 * archive. The archive is read twice, and all its ids are held in memory.
 */
export const proposeModels = async (source: ArchiveSource): Promise<ProposedModels> => {
  const { ids, resources } = await readIds(source)
  const models = new Map<string, ModelFields>()
  for await (const part of archiveResources(source)) {
    const fields = models.get(part.model) ?? new ModelFields()
    models.set(part.model, fields)
    const resource = part.kind === 'model' ? undefined : resources.add(part)
    if (resource !== undefined) fields.addResource(resource.payload, resource.indexedData, ids)
  }
  return Object.fromEntries([...models].map(([name, fields]) => [name, fields.proposal()]))
}

/** The resource or revision to which an id belongs. */
interface IdOwner {
  readonly model: string
  readonly isRevision: boolean
}

/** Reads all ids, and the ids of the current revisions. */
const readIds = async (
  source: ArchiveSource,
): Promise<{ readonly ids: ReadonlyMap<string, IdOwner>; readonly resources: CurrentResources }> => {
  const ids = new Map<string, IdOwner>()
  const resources = new CurrentResources()
  for await (const part of archiveResources(source)) {
    if (part.kind === 'metadata') {
      ids.set(part.id, { model: part.model, isRevision: false })
      resources.addCurrentRevisionId(part.model, part.id, part.currentRevisionId)
    } else if (part.kind === 'revision') ids.set(part.revisionId, { model: part.model, isRevision: true })
  }
  return { ids, resources }
}

/**
 * A reference is proposed if at least this share of a field's values are ids of one model. It is below 1, because
 * stores usually contain dangling references.
 */
const MIN_SHARE = 0.5
/**
 * Fields below this level are not examined. Deeper references are rare, and the limit bounds the time for deeply nested
 * payloads.
 */
const MAX_LEVELS = 4

/** The strings in one field, counted over all resources of a model. */
interface FieldTexts {
  /** Whether the field is a list in at least one resource. */
  isList: boolean
  /** The number of strings. */
  count: number
  /** The number of strings that are ids. The key consists of the model and the kind of id. */
  readonly owners: Map<string, { readonly owner: IdOwner; count: number }>
}

/** Collects the fields of one model's resources. */
class ModelFields {
  readonly #indexed = new Map<string, { types: Set<IndexedType>; paths: Set<string> | undefined }>()
  readonly #texts = new Map<string, FieldTexts>()

  /** Adds the current payload of a resource and its `indexed_data`. */
  addResource(payload: unknown, indexedData: string | undefined, ids: ReadonlyMap<string, IdOwner>): void {
    for (const { path, value } of fieldsOf(payload)) this.#addTexts(path, value, ids)
    const values: unknown = indexedData === undefined ? undefined : decodePayload(indexedData)
    if (!isMap(values)) return
    for (const [key, value] of Object.entries(values)) this.#addIndexed(key, value, payload)
  }

  proposal(): ProposedModel {
    const indexed = [...this.#indexed].map(([key, { types, paths }]): ProposedIndex => {
      const [type, ...otherTypes] = types
      const path = paths === undefined || paths.has(key) ? undefined : [...paths][0]
      return {
        key,
        ...(path === undefined ? {} : { path, guess: true }),
        ...(type === undefined || otherTypes.length > 0 ? {} : { type }),
      }
    })
    return { indexed, references: [...this.#texts].flatMap(([field, texts]) => proposeReference(field, texts)) }
  }

  /** Adds the string in a field, or the strings in its list. */
  #addTexts(path: string, value: unknown, ids: ReadonlyMap<string, IdOwner>): void {
    const isList = Array.isArray(value)
    for (const text of isList ? value : [value]) {
      if (typeof text !== 'string' || text === '') continue
      const texts: FieldTexts = this.#texts.get(path) ?? { isList: false, count: 0, owners: new Map() }
      this.#texts.set(path, texts)
      texts.isList ||= isList
      texts.count += 1
      const owner = ids.get(text)
      if (owner === undefined) continue
      const key = `${owner.model} ${owner.isRevision}`
      const entry = texts.owners.get(key) ?? { owner, count: 0 }
      texts.owners.set(key, entry)
      entry.count += 1
    }
  }

  /** Keeps only the paths at which the payloads of all resources so far contain their indexed values. */
  #addIndexed(key: string, value: unknown, payload: unknown): void {
    const indexed = this.#indexed.get(key) ?? { types: new Set<IndexedType>(), paths: undefined }
    this.#indexed.set(key, indexed)
    if (value === null) return
    indexed.types.add(typeOf(value))
    const paths = indexed.paths ?? [key, ...Array.from(fieldsOf(payload), ({ path }) => path)]
    indexed.paths = new Set([...paths].filter((path) => sameValue(valueAt(payload, path), value)))
  }
}

const proposeReference = (field: string, { isList, count, owners }: FieldTexts): ProposedReference[] => {
  const [mostFrequent] = [...owners.values()].sort((a, b) => b.count - a.count)
  if (mostFrequent === undefined || mostFrequent.count < count * MIN_SHARE) return []
  const { model, isRevision } = mostFrequent.owner
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

/** Returns every field of a payload with its dotted path. For a field that is a map, its fields follow. */
function* fieldsOf(
  value: unknown,
  steps: readonly string[] = [],
): Generator<{ readonly path: string; readonly value: unknown }> {
  if (!isMap(value) || steps.length === MAX_LEVELS) return
  for (const [key, member] of Object.entries(value)) {
    const memberSteps = [...steps, key]
    yield { path: memberSteps.join('.'), value: member }
    yield* fieldsOf(member, memberSteps)
  }
}
