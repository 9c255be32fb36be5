import { quote } from '../values/message-text.ts'
import type { UnrestorableResource } from '../jobs/unrestorable-resource.ts'
import { describeResources, listedResources } from '../jobs/listed-resources.ts'

/**
 * The store contains resources that no restore could write, or whose restore could not be verified. A strict export
 * fails with this error after it has read everything, so that all of them are counted.
 */
export class UnrestorableResourcesError extends Error {
  override readonly name = 'UnrestorableResourcesError'
  readonly count: number
  /** The first 100 of these resources. Fewer if the list would exceed 14 KiB. */
  readonly resources: readonly UnrestorableResource[]

  constructor(resources: readonly UnrestorableResource[]) {
    const noun = resources.length === 1 ? 'resource' : 'resources'
    super(
      `${resources.length} ${noun} could not be restored: ${describeResources(resources)}. ` +
        'Correct them, or export with strict=false to leave them out',
    )
    this.count = resources.length
    this.resources = listedResources(resources).resources
  }
}

/** SpecStar would reject or lose a resource or blob. The export fails before it creates an archive. */
export class SpecstarRefusesError extends Error {
  override readonly name = 'SpecstarRefusesError'
  readonly model: string
  /** The id of the resource, or the file id of the blob. */
  readonly id: string

  constructor(subject: 'resource' | 'blob', model: string, id: string, reason: string) {
    super(`SpecStar does not accept ${subject} ${quote(id)} of model ${model}: ${reason}`)
    this.model = model
    this.id = id
  }
}
