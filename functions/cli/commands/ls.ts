import { Argument } from 'commander'
import * as z from 'zod'
import { descriptionText } from '../archives/description-text.ts'
import { listResources } from '../archives/list-resources.ts'
import { ARCHIVE_ARGUMENT, checkModel } from '../archives/arguments.ts'
import { adviseToVerify, noteRead, readBytes, readText, withContents } from '../archives/with-archive.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

/** `specstar-backup ls`. */
export const LS = defineCommand({
  name: 'ls',
  summary: 'show what an archive contains, or list the resources of a model',
  details:
    'Without a model, only the manifest of an archive is read. The resources of a model are listed in the order of the ' +
    "archive. SpecStar's own streams have no index, so all of their bytes are read.",
  arguments: [new Argument('<archive>', ARCHIVE_ARGUMENT), new Argument('[model]', 'list the resources of this model')],
  examples: ['ls backup.acbak', 'ls backup.acbak country', 'ls s3://shop-archives/exports/backup.acbak --json'],
  input: z.strictObject({ archive: z.string(), model: z.string().optional() }),
  run: (context, { archive, model }) =>
    withContents(context, archive, {}, async (contents, source) => {
      const { output } = context
      const description = await contents.describe()
      if (model === undefined) {
        output.show({ ...description, read: readBytes(source) }, () => descriptionText(output, description))
        if (!output.json) output.note(readText(readBytes(source)))
        return EXIT.succeeded
      }
      checkModel(Object.keys(description.models), model)
      const faults = await listResources(context, contents, model)
      noteRead(context, source)
      if (faults === 0) return EXIT.succeeded
      adviseToVerify(context)
      return EXIT.partial
    }),
})
