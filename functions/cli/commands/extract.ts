import { basename } from 'node:path'
import { Argument, Option } from 'commander'
import * as z from 'zod'
import { ARCHIVE_ARGUMENT, parseModelId } from '../archives/arguments.ts'
import { VERIFY_ADVICE } from '../archives/errors.ts'
import { extractArchive } from '../archives/extract/extract-archive.ts'
import { NewFolder } from '../archives/extract/new-folder.ts'
import { nameOfAddress, parseAddress } from '../archives/sources/address.ts'
import { adviseToVerify, readBytes, readText, withContents } from '../archives/with-archive.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { printable } from '../terminal/printable.ts'
import { counted } from '../terminal/units.ts'

/** The number of faults that are printed. */
const SHOWN_FAULTS = 20

/** `specstar-backup extract`. */
export const EXTRACT = defineCommand({
  name: 'extract',
  summary: 'write resources of an archive as JSON files, and blobs as files, to a new folder',
  details:
    'By default, all resources and blobs are extracted. With resources, only they and the blobs to which they refer. ' +
    'The folder must not exist or must be empty. No file is written outside of it, and none is replaced. ' +
    'If the archive is damaged, everything else is extracted, faults.txt lists what is missing, and the exit code is 3. ' +
    'It is 2 if the only faults are resources that you name and the archive does not contain.',
  arguments: [
    new Argument('<archive>', ARCHIVE_ARGUMENT),
    new Argument('[model/id...]', 'extract only these resources'),
  ],
  options: [
    new Option('-o, --output <folder>', 'the new folder (default: the name of the archive without its extension)'),
  ],
  examples: [
    'extract backup.acbak',
    'extract backup.acbak country/country:TW country/country:JP -o countries',
    'extract s3://shop-archives/exports/backup.acbak -o backup',
  ],
  input: z.strictObject({
    archive: z.string(),
    'model/id': z.array(z.string()),
    output: z.string().min(1, 'must not be empty').optional(),
  }),
  run: (context, { archive, 'model/id': resources, output: folder = defaultFolder(archive) }) => {
    const selected = resources.map((text) => parseModelId(text))
    // All resources are counted, because `archive.json` contains their numbers.
    const selection = selected.length === 0 ? undefined : { resources: selected, isCounted: true }
    return withContents(context, archive, { selection }, async (contents, source) => {
      const { output } = context
      const target = await NewFolder.create(folder)
      const extracted = await extractArchive(contents, target, selected.length === 0 ? undefined : selected)
      const { resources: count, blobs, faults, faults_total, not_found, harmless_damage, left_out } = extracted
      output.show({ folder, ...extracted, read: readBytes(source) }, () =>
        [
          `Extracted ${counted(count, 'resource')} and ${counted(blobs, 'blob')} to ${printable(folder)}`,
          ...(left_out === 0
            ? []
            : [
                `The export left out ${counted(left_out, 'resource')}; left-out.jsonl in the folder lists ` +
                  (left_out === 1 ? 'it' : 'them'),
              ]),
          ...faults.slice(0, SHOWN_FAULTS).map((fault) => output.style('yellow', fault)),
          ...(faults_total > SHOWN_FAULTS
            ? [`… and ${counted(faults_total - SHOWN_FAULTS, 'further fault')}; faults.txt in the folder lists all`]
            : []),
          ...(harmless_damage.length === 0
            ? []
            : [
                'Nothing is missing because of this damage between the entries of the archive:',
                ...harmless_damage.slice(0, SHOWN_FAULTS).map((damage) => `  ${printable(damage)}`),
              ]),
        ].join('\n'),
      )
      if (!output.json) {
        output.note(readText(readBytes(source)))
        if (!contents.isReadAsWhole) output.note(selected.length === 0 ? FRAMES_UNCHECKED : SELECTION_CHECKED)
        else if (faults_total > not_found) adviseToVerify(context)
      }
      if (faults_total === 0) return EXIT.succeeded
      return faults_total === not_found ? EXIT.usage : EXIT.partial
    })
  },
})

/** What was not checked, because it was not needed. */
const FRAMES_UNCHECKED = `Tar headers and padding between blobs were not checked; ${VERIFY_ADVICE}.`
const SELECTION_CHECKED = `Only the parts that contain these resources were checked; ${VERIFY_ADVICE}.`

const defaultFolder = (archive: string): string => {
  const file = basename(nameOfAddress(parseAddress(archive)))
  const name = file.replace(/\.(?:acbak|tar)$/i, '')
  if (name === '' || name === '.' || name === '..') return 'archive'
  // The archive itself may have this name.
  return name === file ? `${name}-extracted` : name
}
