import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { errorMessage } from '../values/error-message.ts'
import { ModelsInvalidError, UnknownModelError } from './errors.ts'
import { compareBytes } from '../values/text-order.ts'

/** An indexed value: its name in `indexed_data`, and where it stands in the payload. */
export interface IndexedField {
  readonly key: string
  readonly path: string
  readonly type?: IndexedType
}

export const INDEXED_TYPES = ['str', 'int', 'float', 'bool', 'datetime', 'list', 'map'] as const
export type IndexedType = (typeof INDEXED_TYPES)[number]

export const REF_TYPES = ['resource_id', 'revision_id'] as const
export type RefType = (typeof REF_TYPES)[number]

/** A field of the payload that holds the id of another resource (or revision), or a list of them. */
export interface ReferenceField {
  readonly field: string
  readonly target: string
  readonly list: boolean
  readonly ref_type: RefType
}

export interface Model {
  readonly name: string
  readonly indexed: readonly IndexedField[]
  readonly references: readonly ReferenceField[]
  readonly schema?: Readonly<Record<string, unknown>>
  /** Partitions of its metadata, and as many of its revisions. Never changed in place. */
  readonly shards: number
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/
const RESERVED = ['blobs']
const DEFAULT_SHARDS = 16
const MAX_SHARDS = 1024

const Text = z.string().min(1)
/** The mark of what `npm run models` proposes and is not sure of: nothing reads it. */
const Guess = z.literal(true).optional()
const ModelFile = z.record(
  z.string(),
  z.strictObject({
    indexed: z
      .array(
        z.union([
          Text,
          z.strictObject({
            key: Text,
            path: Text.optional(),
            type: z.enum(INDEXED_TYPES).optional(),
            guess: Guess,
          }),
        ]),
      )
      .default([]),
    references: z
      .array(
        z.strictObject({
          field: Text,
          target: Text,
          list: z.boolean().default(false),
          ref_type: z.enum(REF_TYPES).default('resource_id'),
          guess: Guess,
        }),
      )
      .default([]),
    schema: z.record(z.string(), z.unknown()).optional(),
    shards: z.int().min(1).max(MAX_SHARDS).default(DEFAULT_SHARDS),
  }),
)
type ModelEntry = z.output<typeof ModelFile>[string]

/** The models of a deployment. */
export class ModelRegistry {
  readonly #models: ReadonlyMap<string, Model>
  /** Sorted by their bytes. */
  readonly names: readonly string[]

  constructor(models: readonly Model[]) {
    this.#models = new Map(models.map((model) => [model.name, model]))
    this.names = [...this.#models.keys()].sort(compareBytes)
  }

  has(name: string): boolean {
    return this.#models.has(name)
  }

  /** Throws `UnknownModelError`, which names those that are registered. */
  get(name: string): Model {
    const model = this.#models.get(name)
    if (model === undefined) throw new UnknownModelError(name, this.names)
    return model
  }
}

/** Reads the registry from a file. Throws `ModelsInvalidError`. */
export const loadModelsFile = async (path: string | URL): Promise<ModelRegistry> => {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ModelsInvalidError([`cannot be read: ${errorMessage(error)}`])
  })
  try {
    return loadModels(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) throw new ModelsInvalidError([`is not JSON: ${error.message}`])
    throw error
  }
}

/** Checks a registry (the content of `models.json`) and makes its models. Throws `ModelsInvalidError` naming model and key. */
export const loadModels = (json: unknown): ModelRegistry => {
  const parsed = ModelFile.safeParse(json)
  if (!parsed.success) throw new ModelsInvalidError(parsed.error.issues.map(issueText))
  const names = Object.keys(parsed.data)
  const findings = Object.entries(parsed.data).flatMap(([name, entry]) => faultsOf(name, entry, names))
  if (findings.length > 0) throw new ModelsInvalidError(findings)
  return new ModelRegistry(Object.entries(parsed.data).map(([name, entry]) => modelOf(name, entry)))
}

const modelOf = (name: string, { indexed, references, schema, shards }: ModelEntry): Model => ({
  name,
  indexed: indexed.map((field) => {
    if (typeof field === 'string') return { key: field, path: field }
    const { key, path = key, type } = field
    return { key, path, ...(type === undefined ? {} : { type }) }
  }),
  references: references.map(({ field, target, list, ref_type }) => ({ field, target, list, ref_type })),
  shards,
  ...(schema === undefined ? {} : { schema }),
})

const faultsOf = (name: string, { indexed, references, shards }: ModelEntry, names: readonly string[]): string[] => {
  const keys = indexed.map((field) => (typeof field === 'string' ? field : field.key))
  const fields = references.map(({ field }) => field)
  const twice = (list: readonly string[]): string[] => [...new Set(list.filter((one, k) => list.indexOf(one) !== k))]
  return [
    ...(NAME.test(name) ? [] : [`model ${JSON.stringify(name)}: a name is a letter, then up to 62 of A-Z a-z 0-9 _ -`]),
    ...(RESERVED.includes(name) ? [`model ${name}: the name is reserved`] : []),
    ...((shards & (shards - 1)) === 0 ? [] : [`model ${name}: shards: ${shards} is not a power of two`]),
    ...twice(keys).map((key) => `model ${name}: indexed: key ${key} stands twice`),
    ...twice(fields).map((field) => `model ${name}: references: field ${field} stands twice`),
    ...references.flatMap(({ field, target }) =>
      names.includes(target) ? [] : [`model ${name}: references: field ${field}: target ${target} is not registered`],
    ),
  ]
}

const issueText = (issue: z.core.$ZodIssue): string => {
  const [model, ...path] = issue.path.map(String)
  if (model === undefined) return issue.message
  return `model ${model}: ${path.length === 0 ? '' : `${path.join('.')}: `}${issue.message}`
}
