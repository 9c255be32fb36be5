import './check-node.ts'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import process from 'node:process'
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

/** `npm run models -- FILE.acbak`: derives a model registry from an archive and prints it as JSON. */
await runCommand('models', async () => {
  const [path, ...rest] = process.argv.slice(2)
  if (path === undefined || rest.length > 0) throw new Error('usage: npm run models -- FILE.acbak')
  const file = await openFile(path)
  try {
    console.log(JSON.stringify(await proposeModels(await fileSource(path, file)), null, 2))
  } finally {
    await file.close()
  }
})
