import { Argument, Option } from 'commander'
import * as z from 'zod'
import { ARCHIVE_ARGUMENT } from '../archives/arguments.ts'
import { diffFiles } from '../archives/diff/diff-files.ts'
import { defineCommand } from '../command.ts'
import { diffLive } from '../live-diff.ts'
import { UsageError } from '../usage-error.ts'

/** `specstar-backup diff`. */
export const DIFF = defineCommand({
  name: 'diff',
  summary: 'list what is new, changed and missing in a newer archive or in the store, compared with an archive',
  details:
    'A line begins with + if only the second archive contains the resource, with - if only the first one contains it, ' +
    'and with ~ if both differ. Both archives are read completely, except their blobs. ' +
    'With --live, the store takes the place of the second archive. A dry run of a restore then finds the differences, ' +
    'and writes nothing to the store. It only counts the blobs of the archive that the store lacks or that differ. ' +
    'The exit code is 0 if there is no difference, 6 if there is one, and 3 if not everything could be compared, ' +
    'even if there are differences.',
  arguments: [
    new Argument('<old>', ARCHIVE_ARGUMENT),
    new Argument('[new]', 'the archive to compare with it; not with --live'),
  ],
  options: [
    new Option('--live', 'compare the archive with the store'),
    new Option('-m, --model <model>', 'compare only the resources of this model'),
    new Option('--fields', 'print the changed fields, with their old and new values'),
  ],
  examples: [
    'diff monday.acbak tuesday.acbak',
    'diff monday.acbak tuesday.acbak --model country --fields',
    'diff f6c930a7-2473-4cd3-b740-dbdbf7276118 --live',
  ],
  input: z.strictObject({
    old: z.string().min(1, 'must not be empty'),
    new: z.string().optional(),
    live: z.boolean().default(false),
    model: z.string().optional(),
    fields: z.boolean().default(false),
  }),
  run: (context, { old, new: next, live, model, fields }) => {
    if (live && next !== undefined) throw new UsageError('--live: cannot be combined with a second archive; remove one')
    if (live) return diffLive(context, old, { model, fields })
    if (next === undefined)
      throw new UsageError('new: is missing; name a second archive, or use --live to compare with the store')
    return diffFiles(context, [old, next], { model, fields })
  },
})
