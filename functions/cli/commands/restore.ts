import { Argument, Option } from 'commander'
import * as z from 'zod'
import { STRATEGIES } from '../../../shared/jobs/job-request.ts'
import { describeSource, restoreSource } from '../archive-source.ts'
import { parseModelId } from '../archives/arguments.ts'
import { checkModelName } from '../client/paths.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { finishJob, leaveJob } from '../finish-job.ts'
import { InterruptedError } from '../interrupted-error.ts'
import { type FilterValues, filterOption, parseFilters, RepeatableOption, texts } from '../options.ts'
import { startRestore } from '../start-restore.ts'
import { ask, canAsk } from '../terminal/ask.ts'
import { UsageError } from '../usage-error.ts'

/** `specstar-backup restore`. */
export const RESTORE = defineCommand({
  name: 'restore',
  summary: 'restore an archive, verify the restore, and print the result',
  details:
    'The archive is a local file, the archive of an export job, or an object in S3. A local file is uploaded first. ' +
    'On a terminal, the command asks before it changes the store. ' +
    'With --dry-run, nothing is written to the store, and the result says what a restore would change.',
  arguments: [new Argument('<archive>', 'a file, the id of an export job, or s3://bucket/key[?versionId=…]')],
  options: [
    new Option('--on-duplicate <strategy>', 'what happens to resources that exist already')
      .choices(STRATEGIES)
      .default('overwrite'),
    new Option('-m, --model <model>', 'restore only this model'),
    new RepeatableOption('--only <model/id>', 'restore only this resource; all of them must be of one model'),
    filterOption(),
    new Option('-n, --dry-run', 'compare the archive with the store without writing anything'),
    new Option('--no-strict', 'restore an archive that lacks resources or blobs'),
    new Option('-y, --yes', 'do not ask before the store is changed'),
    new Option('--no-wait', 'print the id of the job without waiting for its end'),
  ],
  examples: [
    'restore backup.acbak --dry-run',
    'restore f6c930a7-2473-4cd3-b740-dbdbf7276118 --on-duplicate skip',
    'restore backup.acbak --only country/country:TW --only country/country:JP',
    'restore s3://shop-archives/exports/2026/11/29/f6c930a7.acbak',
  ],
  input: z.strictObject({
    archive: z.string().min(1, 'must not be empty'),
    onDuplicate: z.enum(STRATEGIES),
    model: z.string().optional(),
    only: texts,
    filter: texts,
    dryRun: z.boolean().optional(),
    strict: z.boolean(),
    yes: z.boolean().default(false),
    wait: z.boolean(),
  }),
  run: async (context, { archive, onDuplicate, model, only = [], filter, dryRun = false, strict, yes, wait }) => {
    const scope = scopeOf(model, only, parseFilters(filter))
    const source = await restoreSource(archive)
    const { endpoint } = context.settings()
    if (!dryRun && !yes && !(await isConfirmed(context, onDuplicate, describeSource(source)))) {
      context.output.note('Nothing was restored.')
      return EXIT.error
    }
    const parameters = { ...scope.filters, on_duplicate: onDuplicate, dry_run: String(dryRun), strict: String(strict) }
    const job = await startRestore(context, source, { model: scope.model, parameters })
    if (!context.output.json)
      context.output.note(
        `${dryRun ? 'Comparing' : 'Restoring'} ${describeSource(source)} at ${endpoint} with job ${job}`,
      )
    return wait ? finishJob(context, job) : leaveJob(context, job)
  },
})

const EFFECTS: Readonly<Record<(typeof STRATEGIES)[number], string>> = {
  overwrite: 'overwrites existing resources',
  skip: 'adds resources but keeps existing ones',
  raise_error: 'adds resources unless some exist already',
}

/**
 * Asks on a terminal whether to go on. If stdin is not a terminal, there is nobody to ask, so returns true. Throws
 * `UsageError` if there is somebody, but the command cannot ask.
 */
const isConfirmed = async (
  { io, output, settings }: CommandContext,
  strategy: (typeof STRATEGIES)[number],
  archive: string,
): Promise<boolean> => {
  if (io.stdin.isTTY !== true) return true
  if (!canAsk(io, output))
    throw new UsageError(
      `--yes: must be given, because the restore changes the store and the command cannot ask: ${
        output.json ? 'with --json, it writes only JSON' : 'stderr is not a terminal'
      }`,
    )
  output.note(`The restore of ${archive} at ${settings().endpoint} ${EFFECTS[strategy]}.`)
  const answer = await ask(io, 'Continue (y/N)? ')
  if (answer === undefined) throw new InterruptedError('nothing was restored')
  return ['y', 'yes'].includes(answer.toLowerCase())
}

interface Scope {
  readonly model: string | undefined
  readonly filters: FilterValues
}

/** Returns the model and the filters of the request. Throws `UsageError` if the resources belong to several models. */
const scopeOf = (model: string | undefined, only: readonly string[], filters: FilterValues): Scope => {
  if (only.length === 0) return { model, filters }
  if (filters['ids'] !== undefined)
    throw new UsageError('--only: cannot be combined with --filter ids=…; use one of them')
  const resources = only.map((text) => parseModelId(text, '--only'))
  for (const resource of resources) checkModelName(resource.model, '--only')
  const models = new Set(resources.map((resource) => resource.model))
  const [first] = models
  const other = [...models].find((name) => name !== model)
  if (model !== undefined && other !== undefined)
    throw new UsageError(`--only: names the model ${other}, but --model names ${model}`)
  if (models.size > 1)
    throw new UsageError(
      `--only: all resources must be of one model, not of ${[...models].join(' and ')}; run the command once for each model`,
    )
  return { model: first, filters: { ...filters, ids: resources.map(({ id }) => id) } }
}
