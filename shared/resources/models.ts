import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { errorMessage } from '../values/error-message.ts'
import { BlobPathList, type BlobPaths } from './blob-paths.ts'
import { ModelsInvalidError, UnknownModelError } from './errors.ts'
import { schemaMessage } from '../values/schema-messages.ts'
import { compareBytes } from '../values/text-order.ts'

/** A field of the payload whose value is copied to `indexed_data`. */
interface IndexedField {
  /** The key of the value in `indexed_data`. */
  readonly key: string
  /** The dotted path of the field in the payload. */
  readonly path: string
  readonly type?: IndexedType
}

const INDEXED_TYPES = ['str', 'int', 'float', 'bool', 'datetime', 'list', 'map'] as const
export type IndexedType = (typeof INDEXED_TYPES)[number]

const REF_TYPES = ['resource_id', 'revision_id'] as const
export type RefType = (typeof REF_TYPES)[number]

/** A field of the payload that contains the id of another resource or revision, or a list of such ids. */
interface ReferenceField {
  /** Dotted path in the payload. */
  readonly field: string
  /** The name of the other resource's model. */
  readonly target: string
  /** True if the field contains a list of ids. */
  readonly list: boolean
  readonly ref_type: RefType
}

/** A model in the registry (`models.json`). `STORE.md` describes the registry. */
export interface Model {
  readonly name: string
  readonly indexed: readonly IndexedField[]
  readonly references: readonly ReferenceField[]
  /** The paths of references to blobs in payloads. Undefined if references are recognized by their shape. */
  readonly blobs?: BlobPaths
  /** The JSON Schema of the model's payloads. */
  readonly schema?: Readonly<Record<string, unknown>>
  /**
   * The number of DynamoDB partition keys over which the metadata of the model is distributed. The revisions have the
   * same number of partition keys. The number must not change, because the keys of all items depend on it.
   */
  readonly shards: number
}

/** The first character is a letter. A name has at most 63 characters. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/
/**
 * Names that a model must not have. SpecStar serves blobs under `/blobs/…`, and would serve a model `blobs` under the
 * same routes.
 */
const RESERVED = ['blobs']
/** The number of shards of a model whose entry in the registry has no `shards`. */
const DEFAULT_SHARDS = 16
/** The largest number of shards of a model. */
export const MAX_SHARDS = 1024

const Text = z.string().min(1)
/** `npm run models` marks uncertain proposals with `guess: true`. The registry ignores this mark. */
const Guess = z.literal(true).optional()
const ModelFile = z.record(
  z.string(),
  z.strictObject(
    {
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
      blobs: BlobPathList.optional(),
      schema: z.record(z.string(), z.unknown()).optional(),
      shards: z.int().min(1).max(MAX_SHARDS).default(DEFAULT_SHARDS),
    },
    // Other issues, such as unknown members, keep the messages of zod.
    { error: ({ code }) => (code === 'invalid_type' ? 'must be an object' : undefined) },
  ),
  'must be a JSON object whose members are the models',
)
const IGNORED = 'ignored_key_prefixes'
const IgnoredKeyPrefixes = z.array(Text)
type ModelEntry = z.output<typeof ModelFile>[string]

/** The registered models of a deployment. */
export class ModelRegistry {
  readonly #models: ReadonlyMap<string, Model>
  /** The names of all models, sorted by their UTF-8 bytes. */
  readonly names: readonly string[]
  readonly #ignoredKeyPrefixes: readonly string[]

  constructor(models: readonly Model[], ignoredKeyPrefixes: readonly string[] = []) {
    this.#models = new Map(models.map((model) => [model.name, model]))
    this.names = [...this.#models.keys()].sort(compareBytes)
    this.#ignoredKeyPrefixes = ignoredKeyPrefixes
  }

  /** Returns true if a partition key begins with one of the prefixes in `ignored_key_prefixes`. */
  ignores(partitionKey: string): boolean {
    return this.#ignoredKeyPrefixes.some((prefix) => partitionKey.startsWith(prefix))
  }

  has(name: string): boolean {
    return this.#models.has(name)
  }

  /** Returns the paths of blobs in the payloads of these models. Omits models whose registry entry has no paths. */
  blobPathsOf(names: readonly string[]): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      names.flatMap((name) => {
        const blobs = this.#models.get(name)?.blobs
        return blobs === undefined ? [] : [[name, blobs]]
      }),
    )
  }

  /** Returns a model. Throws `UnknownModelError` if the model is not registered. */
  get(name: string): Model {
    const model = this.#models.get(name)
    if (model === undefined) throw new UnknownModelError(name, this.names)
    return model
  }
}

/**
 * Reads the registry of a deployment from a JSON file. Throws `ModelsInvalidError` if the file cannot be read or is
 * invalid, or if it contains no model.
 */
export const loadModelsFile = async (path: string | URL): Promise<ModelRegistry> => {
  const source = filePath(path)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ModelsInvalidError([`cannot be read: ${errorMessage(error)}`], source)
  })
  return parseModels(text, source)
}

/** Returns the path of a file for messages. */
export const filePath = (path: string | URL): string => (path instanceof URL ? fileURLToPath(path) : path)

/**
 * Creates the registry of a deployment from its text. `source` is where the text comes from, such as the path of a
 * file. Throws `ModelsInvalidError` if the text is invalid, or if it contains no model.
 */
export const parseModels = (text: string, source: string): ModelRegistry => {
  const registry = loadModels(parseJson(text, source), source)
  if (registry.names.length > 0) return registry
  throw new ModelsInvalidError(
    ['contains no models; add a member for each model, for example { "user": {} } (STORE.md describes the members)'],
    source,
  )
}

/** Control characters that no text contains, and the character that replaces bytes that are not UTF-8. */
// eslint-disable-next-line no-control-regex -- These characters distinguish binary files from text.
const BINARY = /[\0-\x08\x0e-\x1a\x1c-\x1f\ufffd]/

const parseJson = (text: string, source: string): unknown => {
  if (text.startsWith('\uFEFF'))
    throw new ModelsInvalidError(['begins with a byte order mark (BOM): save the file as UTF-8 without BOM'], source)
  try {
    return JSON.parse(text)
  } catch (error) {
    // The message of the error contains the beginning of the file.
    const reason = BINARY.test(text) ? 'it is not a text file' : `${errorMessage(error)}${bannerHint(text)}`
    throw new ModelsInvalidError([`is not JSON: ${reason}`], source)
  }
}

/**
 * If the file begins with the lines that npm prints before the output of a script, returns a hint. This happens if the
 * output was redirected to the file. Otherwise returns an empty string.
 */
const bannerHint = (text: string): string =>
  /^\s*> /.test(text) ? '; the file begins with lines of npm: create it with npm run models -- FILE.acbak --output' : ''

/**
 * Creates a registry from the parsed content of `models.json`, which may contain no model. If the content is invalid,
 * throws `ModelsInvalidError` with a finding for each error.
 */
export const loadModels = (json: unknown, source?: string): ModelRegistry => {
  const read = readModels(json)
  if (read instanceof ModelRegistry) return read
  throw new ModelsInvalidError(read, source)
}

/** Returns the errors in the parsed content of `models.json`. */
export const modelsFindings = (json: unknown): readonly string[] => {
  const read = readModels(json)
  return read instanceof ModelRegistry ? [] : read
}

const readModels = (json: unknown): ModelRegistry | readonly string[] => {
  const { models, prefixes } = splitRegistry(json)
  const ignored = IgnoredKeyPrefixes.safeParse(prefixes)
  const parsed = ModelFile.safeParse(models, { error: schemaMessage })
  const issues = parsed.error?.issues ?? []
  const entries = parsed.data ?? validMembers(models, issues)
  const names = Object.keys(entries)
  const findings = [
    ...(ignored.success ? [] : [`${IGNORED}: must be a list of strings that are not empty`]),
    ...issues.map(issueText),
    ...Object.entries(entries).flatMap(([name, entry]) => findErrors(name, entry, names)),
  ]
  if (findings.length > 0 || !ignored.success) return findings
  return new ModelRegistry(
    Object.entries(entries).map(([name, entry]) => modelOf(name, entry)),
    ignored.data,
  )
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns the models without the members that have issues, so that the errors of the other members are found, too. */
const validMembers = (models: unknown, issues: readonly z.core.$ZodIssue[]): z.output<typeof ModelFile> => {
  if (!isObject(models)) return {}
  const isInvalid = (model: string, member: string): boolean =>
    issues.some(({ path, ...issue }) =>
      path[0] !== model
        ? false
        : path.length > 1
          ? path[1] === member
          : issue.code === 'unrecognized_keys' && issue.keys.includes(member),
    )
  const valid = Object.entries(models).map(([model, entry]: [string, unknown]) => {
    const members = isObject(entry) ? Object.entries(entry) : []
    return [model, Object.fromEntries(members.filter(([member]) => !isInvalid(model, member)))]
  })
  return ModelFile.parse(Object.fromEntries(valid))
}

/**
 * Separates the member `ignored_key_prefixes` of the registry from its models. If the value of this member is an
 * object, the member is a model with this name, because registries of earlier releases may contain such a model.
 */
const splitRegistry = (json: unknown): { readonly models: unknown; readonly prefixes: unknown } => {
  if (!isObject(json) || !(IGNORED in json) || isObject(json[IGNORED])) return { models: json, prefixes: [] }
  const { [IGNORED]: prefixes, ...models } = json
  return { models, prefixes }
}

const modelOf = (name: string, { indexed, references, blobs, schema, shards }: ModelEntry): Model => ({
  name,
  indexed: indexed.map((field) => {
    if (typeof field === 'string') return { key: field, path: field }
    const { key, path = key, type } = field
    return { key, path, ...(type === undefined ? {} : { type }) }
  }),
  references: references.map(({ field, target, list, ref_type }) => ({ field, target, list, ref_type })),
  shards,
  ...(blobs === undefined ? {} : { blobs }),
  ...(schema === undefined ? {} : { schema }),
})

const findErrors = (name: string, { indexed, references, shards }: ModelEntry, names: readonly string[]): string[] => {
  const keys = indexed.map((field) => (typeof field === 'string' ? field : field.key))
  const fields = references.map(({ field }) => field)
  const duplicates = (list: readonly string[]): string[] => [
    ...new Set(list.filter((one, k) => list.indexOf(one) !== k)),
  ]
  return [
    ...(NAME.test(name)
      ? []
      : [`model ${JSON.stringify(name)}: a name must be a letter, followed by at most 62 of A-Z a-z 0-9 _ -`]),
    ...(RESERVED.includes(name)
      ? [`model ${name}: SpecStar uses this name for its routes /blobs/…; rename the model`]
      : []),
    ...((shards & (shards - 1)) === 0 ? [] : [`model ${name}: shards: ${shards} is not a power of two`]),
    ...duplicates(keys).map((key) => `model ${name}: indexed: key ${key} is listed twice`),
    ...duplicates(fields).map((field) => `model ${name}: references: field ${field} is listed twice`),
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
