import { ArchiveInvalidError } from '../archive/errors.ts'
import type { ListedResources } from '../jobs/job-lists.ts'
import { describeResources, listedResources } from '../jobs/listed-resources.ts'
import type { UnrestorableList } from '../jobs/unrestorable-list.ts'
import { firstNames, MAX_NAMES, quote } from '../values/message-text.ts'

/** The archive contains models that are not registered. */
export class UnknownModelsError extends Error {
  override readonly name = 'UnknownModelsError'
  /** The number of models that are not registered. */
  readonly count: number
  /** The names of the first 20 models that are not registered. */
  readonly models: readonly string[]
  /** The names of the first 20 registered models. */
  readonly registered: readonly string[]

  constructor(models: readonly string[], registered: readonly string[]) {
    super(
      `the archive has unregistered models (${models.length}): ${firstNames(models)}; ` +
        `registered models: ${firstNames(registered)}; ` +
        'register the models in models.json, or restore each registered model with its route /{model}/import',
    )
    this.count = models.length
    this.models = models.slice(0, MAX_NAMES)
    this.registered = registered.slice(0, MAX_NAMES)
  }
}

/** The archive has no section for the model of the route. */
export class SectionMissingError extends Error {
  override readonly name = 'SectionMissingError'
  readonly model: string
  readonly sections: readonly string[]

  constructor(model: string, sections: readonly string[]) {
    super(
      `the archive has no section for model ${model}; ` +
        (sections.length === 0
          ? 'the archive has no sections'
          : `the archive has sections for ${firstNames(sections)}`),
    )
    this.model = model
    this.sections = sections
  }
}

/** The requested archive is in a bucket from which this deployment does not restore. */
export class SourceNotAllowedError extends Error {
  override readonly name = 'SourceNotAllowedError'
  readonly bucket: string
  readonly allowed: readonly string[]

  constructor(bucket: string, allowed: readonly string[]) {
    super(
      `from.bucket: this deployment does not restore archives from bucket ${bucket}; ` +
        `allowed buckets: ${allowed.join(', ')}. Copy the archive to an allowed bucket`,
    )
    this.bucket = bucket
    this.allowed = allowed
  }
}

/** The archive to restore does not exist, or it changed after the restore was requested. */
export class ArchiveUnavailableError extends Error {
  override readonly name = 'ArchiveUnavailableError'
}

/**
 * The restore is strict, and the archive contains resources that cannot be restored. Nothing was written. `resources`
 * contains the first 100 of these resources, or fewer if the list would exceed 14 KiB.
 */
export class ArchiveResourcesInvalidError extends ArchiveInvalidError {
  override readonly name = 'ArchiveResourcesInvalidError'
  readonly count: number
  readonly resources: ListedResources['resources']
  /** The location of the list of all these resources. */
  readonly list: UnrestorableList

  /**
   * `count` is the number of resources that cannot be restored. `resources` may contain only the first of these
   * resources.
   */
  constructor(count: number, resources: ListedResources['resources'], list: UnrestorableList) {
    super(describeUnrestorable(count, resources))
    this.count = count
    this.resources = listedResources(resources).resources
    this.list = list
  }
}

/**
 * The restore is strict, and a checksum in a stream proves that a resource cannot be restored. Nothing was written.
 * `entry`, `expected` and `actual` describe the first resource that cannot be restored, and `resources` contains the
 * first 100 of these resources, or fewer if the list would exceed 14 KiB.
 */
export class CorruptResourcesError extends Error {
  override readonly name = 'CorruptResourcesError'
  readonly count: number
  readonly resources: ListedResources['resources']
  /** The object that lists all of them. */
  readonly list: UnrestorableList
  readonly entry: string
  readonly expected: string
  readonly actual: string

  /** `mismatch` is about the first resource. */
  constructor(
    count: number,
    resources: ListedResources['resources'],
    list: UnrestorableList,
    mismatch: { readonly entry: string; readonly expected: string; readonly actual: string },
  ) {
    super(describeUnrestorable(count, resources))
    this.count = count
    this.resources = listedResources(resources).resources
    this.list = list
    this.entry = mismatch.entry
    this.expected = mismatch.expected
    this.actual = mismatch.actual
  }
}

const describeUnrestorable = (count: number, resources: ListedResources['resources']): string =>
  `${count} ${count === 1 ? 'resource' : 'resources'} cannot be restored: ${describeResources(resources, count)}. ` +
  'Nothing was written. Restore with strict=false to restore all other resources'

/** The number of ids in the message of a `DuplicatesError`. */
const IDS_IN_MESSAGE = 5

/** Under `raise_error`, resources or blobs of the archive already exist. Nothing was written. */
export class DuplicatesError extends Error {
  override readonly name = 'DuplicatesError'
  readonly count: number
  /** The first 100 ids of existing resources and blobs. */
  readonly ids: readonly string[]

  constructor(count: number, ids: readonly string[]) {
    super(
      `the target already has ${count} of the archived resources and blobs: ` +
        `${ids.slice(0, IDS_IN_MESSAGE).join(', ')}${count > IDS_IN_MESSAGE ? ', …' : ''}; ` +
        'nothing was written. Restore with on_duplicate=overwrite or on_duplicate=skip, ' +
        'or delete the existing resources and blobs first',
    )
    this.count = count
    this.ids = ids
  }
}

/**
 * Under `raise_error`, another writer created a resource or a blob after `preflight`. The restore removes the resources
 * that it has written.
 */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
  readonly id: string

  /** `kind` is the name of a model, or `blob`. */
  constructor(kind: string, id: string) {
    super(
      `another writer created ${kind} ${quote(id)} during the restore; ` +
        'the restore removes the resources that it has written',
    )
    this.id = id
  }
}

/** The store differs from the archive, and the restore caused the differences. */
export class VerificationFailedError extends Error {
  override readonly name = 'VerificationFailedError'
  readonly checks: readonly string[]

  constructor(checks: readonly string[]) {
    super(
      `the store differs from the archive after the restore; failed checks: ${checks.join(', ')}. ` +
        'The report lists the differences',
    )
    this.checks = checks
  }
}

/** The list of the differences of a restore was deleted. */
export class DifferencesExpiredError extends Error {
  override readonly name = 'DifferencesExpiredError'

  constructor(jobId: string) {
    super(
      `the differences of job ${jobId} were deleted, because they are kept for 7 days; start a new dry run to compare ` +
        'the archive with the store again',
    )
  }
}
