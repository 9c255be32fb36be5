import { Argument, Option } from 'commander'
import * as z from 'zod'
import { proposeModels } from '../../../shared/specstar/propose-models.ts'
import { ARCHIVE_ARGUMENT } from '../archives/arguments.ts'
import { namedFault, readBytes, withSource } from '../archives/with-archive.ts'
import { writeNewFile } from '../archives/write-new-file.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { printableJson } from '../terminal/printable.ts'
import { counted } from '../terminal/units.ts'

/** `specstar-backup models propose`. */
export const MODELS_PROPOSE = defineCommand({
  name: 'models propose',
  summary: 'derive a model registry (models.json) from an archive',
  details:
    'Indexed fields are those of the archive. References are guessed from the values, and are marked with "guess": true. ' +
    'Check the file before you use it. The archive is read twice, and all its ids are held in memory.',
  arguments: [new Argument('<archive>', ARCHIVE_ARGUMENT)],
  options: [new Option('-o, --output <file>', 'write the registry to this new file instead of stdout')],
  examples: ['models propose backup.acbak', 'models propose from-specstar.acbak --output models.json'],
  input: z.strictObject({ archive: z.string(), output: z.string().min(1, 'must not be empty').optional() }),
  run: (context, { archive, output: file }) =>
    withSource(context, archive, async (source) => {
      const { io, output } = context
      const { models, leftOut } = await proposeModels(source).catch((error: unknown) => {
        throw namedFault(error, archive)
      })
      const text = `${JSON.stringify(models, null, 2)}\n`
      if (file !== undefined) await writeNewFile(file, text)
      if (output.json) {
        output.show({ models, left_out: leftOut, read: readBytes(source) }, () => text)
        return EXIT.succeeded
      }
      for (const finding of leftOut) output.note(`left out, because it cannot be registered: ${finding}`)
      if (file === undefined) io.stdout.write(printableJson(text))
      else output.note(`Wrote the registry of ${counted(Object.keys(models).length, 'model')} to ${file}`)
      if (file === undefined && hasBanner(context))
        output.note('npm has written its own lines before the JSON; use --output FILE or npm run -s')
      return EXIT.succeeded
    }),
})

/** Returns true if npm has printed the name of the script to stdout before the command began. */
const hasBanner = ({ io }: CommandContext): boolean =>
  ['models', 'cli'].includes(io.env['npm_lifecycle_event'] ?? '') &&
  io.env['npm_config_loglevel'] !== 'silent' &&
  io.stdout.isTTY !== true
