import { quote, firstNames } from '../values/message-text.ts'

/**
 * A resource cannot be stored. Its id, a revision id or a schema version is invalid, or its sort key would be too long.
 */
export class ResourceIdError extends Error {
  override readonly name = 'ResourceIdError'
  readonly id: string

  /** `reason` follows the id in the message, for example `is empty`. */
  constructor(id: string, reason: string) {
    super(`resource id ${quote(id)} ${reason}`)
    this.id = id
  }
}

/** The number of ids in the message. The limit keeps the message short. */
const MAX_NAMED = 5
/** The number of ids in the property `ids`. The limit keeps the error small. */
const MAX_KEPT = 100

/**
 * The current revisions of some resources are missing, even after several attempts to read them. Either another program
 * stopped between writing the metadata and writing the revision, or an item was lost.
 */
export class TornResourcesError extends Error {
  override readonly name = 'TornResourcesError'
  readonly count: number
  /** The ids of the first 100 of these resources. */
  readonly ids: readonly string[]

  constructor(ids: readonly string[]) {
    const noun = ids.length === 1 ? 'resource' : 'resources'
    const named = ids.slice(0, MAX_NAMED).map(quote).join(', ')
    const more = ids.length > MAX_NAMED ? ', …' : ''
    super(
      `the current revision of ${ids.length} ${noun} is missing: ${named}${more}. ` +
        'Correct the data, or export with strict=false to leave out such resources',
    )
    this.count = ids.length
    this.ids = ids.slice(0, MAX_KEPT)
  }
}

/**
 * A resource changed during each of ten attempts to read it. If the revisions are returned as a stream, a single change
 * causes this error, because a stream cannot be restarted. Reading the resource later may succeed.
 */
export class ResourceChangedError extends Error {
  override readonly name = 'ResourceChangedError'
  readonly id: string

  constructor(model: string, id: string) {
    super(`resource ${quote(id)} of model ${model} changed while it was read`)
    this.id = id
  }
}

export class UnknownModelError extends Error {
  override readonly name = 'UnknownModelError'
  readonly model: string
  readonly registered: readonly string[]

  constructor(model: string, registered: readonly string[]) {
    super(`model ${model} is not registered (registered: ${firstNames(registered)})`)
    this.model = model
    this.registered = registered
  }
}

/**
 * The model registry is invalid. Each finding contains the model and the key that are invalid. The message begins with
 * the source of the registry, such as the path of its file.
 */
export class ModelsInvalidError extends Error {
  override readonly name = 'ModelsInvalidError'
  readonly findings: readonly string[]

  constructor(findings: readonly string[], source = 'models.json') {
    super(`${source}: ${findings.join('; ')}`)
    this.findings = findings
  }
}
