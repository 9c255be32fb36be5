import './check-node.ts'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { ArchiveSource } from '../../shared/archive/archive.ts'
import { proposeModels } from '../../shared/specstar/propose-models.ts'
import { runCommand } from './run-command.ts'

const openFile = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error(`there is no such file: ${path}`, { cause: error })
    throw error
  }
}

/** Reads an archive from a local file. */
const fileSource = async (path: string, file: FileHandle): Promise<ArchiveSource> => ({
  size: (await file.stat()).size,
  read: async (start, length) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
    if (bytesRead < length) throw new Error(`${path} became shorter while it was being read`)
    return buffer
  },
  stream: (start, length) => Promise.resolve(createReadStream(path, { start, end: start + length - 1 })),
})

const USAGE = 'usage: npm run models -- FILE.acbak [--output models.json]'

/**
 * Returns the path of the archive, and the path of the file to write if the option `--output` is set. Throws an error
 * with the usage if the arguments are invalid.
 */
const readArguments = (): { readonly archive: string; readonly output: string | undefined } => {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { output: { type: 'string', short: 'o' } },
    })
    const [archive, ...rest] = positionals
    if (archive !== undefined && rest.length === 0) return { archive, output: values.output }
  } catch {
    // `parseArgs` throws if an option is unknown or has no value. The usage is a clearer message than its error.
  }
  throw new Error(USAGE)
}

/** Writes a new file. Throws if the file exists, because it may contain changes that somebody made by hand. */
const writeNew = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw new Error(`${path} exists already; delete it or choose another file`, { cause: error })
  }
}

/** Returns true if npm has printed the name of the script to stdout before the command began. */
const hasBanner = (): boolean =>
  process.env['npm_lifecycle_event'] === 'models' && process.env['npm_config_loglevel'] !== 'silent'

/** `npm run models -- FILE.acbak`: derives a `models.json` from an archive. Prints it, or writes it to a new file. */
await runCommand('models', async () => {
  const { archive, output } = readArguments()
  const file = await openFile(archive)
  try {
    const { models, leftOut } = await proposeModels(await fileSource(archive, file))
    for (const finding of leftOut)
      process.stderr.write(`models: left out, because it cannot be registered: ${finding}\n`)
    const text = `${JSON.stringify(models, null, 2)}\n`
    if (output !== undefined) {
      await writeNew(output, text)
      return
    }
    process.stdout.write(text)
    if (hasBanner() && !process.stdout.isTTY)
      process.stderr.write('models: npm has written its own lines before the JSON; use --output FILE or npm run -s\n')
  } finally {
    await file.close()
  }
})
