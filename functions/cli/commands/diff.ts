import { Argument, Option } from 'commander'
import * as z from 'zod'
import { ARCHIVE_ARGUMENT } from '../archives/arguments.ts'
import { diffFiles } from '../archives/diff/diff-files.ts'
import { defineCommand } from '../command.ts'

/** `specstar-backup diff`. */
export const DIFF = defineCommand({
  name: 'diff',
  summary: 'list what is new, changed and missing in an archive, compared with an older one',
  details:
    'A line begins with + if only the second archive contains the resource, with - if only the first one contains it, ' +
    'and with ~ if both differ. Both archives are read completely, except their blobs. ' +
    'The exit code is 0 if there is no difference, and 6 otherwise.',
  arguments: [new Argument('<old>', ARCHIVE_ARGUMENT), new Argument('<new>', 'the archive to compare with it')],
  options: [
    new Option('-m, --model <model>', 'compare only the resources of this model'),
    new Option('--fields', 'print the changed fields, with their old and new values'),
  ],
  examples: ['diff monday.acbak tuesday.acbak', 'diff monday.acbak tuesday.acbak --model country --fields'],
  input: z.strictObject({
    old: z.string(),
    new: z.string(),
    model: z.string().optional(),
    fields: z.boolean().default(false),
  }),
  run: (context, { old, new: next, model, fields }) => diffFiles(context, [old, next], { model, fields }),
})
