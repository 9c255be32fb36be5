import './check-node.ts'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import process from 'node:process'
import type { ArchiveSource } from '../../shared/archive/archive.ts'
import { proposeModels } from '../../shared/specstar/propose-models.ts'
import { runCommand } from './run-command.ts'

/** `npm run models -- FILE.acbak`: proposes `models.json` from an archive, on the standard output. */
await runCommand('models', async () => {
  const [path, ...others] = process.argv.slice(2)
  if (path === undefined || others.length > 0) throw new Error('usage: npm run models -- FILE.acbak')
  const file = await open(path)
  try {
    const source: ArchiveSource = {
      size: (await file.stat()).size,
      read: async (start, length) => {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
        if (bytesRead < length) throw new Error(`${path} became shorter while it was read`)
        return buffer
      },
      stream: (start, length) => Promise.resolve(createReadStream(path, { start, end: start + length - 1 })),
    }
    console.log(JSON.stringify(await proposeModels(source), null, 2))
  } finally {
    await file.close()
  }
})
