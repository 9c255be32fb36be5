import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { ArchiveSource, OpenArchive } from '../../shared/archive/archive.ts'
import { archivedBlobs, findArchivedBlob, readArchivedBlob } from '../../shared/archive/archived-blobs.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { writeArchive } from './sample.ts'

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../fixtures/acbak/${name}`, import.meta.url))

const contentOf = async (archive: OpenArchive, fileId: string): Promise<string | undefined> => {
  const blob = await findArchivedBlob(archive, fileId)
  if (blob === undefined) return undefined
  const pieces: Buffer[] = []
  for await (const piece of readArchivedBlob(archive, blob)) pieces.push(piece)
  return Buffer.concat(pieces).toString('hex')
}

describe('the blobs of an archive', () => {
  it.each(['catalogue-v3.acbak', 'repacked-v3.tar'])(
    'are listed in order, and each of them is found by its id in %s',
    async (name) => {
      const source = memorySource(await fixture(name))
      const archive = await openArchive(source)
      const { blobs } = await readAll(source)
      const listed: string[] = []
      for await (const batch of archivedBlobs(archive)) listed.push(...batch.map(({ entry }) => entry.file_id))
      expect(listed).toEqual([...blobs.keys()])
      for (const [id, bytes] of blobs) expect(await contentOf(archive, id)).toBe(bytes.toString('hex'))
    },
  )

  it('do not contain an id that precedes, follows or lies between them', async () => {
    const archive = await openArchive(memorySource(await fixture('catalogue-v3.acbak')))
    for (let k = 0; k < 50; k++) expect(await findArchivedBlob(archive, `no such blob ${k}`)).toBeUndefined()
  })

  it('are empty if the archive contains no blobs', async () => {
    const archive = await openArchive(memorySource(await writeArchive({ models: { city: [] } })))
    expect(await findArchivedBlob(archive, 'a')).toBeUndefined()
    expect(await archivedBlobs(archive).next()).toEqual({ done: true, value: undefined })
  })

  it('are not listed for a segment that contains only payloads', async () => {
    const archive = await openArchive(memorySource(await fixture('catalogue-v3.acbak')))
    const segments = archive.segments.filter(({ model }) => model === undefined)
    const payloads: OpenArchive = {
      ...archive,
      segments: segments.map((segment) => ({
        ...segment,
        walked: [{ kind: 'payload', path: 'payloads/0', offset: 512, size: 1, sha256: '0' }],
      })),
    }
    expect(await archivedBlobs(payloads).next()).toEqual({ done: true, value: undefined })
  })

  it('are found by reading about log2 of the indexes', async () => {
    const source = memorySource(await fixture('catalogue-v3.acbak'))
    let reads = 0
    const counted: ArchiveSource = { ...source, read: (start, length) => (reads++, source.read(start, length)) }
    const archive = await openArchive(counted)
    const [blobs] = archive.segments.filter(({ model }) => model === undefined)
    if (blobs === undefined) throw new Error('the fixture has no blobs')
    const opened = reads
    await findArchivedBlob(archive, 'no such blob')
    expect(reads - opened).toBeLessThanOrEqual(2)
  })
})
