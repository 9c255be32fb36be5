import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { openScheduledArchive } from '../../shared/schedules/open-scheduled-archive.ts'
import { memorySource } from '../archive/memory.ts'

const OBJECT = { bucket: 'archives', key: 'scheduled/nightly/a.acbak', size: 1, etag: 'e' }

it('opens an archive with a trailer, and reads only the end of a file without one, whatever its size', async () => {
  const archive = await readFile(new URL('../fixtures/acbak/catalogue-v3.acbak', import.meta.url))
  let read = 0
  let reads = 0
  const open = (bytes: Buffer) => {
    read = 0
    reads = 0
    const source = memorySource(bytes)
    const counting = {
      ...source,
      read: (start: number, length: number) => {
        read += length
        reads++
        return source.read(start, length)
      },
    }
    return openScheduledArchive({ sourceOf: () => counting }, OBJECT)
  }
  expect((await open(archive))?.manifest.complete).toBe(true)
  // The trailer and the manifest.
  expect(reads).toBe(2)
  // Another program has repacked the tar, so it has all entries, but no trailer.
  const repacked = Buffer.concat([archive.subarray(0, -2048), Buffer.alloc(1024)])
  expect(await open(repacked)).toBeUndefined()
  expect(read).toBeLessThanOrEqual(2048)
})
