import { quote } from '../values/message-text.ts'

export class UnknownModelsError extends Error {
  override readonly name = 'UnknownModelsError'
  readonly models: readonly string[]
  readonly registered: readonly string[]

  constructor(models: readonly string[], registered: readonly string[]) {
    super(
      `the archive has models that are not registered here: ${models.join(', ')} (registered: ${registered.join(', ')})`,
    )
    this.models = models
    this.registered = registered
  }
}

export class SectionMissingError extends Error {
  override readonly name = 'SectionMissingError'
  readonly model: string
  readonly sections: readonly string[]

  constructor(model: string, sections: readonly string[]) {
    super(`the archive has no section for model ${model} (it has: ${sections.join(', ') || 'none'})`)
    this.model = model
    this.sections = sections
  }
}

/** The object that was to be restored is not there, or is another one by now. */
export class ArchiveUnavailableError extends Error {
  override readonly name = 'ArchiveUnavailableError'
}

/** Duplicates under `raise_error`. Nothing was written. */
export class DuplicatesError extends Error {
  override readonly name = 'DuplicatesError'
  readonly count: number
  /** The first 100. */
  readonly ids: readonly string[]

  constructor(count: number, ids: readonly string[]) {
    super(
      `${count} of what the archive holds exist already, nothing was written: ${ids.slice(0, 5).join(', ')}${count > 5 ? ', …' : ''}`,
    )
    this.count = count
    this.ids = ids
  }
}

/** Another writer created a resource or a blob between preflight and write, under `raise_error`. What was written is taken back. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
  readonly id: string

  /** `what`: a model, or `blob`. */
  constructor(what: string, id: string) {
    super(`${what} ${quote(id)} was created by another writer during the restore`)
    this.id = id
  }
}

export class VerificationFailedError extends Error {
  override readonly name = 'VerificationFailedError'
  readonly checks: readonly string[]

  constructor(checks: readonly string[]) {
    super(`verification failed: ${checks.join(', ')}; the report names every finding`)
    this.checks = checks
  }
}
