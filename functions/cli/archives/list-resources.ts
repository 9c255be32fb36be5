import { MetadataView } from '../../../shared/resources/views.ts'
import type { CommandContext } from '../command.ts'
import { printable } from '../terminal/printable.ts'
import { timeText } from '../terminal/units.ts'
import type { ArchiveContents, FaultyContentsRecord } from './contents/contents.ts'
import { resourcesOf } from './contents/resources.ts'
import { shownId } from './shown-id.ts'

/** A resource of an archive, as `ls` lists it. */
interface ListedResource {
  readonly resource_id: string
  readonly revisions: number
  readonly current_revision_id?: string
  readonly updated_time?: string
  readonly updated_by?: string
  readonly is_deleted: boolean
}

/**
 * Writes the resources of a model in the order of the archive, one on each line. Returns the resources that cannot be
 * read. Memory does not grow with the number of resources.
 */
export const listResources = async (
  { output }: CommandContext,
  contents: ArchiveContents,
  model: string,
): Promise<number> => {
  let faults = 0
  const onFault = ({ id, fault: reason }: FaultyContentsRecord): void => {
    faults += 1
    output.note(`resource ${shownId(id)} of model ${model} cannot be read: ${printable(reason)}`, {
      fault: { model, resource_id: id, reason },
    })
  }
  const lines = async function* (): AsyncGenerator<string> {
    if (!output.json)
      yield `${output.style('bold', 'UPDATED'.padEnd(22))}${output.style('bold', 'REVISIONS')}  ${output.style('bold', 'RESOURCE')}\n`
    for await (const resource of resourcesOf(contents, model, { onFault })) {
      let revisions = 0
      for await (const revision of resource.revisions) if (revision.kind === 'revision') revisions += 1
      const listed = toListed(new MetadataView(resource.metadata.item), revisions)
      yield output.json ? `${JSON.stringify(listed)}\n` : lineOf(output.style('dim', 'deleted'), listed)
    }
  }
  await output.showPieces(output.json ? 'json' : 'text', lines())
  return faults
}

const toListed = (metadata: MetadataView, revisions: number): ListedResource => {
  const { currentRevisionId, updatedTime, updatedBy } = metadata
  return {
    resource_id: metadata.resourceId,
    revisions,
    ...(currentRevisionId === undefined ? {} : { current_revision_id: currentRevisionId }),
    ...(updatedTime === undefined ? {} : { updated_time: updatedTime }),
    ...(updatedBy === undefined ? {} : { updated_by: updatedBy }),
    is_deleted: metadata.value('is_deleted') === true,
  }
}

const lineOf = (deleted: string, { resource_id, revisions, updated_time, is_deleted }: ListedResource): string => {
  const updated = updated_time === undefined ? '-' : utcText(updated_time)
  return `${updated.padEnd(22)}${String(revisions).padStart(9)}  ${shownId(resource_id)}${is_deleted ? ` ${deleted}` : ''}\n`
}

const utcText = (time: string): string => {
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? shownId(time) : timeText(new Date(ms).toISOString())
}
