import { readFile } from 'node:fs/promises'
import { Argument } from 'commander'
import * as z from 'zod'
import { ModelsInvalidError } from '../../../shared/resources/errors.ts'
import { type ModelRegistry, parseModels } from '../../../shared/resources/models.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { table } from '../terminal/table.ts'
import { counted, countText } from '../terminal/units.ts'
import { UsageError } from '../usage-error.ts'

/** `specstar-backup models check`. */
export const MODELS_CHECK = defineCommand({
  name: 'models check',
  summary: 'check a model registry (models.json) without a deployment',
  details: 'The exit code is 4 if the registry is invalid. All of its errors are printed.',
  arguments: [new Argument('<file>', 'the registry')],
  examples: ['models check models.json'],
  input: z.strictObject({ file: z.string() }),
  run: async ({ output }, { file }) => {
    const read = parsed(await readRegistry(file), file)
    if ('findings' in read) {
      output.show({ file, valid: false, findings: read.findings }, () =>
        [output.style('red', `${file} is invalid:`), ...read.findings.map((finding) => `  ${finding}`)].join('\n'),
      )
      return EXIT.verificationFailed
    }
    const models = read.registry.names.map((name) => {
      const { indexed, references, shards, blobs } = read.registry.get(name)
      return { model: name, indexed: indexed.length, references: references.length, shards, blob_paths: blobs?.length }
    })
    output.show({ file, valid: true, models }, () =>
      table(
        output,
        [
          { head: 'MODEL', cell: ({ model }) => model },
          { head: 'INDEXED', align: 'right', cell: ({ indexed }) => countText(indexed) },
          { head: 'REFERENCES', align: 'right', cell: ({ references }) => countText(references) },
          { head: 'SHARDS', align: 'right', cell: ({ shards }) => countText(shards) },
          {
            head: 'BLOBS',
            cell: ({ blob_paths }) => (blob_paths === undefined ? 'by shape' : counted(blob_paths, 'path')),
          },
        ],
        models,
        '',
      ),
    )
    return EXIT.succeeded
  },
})

const readRegistry = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const reason = isAbsent ? 'does not exist' : `cannot be read: ${errorMessage(error)}`
    throw new UsageError(`file: ${JSON.stringify(file)} ${reason}; use the path of a model registry`, { cause: error })
  }
}

const parsed = (
  text: string,
  file: string,
): { readonly registry: ModelRegistry } | { readonly findings: readonly string[] } => {
  try {
    return { registry: parseModels(text, file) }
  } catch (error) {
    if (error instanceof ModelsInvalidError) return { findings: error.findings }
    throw error
  }
}
