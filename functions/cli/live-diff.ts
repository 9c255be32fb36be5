import * as z from 'zod'
import { hasAny } from './archives/diff/diff-archives.ts'
import { differenceLine, fieldLine } from './archives/diff/difference-text.ts'
import { shortId } from './archives/shown-id.ts'
import { restoreSource } from './archive-source.ts'
import { UnreachableError } from './client/errors.ts'
import type { Job } from './client/job.ts'
import { jobPath } from './client/paths.ts'
import { pages } from './client/pages.ts'
import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { showEndedJob } from './finish-job.ts'
import { startRestore } from './start-restore.ts'
import { printable } from './terminal/printable.ts'
import { counted, countText } from './terminal/units.ts'
import { waitForJob } from './wait-for-job.ts'

/** A value as its JSON, or as its type, size and hash. With JSON, `size` means that the JSON is cut. */
const Value = z.looseObject({
  json: z.exactOptional(z.string()),
  type: z.exactOptional(z.string()),
  size: z.exactOptional(z.number()),
  sha256: z.exactOptional(z.string()),
})
const Field = z.looseObject({ path: z.string(), archived: z.exactOptional(Value), stored: z.exactOptional(Value) })

const Difference = z.looseObject({
  group: z.enum(['new', 'missing', 'changed', 'target_only']),
  model: z.string(),
  resource_id: z.string(),
  /** The state of a changed resource at the time of the request. */
  now: z.exactOptional(z.string()),
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

type LiveDifference = z.output<typeof Difference>
type Group = LiveDifference['group']

/** A restore would write `new` resources. A dry run has no resources of the group `missing`. */
const KINDS = { new: 'removed', missing: 'removed', changed: 'changed', target_only: 'added' } as const

/**
 * Compares an archive with the store by a dry run, and writes one line for each resource that differs: with the sign
 * `+` if only the store contains it, `-` if only the archive contains it, and `~` if both do. With `--json`, the lines
 * are those of the API. A dry run only counts the blobs that differ, and only those of the archive.
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
  const resources = { new: 0, changed: 0, missing: 0, target_only: 0 }
  const lines = async function* (): AsyncGenerator<string> {
    for await (const difference of differences(context, id, fields)) {
      resources[difference.group] += 1
      yield `${output.json ? JSON.stringify(difference) : differenceText(context, difference)}\n`
    }
  }
  await output.showPieces(output.json ? 'json' : 'text', lines())
  const blobs = blobsOf(job)
  output.show({ summary: { resources, blobs, complete: job.status === 'succeeded' } }, () =>
    summaryText(resources, blobs),
  )
  if (job.status === 'partial') {
    if (!output.json)
      output.note(`The archive could not be compared completely. The reasons are in: specstar-backup show ${id}`)
    return EXIT.partial
  }
  return [resources, blobs].some(hasAny) ? EXIT.differences : EXIT.succeeded
}

async function* differences({ api }: CommandContext, jobId: string, fields: boolean): AsyncGenerator<LiveDifference> {
  const request = {
    path: jobPath(jobId, 'differences'),
    query: { detail: fields ? 'fields' : 'ids' },
    member: 'differences',
    item: Difference,
    maxPage: MAX_PAGE,
  }
  for await (const { items } of pages(api(), request)) yield* items
}

/** Returns the numbers of blobs that differ. A dry run does not look for blobs that only the store contains. */
const blobsOf = ({ job_id, result }: Job): Readonly<Record<'new' | 'changed', number>> => {
  const { data } = DryRun.safeParse(result)
  if (data === undefined)
    throw new UnreachableError(`the result of dry run ${job_id} does not state its blobs; update this command`)
  return { new: data.blobs.new, changed: data.blobs.changed }
}

const summaryText = (
  { new: onlyArchived, missing, changed, target_only }: Readonly<Record<Group, number>>,
  blobs: Readonly<Record<'new' | 'changed', number>>,
): string =>
  [
    `${counted(target_only, 'resource')} only in the store, ${countText(changed)} changed, ` +
      `${countText(onlyArchived + missing)} only in the archive`,
    `${counted(blobs.changed, 'blob')} changed, ${countText(blobs.new)} only in the archive`,
  ].join('\n')

/** The states of a changed resource that are printed below its line. Most of them have no fields. */
const STATES: Readonly<Record<string, string>> = {
  same: 'equal now; the store has changed since the dry run',
  torn: 'the current revision is not in the store',
  without_metadata: 'only revisions of the resource are in the store',
  missing: 'the store no longer contains the resource',
  too_large: 'the revisions or the names of the changed fields are too large to be shown',
  not_compared: 'the fields could not be compared',
}

const differenceText = ({ output }: CommandContext, difference: LiveDifference): string => {
  const { group, model, resource_id, now = 'changed', fields = [], revisions_total = 0 } = difference
  const { fields_total = fields.length } = difference
  return [
    differenceLine(output, KINDS[group], `${model}/${shortId(resource_id)}`),
    ...(now === 'changed' ? [] : [`    ${printable(STATES[now] ?? now)}`]),
    ...fields.map(({ path, archived, stored }) => `    ${fieldLine(path, archived, stored)}`),
    ...(fields_total > fields.length ? [`    … and ${counted(fields_total - fields.length, 'field')} more`] : []),
    ...(revisions_total > 0
      ? [`    ${counted(revisions_total, 'revision')} ${revisions_total === 1 ? 'differs' : 'differ'}`]
      : []),
  ].join('\n')
}
