import * as z from 'zod'
import { shownId } from './archives/shown-id.ts'
import { restoreSource } from './archive-source.ts'
import { UnreachableError } from './client/errors.ts'
import type { Job } from './client/job.ts'
import { jobPath } from './client/paths.ts'
import { pages } from './client/pages.ts'
import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { showEndedJob } from './finish-job.ts'
import { startRestore } from './start-restore.ts'
import { printable, type TextFormat } from './terminal/printable.ts'
import { bytesText, counted, countText } from './terminal/units.ts'
import { exitCodeOf, waitForJob } from './wait-for-job.ts'

/** A value as its JSON, or as its type, size and hash. With JSON, `size` means that the JSON is cut. */
const Value = z.looseObject({
  json: z.exactOptional(z.string()),
  type: z.exactOptional(z.string()),
  size: z.exactOptional(z.number()),
  sha256: z.exactOptional(z.string()),
})
const Field = z.looseObject({ path: z.string(), archived: z.exactOptional(Value), stored: z.exactOptional(Value) })

/** Groups of differences as the API names them: a restore would write new resources to the store. */
const GROUPS = { new: 'missing', missing: 'missing', changed: 'changed', target_only: 'new' } as const
const Difference = z.looseObject({
  group: z.enum(['new', 'missing', 'changed', 'target_only']),
  model: z.string(),
  resource_id: z.string(),
  fields: z.exactOptional(z.array(Field)),
  fields_total: z.exactOptional(z.number()),
  revisions_total: z.exactOptional(z.number()),
})

/** The members of the result of a dry run that `/differences` does not list. */
const DryRun = z.looseObject({ blobs: z.looseObject({ new: z.number(), changed: z.number() }) })

interface LiveDiffOptions {
  readonly model: string | undefined
  /** If true, the fields of changed resources are shown, with their values. */
  readonly fields: boolean
}

const MAX_PAGE = 1_000

/** A resource that differs. Its group has the same meaning as in the comparison of two archives. */
type LiveDifference = Pick<
  z.output<typeof Difference>,
  'model' | 'resource_id' | 'fields' | 'fields_total' | 'revisions_total'
> & { readonly group: Group }
type Group = 'new' | 'changed' | 'missing'

/**
 * Compares an archive with the store by a dry run, and writes one line for each resource that differs: with the sign
 * `+` if only the store contains it, `-` if only the archive contains it, and `~` if both do. A dry run only counts the
 * blobs that differ, and only those of the archive.
 */
export const diffLive = async (
  context: CommandContext,
  archive: string,
  { model, fields }: LiveDiffOptions,
): Promise<ExitCode> => {
  const { output } = context
  const source = await restoreSource(archive)
  const id = await startRestore(context, source, { model, parameters: { on_duplicate: 'overwrite', dry_run: 'true' } })
  const job = await waitForJob(context, id)
  if (job.status !== 'succeeded' && job.status !== 'partial') return showEndedJob(context, job)
  const resources = { new: 0, changed: 0, missing: 0 }
  for await (const difference of differences(context, id, fields)) {
    resources[difference.group] += 1
    output.show(difference, () => differenceText(context, difference))
  }
  const blobs = blobsOf(job)
  output.show({ summary: { resources, blobs, complete: job.status === 'succeeded' } }, () =>
    summaryText(context, resources, blobs),
  )
  if (job.status === 'partial' && !output.json)
    output.note(`The archive could not be compared completely. The reasons are in: specstar-backup show ${id}`)
  if ([resources, blobs].some(hasAny)) return EXIT.differences
  return exitCodeOf(job)
}

async function* differences({ api }: CommandContext, jobId: string, fields: boolean): AsyncGenerator<LiveDifference> {
  const request = {
    path: jobPath(jobId, 'differences'),
    query: { detail: fields ? 'fields' : 'ids' },
    member: 'differences',
    item: Difference,
    maxPage: MAX_PAGE,
  }
  for await (const { items } of pages(api(), request))
    for (const item of items) yield { ...item, group: GROUPS[item.group] }
}

/** Returns the numbers of blobs that differ. A dry run does not look for blobs that only the store contains. */
const blobsOf = ({ job_id, result }: Job): Readonly<Record<'changed' | 'missing', number>> => {
  const { data } = DryRun.safeParse(result)
  if (data === undefined)
    throw new UnreachableError(`the result of dry run ${job_id} does not state its blobs; update this command`)
  return { changed: data.blobs.changed, missing: data.blobs.new }
}

const hasAny = (groups: Readonly<Record<string, number>>): boolean => Object.values(groups).some((count) => count > 0)

const STYLES = {
  new: { sign: '+', format: 'green' },
  changed: { sign: '~', format: 'yellow' },
  missing: { sign: '-', format: 'red' },
} as const satisfies Record<Group, { readonly sign: string; readonly format: TextFormat }>

const summaryText = (
  { output }: CommandContext,
  resources: Readonly<Record<Group, number>>,
  { changed, missing }: Readonly<Record<'changed' | 'missing', number>>,
): string =>
  [
    ...(changed === 0 ? [] : [output.style('yellow', `~ ${counted(changed, 'blob')} with other bytes or properties`)]),
    ...(missing === 0 ? [] : [output.style('red', `- ${counted(missing, 'blob')} only in the archive`)]),
    `${counted(resources.new, 'new resource')}, ${countText(resources.changed)} changed, ${countText(resources.missing)} missing`,
    `${counted(changed, 'changed blob')}, ${countText(missing)} missing`,
  ].join('\n')

const differenceText = ({ output }: CommandContext, difference: LiveDifference): string => {
  const { group, model, resource_id, fields = [], fields_total = fields.length, revisions_total = 0 } = difference
  const { sign, format } = STYLES[group]
  return [
    output.style(format, `${sign} ${model}/${resource_id}`),
    ...fields.map((field) => `    ${fieldText(field)}`),
    ...(fields_total > fields.length ? [`    … and ${counted(fields_total - fields.length, 'field')} more`] : []),
    ...(revisions_total > 0
      ? [`    ${counted(revisions_total, 'revision')} ${revisions_total === 1 ? 'differs' : 'differ'}`]
      : []),
  ].join('\n')
}

/** Returns the line of a field in the form of the comparison of two archives. */
const fieldText = ({ path, archived, stored }: z.output<typeof Field>): string => {
  const sign = archived === undefined ? '+' : stored === undefined ? '-' : '~'
  const values = [archived, stored].flatMap((value) => (value === undefined ? [] : [valueText(value)]))
  return `${sign} ${shownId(path)}  ${values.join(' → ')}`
}

const valueText = ({ json, type = 'value', size = 0, sha256 = '' }: z.output<typeof Value>): string => {
  if (json === undefined) return printable(`${type}, ${bytesText(size)}, sha256 ${sha256}`)
  return size === 0 ? printable(json) : `${printable(json)}… (${bytesText(size)})`
}
