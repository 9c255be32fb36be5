import { quote } from '../values/message-text.ts'

/** The id, revision id or schema version of a resource cannot be part of a key. */
export class ResourceIdError extends Error {
  override readonly name = 'ResourceIdError'
  readonly id: string

  constructor(id: string, reason: string) {
    super(`resource id ${quote(id)}: ${reason}`)
    this.id = id
  }
}

const MAX_NAMED = 5
const MAX_KEPT = 100

/**
 * Resources lack their current revision, even after several attempts to read them: a writer died between its two
 * writes, or an item was lost.
 */
export class TornResourcesError extends Error {
  override readonly name = 'TornResourcesError'
  readonly count: number
  /** The first 100. */
  readonly ids: readonly string[]

  constructor(ids: readonly string[]) {
    const noun = ids.length === 1 ? 'resource' : 'resources'
    const named = ids.slice(0, MAX_NAMED).map(quote).join(', ')
    const more = ids.length > MAX_NAMED ? ', …' : ''
    super(`the current revision of ${ids.length} ${noun} is missing: ${named}${more}`)
    this.count = ids.length
    this.ids = ids.slice(0, MAX_KEPT)
  }
}

/**
 * A resource changed while it was read: during each of ten attempts or, if its revisions are returned as a stream, once.
 * Reading it again later may succeed.
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
    super(`model ${model} is not registered (registered: ${registered.join(', ')})`)
    this.model = model
    this.registered = registered
  }
}

/** The model registry (`models.json`) is invalid. Each finding names the model and the key. */
export class ModelsInvalidError extends Error {
  override readonly name = 'ModelsInvalidError'
  readonly findings: readonly string[]

  constructor(findings: readonly string[]) {
    super(`models.json: ${findings.join('; ')}`)
    this.findings = findings
  }
}
