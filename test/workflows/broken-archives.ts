import { hash } from 'node:crypto'
import { encode } from '@msgpack/msgpack'
import { tailBytes } from '../archive/tar-blocks.ts'
import { must } from '../../shared/values/must.ts'
import { craftRecords } from '../archive/craft.ts'
import { writeArchive } from '../archive/sample.ts'
import { expect } from 'vitest'
import { fixture } from './program.ts'

/** An archive that must be rejected, and the problem that the API returns for it. */
interface BrokenArchive {
  readonly name: string
  readonly bytes: Buffer
  readonly problem: { readonly type: string; readonly detail: RegExp } & Readonly<Record<string, unknown>>
  /** The route to which a test sends the archive, by default `_backup`. */
  readonly scope?: string
}

/** One guild with seven revisions in one chunk, four blobs, a manifest and a trailer: 14 KiB. */
const archive = await fixture('single-v3.acbak')
const CHUNK = 'models/guild/s-guild-0000-00000.jsonl.zst'
const BLOB = 'blobs/fac7ae30fc337307b8b7349e9511efa3'

const headerOffset = (name: string): number => {
  const at = archive.indexOf(`${name}\0`, 0, 'latin1')
  if (at === -1 || at % 512 !== 0) throw new Error(`the archive has no entry ${name}`)
  return at
}
const contentOffset = (name: string): number => headerOffset(name) + 512

const withFlippedBit = (at: number): Buffer => {
  const broken = Buffer.from(archive)
  broken[at] = (broken[at] ?? 0) ^ 4
  return broken
}

/** The archive with another manifest and a matching trailer. `end` is the end of its segments. */
const withManifest = (change: (manifest: string) => string, end = headerOffset('manifest.json')): Buffer => {
  const manifest = archive
    .subarray(contentOffset('manifest.json'), headerOffset('acbak.trailer'))
    .toString()
    .replaceAll('\0', '')
  const changed = change(manifest)
  if (changed === manifest) throw new Error('the manifest did not change')
  return Buffer.concat([archive.subarray(0, end), tailBytes(Buffer.from(changed), end)])
}

/** The archive without its second segment, which contains the blobs, and without the blobs in its manifest. */
const withoutBlobs = (): Buffer =>
  withManifest(
    (manifest) =>
      manifest
        .replace('"blobs":4', '"blobs":0')
        .replace('"blobs":{"count":4,"bytes":220}', '"blobs":{"count":0,"bytes":0}')
        .replace(/,\{"offset":5120.*$/, ']}'),
    headerOffset(BLOB),
  )

const withTrailer = (text: string): Buffer => {
  const broken = Buffer.from(archive)
  broken.write(text, contentOffset('acbak.trailer'))
  return broken
}

/** A SpecStar stream that consists of the header record, followed by zeros. */
const streamHeader = (version: number): Buffer => {
  const record = encode({ t: 'HeaderRecord', version })
  const length = Buffer.alloc(4)
  length.writeUInt32BE(record.length)
  return Buffer.concat([length, record, Buffer.alloc(600)])
}

/** The checksums of an entry's content before and after its first byte is changed. */
const checksums = (name: string, size: number): { expected: string; actual: string } => {
  const at = contentOffset(name)
  return {
    expected: hash('sha256', archive.subarray(at, at + size)),
    actual: hash('sha256', withFlippedBit(at).subarray(at, at + size)),
  }
}

export const BROKEN_ARCHIVES: readonly BrokenArchive[] = [
  {
    name: 'a record that is not JSON, with matching checksums',
    bytes: craftRecords({ lines: ([metadata, ...revisions]) => [must(metadata), Buffer.from('{\n'), ...revisions] }),
    problem: {
      type: 'archive-invalid',
      entry: 'models/city/s-00000.jsonl.zst',
      line: 2,
      detail: /line 2 of entry models\/city\/s-00000\.jsonl\.zst: the line is not JSON/,
    },
  },
  {
    name: 'a chunk of records with one bit flipped',
    bytes: withFlippedBit(contentOffset(CHUNK)),
    problem: { type: 'entry-corrupt', entry: CHUNK, ...checksums(CHUNK, 3135), detail: /expected sha256 .* found/ },
  },
  {
    name: 'a blob with one bit flipped',
    bytes: withFlippedBit(contentOffset(BLOB)),
    problem: { type: 'entry-corrupt', entry: BLOB, ...checksums(BLOB, 64), detail: /expected sha256 .* found/ },
  },
  {
    name: 'a manifest with one bit flipped',
    bytes: withFlippedBit(contentOffset('manifest.json')),
    problem: {
      type: 'entry-corrupt',
      entry: 'manifest.json',
      ...checksums('manifest.json', 1085),
      detail: /expected sha256 .* found/,
    },
  },
  {
    name: 'an archive whose padding is not zero',
    bytes: withFlippedBit(headerOffset('manifest.json') - 1),
    problem: { type: 'archive-invalid', detail: /padding|frame/ },
  },
  {
    name: 'the first half of an archive',
    bytes: archive.subarray(0, archive.length / 2),
    problem: { type: 'archive-truncated', detail: /the end of the archive is missing/ },
  },
  {
    name: 'an archive without its last byte',
    bytes: archive.subarray(0, -1),
    problem: { type: 'archive-truncated', detail: /truncated/ },
  },
  {
    name: 'a file that is not an archive',
    bytes: Buffer.from('model,id\ncountry,1\n'.repeat(100)),
    problem: { type: 'not-an-archive', detail: /not an \.acbak archive/ },
  },
  {
    name: 'an archive of a future version',
    bytes: withTrailer('{"acbak":7,"manifest":{"offset":10752,'),
    problem: { type: 'unsupported-version', version: 7, detail: /version 7/ },
  },
  {
    name: 'a stream of SpecStar of a future version',
    bytes: streamHeader(9),
    problem: { type: 'unsupported-version', version: 9, detail: /SpecStar/ },
  },
  {
    name: 'an archive with models that are not registered',
    bytes: await writeArchive({
      models: {
        guild: [{ id: 'guild-of-the-archive', revisions: [{ n: 1, data: '{"name":"a"}' }] }],
        nobodys: [{ id: 'nobodys-1', revisions: [{ n: 1, data: '{}' }] }],
      },
    }),
    problem: {
      type: 'unknown-models',
      models: ['nobodys'],
      registered: expect.arrayContaining(['guild', 'item']) as unknown,
      detail: /nobodys/,
    },
  },
  {
    name: 'an archive without the requested section',
    bytes: archive,
    scope: 'item',
    problem: { type: 'section-missing', model: 'item', sections: ['guild'], detail: /no section for model item/ },
  },
  {
    name: 'a manifest whose digest does not match the records',
    bytes: withManifest((manifest) => manifest.replace('"digest":"b3376f', '"digest":"a3376f')),
    problem: { type: 'archive-invalid', detail: /model guild: the manifest states digest a3376f/ },
  },
  {
    name: 'a manifest whose count does not match the records',
    bytes: withManifest((manifest) => manifest.replace('"revisions":7', '"revisions":8')),
    problem: { type: 'archive-invalid', detail: /revisions 8/ },
  },
  {
    name: 'an archive that lacks blobs and does not declare them as missing',
    bytes: withoutBlobs(),
    problem: {
      type: 'archive-invalid',
      detail:
        /blob [0-9a-f]{32}, to which a resource refers, is neither in the archive nor in missing_blobs of its manifest/,
    },
  },
  {
    name: 'a manifest that states more blobs than the archive contains',
    bytes: withManifest((manifest) => manifest.replace('"blobs":4', '"blobs":5')),
    problem: {
      type: 'archive-invalid',
      detail: /model guild: the manifest states blobs 5, but the archive contains 4/,
    },
  },
]
