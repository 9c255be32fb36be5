import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import tar from 'tar-stream'
import { expect, it } from 'vitest'
import { folderCounts, listArchive } from '../../../../infra/local/demo/listing.ts'

it('lists the entries of a tar file and counts them by top-level folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'listing-'))
  const pack = tar.pack()
  pack.entry({ name: 'models/city/a-00000.jsonl.zst' }, 'abc')
  pack.entry({ name: 'blobs/x' }, Buffer.alloc(1000))
  pack.entry({ name: 'blobs/y' }, '')
  pack.entry({ name: 'manifest.json' }, '{}')
  pack.finalize()
  await writeFile(join(folder, 'a.tar'), await buffer(pack))
  const entries = await listArchive(join(folder, 'a.tar'))
  expect(entries.map(({ path, size }) => `${path} ${size}`)).toEqual([
    'models/city/a-00000.jsonl.zst 3',
    'blobs/x 1000',
    'blobs/y 0',
    'manifest.json 2',
  ])
  expect(folderCounts(entries)).toEqual([
    { folder: 'models/', entries: 1, bytes: 3 },
    { folder: 'blobs/', entries: 2, bytes: 1000 },
    { folder: 'manifest.json', entries: 1, bytes: 2 },
  ])
  await rm(folder, { recursive: true })
})
