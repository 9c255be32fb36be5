import { quoteId } from '../values/quote-id.ts'

/** A resource (or revision) whose id or schema version cannot be a key of the store. */
export class ResourceIdError extends Error {
  override readonly name = 'ResourceIdError'
  readonly id: string

  constructor(id: string, reason: string) {
    super(`resource id ${quoteId(id)}: ${reason}`)
    this.id = id
  }
}

/** Resources whose current revision has no item, also when they were read again: a writer died, or an item was lost. */
export class TornResourcesError extends Error {
  override readonly name = 'TornResourcesError'
  readonly count: number
  /** The first 100. */
  readonly ids: readonly string[]

  constructor(ids: readonly string[]) {
    super(
      `${ids.length} resources lack their current revision: ${ids.slice(0, 5).map(quoteId).join(', ')}${ids.length > 5 ? ', …' : ''}`,
    )
    this.count = ids.length
    this.ids = ids.slice(0, 100)
  }
}

/** A resource kept changing while it was read. Reading the range again may succeed. */
export class ResourceChangedError extends Error {
  override readonly name = 'ResourceChangedError'
  readonly id: string

  constructor(model: string, id: string) {
    super(`${model} ${quoteId(id)} kept changing while it was read`)
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

/** `models.json` says something that cannot be. Each finding names the model and the key. */
export class ModelsInvalidError extends Error {
  override readonly name = 'ModelsInvalidError'
  readonly findings: readonly string[]

  constructor(findings: readonly string[]) {
    super(`models.json: ${findings.join('; ')}`)
    this.findings = findings
  }
}
