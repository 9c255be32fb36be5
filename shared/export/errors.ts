import { quote } from '../values/message-text.ts'
import type { UnrestorableResource } from '../jobs/unrestorable-resource.ts'
import { describeResources, listedResources } from '../jobs/listed-resources.ts'
import type { UnrestorableList } from '../jobs/unrestorable-list.ts'

/**
 * The export is strict, and the store contains resources that a restore could not write or verify. The export fails
 * after it has read all resources, so that `count` is complete.
 */
export class UnrestorableResourcesError extends Error {
  override readonly name = 'UnrestorableResourcesError'
  readonly count: number
  /** The first 100 of these resources, or fewer if the list would exceed 14 KiB. */
  readonly resources: readonly UnrestorableResource[]
  /** The location of the list of all these resources. */
  readonly list: UnrestorableList

  constructor(resources: readonly UnrestorableResource[], list: UnrestorableList) {
    const noun = resources.length === 1 ? 'resource' : 'resources'
    super(
      `${resources.length} ${noun} could not be restored: ${describeResources(resources)}. ` +
        'Correct them, or export with strict=false to leave them out',
    )
    this.count = resources.length
    this.resources = listedResources(resources).resources
    this.list = list
  }
}

/**
 * SpecStar would not accept a resource or blob, or would lose a part of it. The export fails before it creates an
 * archive.
 */
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
