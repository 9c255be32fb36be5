import type { CommandContext } from '../../command.ts'
import { EXIT, type ExitCode } from '../../exit-codes.ts'
import { printable } from '../../terminal/printable.ts'
import { counted, countText } from '../../terminal/units.ts'
import type { ArchiveContents } from '../contents/contents.ts'
import { checkModel } from '../arguments.ts'
import { shortId } from '../shown-id.ts'
import type { CountedSource } from '../sources/counted-source.ts'
import { adviseToVerify, readBytes, readText, withContents } from '../with-archive.ts'
import { type ArchiveDifference, diffArchives, hasAny, modelsOf } from './diff-archives.ts'
import { differenceLine } from './difference-text.ts'
import { diffBlobs } from './diff-blobs.ts'
import { fieldDifferences, type FieldDifferences, fieldLines } from './field-lines.ts'

export interface DiffFilesOptions {
  readonly model?: string | undefined
  /** Prints the changed fields of each changed resource. */
  readonly fields: boolean
}

type Groups = Record<ArchiveDifference['group'], number>

/** Compares two archives, prints the differences as they are found, and returns the exit code. */
export const diffFiles = (
  context: CommandContext,
  addresses: readonly [old: string, next: string],
  options: DiffFilesOptions,
): Promise<ExitCode> =>
  withContents(context, addresses[0], {}, (old, oldSource) =>
    withContents(context, addresses[1], {}, (next, newSource) =>
      printDifferences(context, [old, next], [oldSource, newSource], options),
    ),
  )

const printDifferences = async (
  context: CommandContext,
  [old, next]: readonly [ArchiveContents, ArchiveContents],
  sources: readonly [CountedSource, CountedSource],
  { model, fields }: DiffFilesOptions,
): Promise<ExitCode> => {
  const { output } = context
  if (model !== undefined) checkModel(await modelsOf(old, next), model, 2)
  const resources: Groups = { new: 0, changed: 0, missing: 0 }
  const blobs: Groups = { new: 0, changed: 0, missing: 0 }
  let faults = 0
  const lines = async function* (): AsyncGenerator<string> {
    const differences = diffArchives(old, next, {
      models: model === undefined ? undefined : [model],
      keepItems: fields,
      onFault: (archive, { model: of, id, fault: reason }) => {
        faults += 1
        output.note(`resource ${of}/${shortId(id)} of the ${archive} archive cannot be read: ${printable(reason)}`, {
          fault: { archive, model: of, resource_id: id, reason },
        })
      },
    })
    for await (const { versions, ...difference } of differences) {
      resources[difference.group] += 1
      const detail =
        versions === undefined ? undefined : await fieldDifferences([old, versions.old], [next, versions.next])
      yield resourceLine(context, difference, detail)
    }
    // The blobs of an archive do not belong to models.
    if (model !== undefined) return
    const blobDifferences = diffBlobs(old, next, (archive, { file_id, fault }) => {
      faults += 1
      output.note(`blob ${shortId(file_id)} of the ${archive} archive cannot be read: ${printable(fault)}`, {
        fault: { archive, file_id, reason: fault },
      })
    })
    for await (const difference of blobDifferences) {
      blobs[difference.group] += 1
      yield output.json
        ? `${JSON.stringify({ blob: difference })}\n`
        : `${differenceLine(output, KINDS[difference.group], `blob ${shortId(difference.file_id)}`)}\n`
    }
  }
  await output.showPieces(output.json ? 'json' : 'text', lines())
  const read = { old: readBytes(sources[0]), new: readBytes(sources[1]) }
  const summary = { resources, ...(model === undefined ? { blobs } : {}), faults, read }
  output.show({ summary }, () => summaryText(resources, model === undefined ? blobs : undefined))
  if (!output.json) {
    output.note(readText(read.old, 'Old archive: read'))
    output.note(readText(read.new, 'New archive: read'))
  }
  if (faults > 0) {
    adviseToVerify(context)
    return EXIT.partial
  }
  return [resources, blobs].some(hasAny) ? EXIT.differences : EXIT.succeeded
}

const KINDS = { new: 'added', changed: 'changed', missing: 'removed' } as const

const resourceLine = (
  { output }: CommandContext,
  difference: Omit<ArchiveDifference, 'versions'>,
  detail: FieldDifferences | undefined,
): string => {
  if (output.json) return `${JSON.stringify({ ...difference, ...detail })}\n`
  const { model, resource_id, group } = difference
  const line = differenceLine(output, KINDS[group], `${model}/${shortId(resource_id)}`)
  return [line, ...(detail === undefined ? [] : fieldLines(detail)), ''].join('\n')
}

const summaryText = (resources: Groups, blobs: Groups | undefined): string =>
  [groupsText(resources, 'resource'), ...(blobs === undefined ? [] : [groupsText(blobs, 'blob')])].join('\n')

const groupsText = ({ new: added, changed, missing }: Groups, noun: string): string =>
  `${counted(added, `new ${noun}`)}, ${countText(changed)} changed, ${countText(missing)} missing`
