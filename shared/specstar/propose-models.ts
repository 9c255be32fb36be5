import type { ArchiveSource } from '../archive/archive.ts'
import type { IndexedType } from '../resources/models.ts'
import { decodePayload, isMap } from '../resources/payload.ts'
import { sameValue, valueAt } from '../resources/payload-values.ts'
import { instantOf } from '../values/instant.ts'
import { archiveResources } from './archive-resources.ts'
import { CurrentResources } from './current-resources.ts'
import {
  type Proposal,
  type ProposedIndex,
  type ProposedModel,
  type ProposedReference,
  validProposal,
} from './proposal.ts'

/**
 * Proposes a `models.json` for an archive of version 3 or a SpecStar stream. The indexed fields are the keys of
 * `indexed_data`. A reference is proposed for each field whose values are mostly ids of resources or revisions in the
 * archive. Parts that the registry does not accept are left out. The archive is read twice, and all its ids are held in
 * memory.
 */
export const proposeModels = async (source: ArchiveSource): Promise<Proposal> => {
  const { ids, resources } = await readIds(source)
  const models = new Map<string, ModelFields>()
  for await (const part of archiveResources(source)) {
    const fields = models.get(part.model) ?? new ModelFields()
    models.set(part.model, fields)
    const resource = part.kind === 'model' ? undefined : resources.add(part)
    if (resource !== undefined) fields.addResource(resource.payload, resource.indexedData, ids)
  }
  return validProposal(new Map([...models].map(([name, fields]) => [name, fields.proposal()])))
}

/** The resource or revision to which an id belongs. */
interface IdOwner {
  readonly model: string
  readonly isRevision: boolean
}

/** Reads all ids of resources and revisions, and determines which revisions are current. */
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
 * A reference is proposed if at least this share of the values of a field are ids of one model. The share is less than
 * 1, because stores usually contain dangling references.
 */
const MIN_SHARE = 0.5
/**
 * The number of levels of a payload that are searched for fields. Deeper references are rare, and the limit bounds the
 * time for deeply nested payloads.
 */
const MAX_LEVELS = 4

/** The strings in one field, counted over all resources of a model. */
interface FieldTexts {
  /** True if the field is a list in at least one resource. */
  isList: boolean
  /** The number of strings. */
  count: number
  /** For each model and kind of id, the number of strings that are such ids. */
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
      const type = commonType(types)
      const path = paths === undefined || paths.has(key) ? undefined : [...paths][0]
      // If no path leads to the values, the path is omitted. The registry then uses the key as the path, which is a
      // guess.
      const isGuess = paths?.has(key) === false
      return {
        key,
        ...(path === undefined ? {} : { path }),
        ...(isGuess ? { guess: true } : {}),
        ...(type === undefined ? {} : { type }),
      }
    })
    return { indexed, references: [...this.#texts].flatMap(([field, texts]) => proposeReference(field, texts)) }
  }

  /** Adds the string in a field. If the field is a list, adds all its strings. */
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

  /** Keeps only those paths at which the payload of every resource so far contains its indexed value. */
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

/** Matches the start of a datetime, as SpecStar indexes it. Does not match a date without a time. */
const DATETIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/

const typeOf = (value: unknown): IndexedType => {
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float'
  if (typeof value === 'boolean') return 'bool'
  if (Array.isArray(value)) return 'list'
  if (typeof value !== 'string') return 'map'
  return DATETIME.test(value) && instantOf(value) !== undefined ? 'datetime' : 'str'
}

/**
 * Returns the type of a field whose values have these types. Floats without a fraction may look like integers, and some
 * strings may look like times. Returns undefined if the types cannot be combined.
 */
const commonType = (types: ReadonlySet<IndexedType>): IndexedType | undefined => {
  const [type, ...others] = types
  if (others.length === 0) return type
  return UNIONS.find((union) => union.length === types.size && union.every((one) => types.has(one)))?.[0]
}
const UNIONS: readonly (readonly IndexedType[])[] = [
  ['float', 'int'],
  ['str', 'datetime'],
]

/**
 * Returns every field of a payload with its dotted path, including the fields of nested maps. Omits fields whose names
 * contain a dot or are empty, because no path of the registry can lead to them.
 */
function* fieldsOf(
  value: unknown,
  steps: readonly string[] = [],
): Generator<{ readonly path: string; readonly value: unknown }> {
  if (!isMap(value) || steps.length === MAX_LEVELS) return
  for (const [key, member] of Object.entries(value)) {
    if (key === '' || key.includes('.')) continue
    const memberSteps = [...steps, key]
    yield { path: memberSteps.join('.'), value: member }
    yield* fieldsOf(member, memberSteps)
  }
}
