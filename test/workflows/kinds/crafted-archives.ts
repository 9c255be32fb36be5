import { gzipSync, zstdCompressSync } from 'node:zlib'
import { must } from '../../../shared/values/must.ts'
import { craftRecords } from '../../archive/craft.ts'
import { entryBytes, filesOf } from '../../archive/tar-blocks.ts'
import { fixture } from '../program.ts'

/** An archive that a restore rejects as a whole. */
interface CraftedArchive {
  readonly name: string
  readonly bytes: Buffer
  /** The model that the restore selects. By default, it selects all models. */
  readonly scope?: string
}

const archive = await fixture('single-v3.acbak')
const END = Buffer.alloc(10_240)

const tarOf = (folder: string): Buffer =>
  Buffer.concat([...[...filesOf(archive)].map(([path, content]) => entryBytes(`${folder}${path}`, content)), END])

/** Archives whose checksums are right, but whose records or index break a rule of the format. */
export const CRAFTED_ARCHIVES: readonly CraftedArchive[] = [
  { name: 'an archive in a gzip file', bytes: gzipSync(archive) },
  { name: 'an archive in a folder of a tar', bytes: tarOf('backup/') },
  {
    name: 'a repacked archive with a file that macOS added',
    bytes: Buffer.concat([entryBytes('._manifest.json', Buffer.from('x')), tarOf('')]),
  },
  { name: 'an archive with bytes after its end', bytes: Buffer.concat([archive, Buffer.from('x')]) },
  { name: 'an index with a wrong checksum of a chunk', bytes: craftRecords({ line: { sha256: '0'.repeat(64) } }) },
  { name: 'an index with a wrong number of resources', bytes: craftRecords({ line: { resources: 2 } }) },
  { name: 'an index with a wrong offset', bytes: craftRecords({ line: { offset: 1024 } }) },
  { name: 'an index that lists an entry twice', bytes: craftRecords({ indexText: (text) => text + text }) },
  {
    name: 'revisions in the wrong order',
    bytes: craftRecords({ lines: ([metadata, first, second]) => [must(metadata), must(second), must(first)] }),
  },
  { name: 'a resource that occurs twice', bytes: craftRecords({ lines: (lines) => [...lines, ...lines] }) },
  {
    name: 'records of another model than the index states',
    bytes: craftRecords({
      lines: (lines) => lines.map((line) => Buffer.from(line.toString().replace('city#', 'town#'))),
    }),
  },
  {
    name: 'a line of more than 1 MiB',
    bytes: craftRecords({
      lines: ([metadata, ...rest]) => [Buffer.concat([Buffer.alloc(2 ** 20, ' '), must(metadata)]), ...rest],
    }),
  },
  {
    name: 'bytes after the zstd frame of a chunk',
    bytes: craftRecords({ compress: (lines) => Buffer.concat([zstdCompressSync(lines), Buffer.alloc(3)]) }),
  },
  {
    name: 'a chunk of another size than the index states',
    bytes: craftRecords({ line: { unpacked_size: 10 }, segment: { unpacked_size: 10 } }),
  },
  {
    name: 'a wrong checksum of the frame of a segment',
    bytes: craftRecords({ segment: { frame_sha256: '0'.repeat(64) } }),
  },
  {
    name: 'a manifest with missing blobs that is complete',
    bytes: craftRecords({ manifest: { missing_blobs: ['x'] } }),
  },
]
