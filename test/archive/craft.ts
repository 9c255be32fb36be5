import { hash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { paddingOf } from '../../shared/archive/tar-header.ts'
import { BucketDigests, modelDigest, ResourceLeaf } from '../../shared/archive/digest.ts'
import { encodeLine } from '../../shared/archive/record-line.ts'
import { itemsOf, MANIFEST } from './sample.ts'
import { headerBytes, tailBytes } from './tar-blocks.ts'
import { hashKeyOf } from '../../shared/resources/keys.ts'

/** One entry of a segment laid down by hand: what it holds, and what is said of it. */
export interface CraftedEntry {
  readonly path: string
  readonly content: Buffer
  readonly line: Readonly<Record<string, unknown>>
  /** Instead of the header that the path and content give. */
  readonly header?: Buffer
}

export interface Crafted {
  readonly entries: readonly CraftedEntry[]
  readonly segment?: Readonly<Record<string, unknown>>
  readonly manifest?: Readonly<Record<string, unknown>>
  readonly indexText?: (text: string) => string
  /** The index's own entry: its name, and what it has instead of its header. */
  readonly index?: { readonly path?: string; readonly header?: Buffer }
}

const entryParts = (path: string, content: Buffer, header?: Buffer): Buffer[] => [
  header ?? headerBytes(path, content.length),
  content,
  Buffer.alloc(paddingOf(content.length)),
]

/** An archive of one segment whose checksums are right, whatever it says. */
export const craft = ({
  entries,
  segment = {},
  manifest = {},
  indexText = (text) => text,
  index: own = {},
}: Crafted): Buffer => {
  const bytes: Buffer[] = []
  const frame: Buffer[] = []
  const lines: string[] = []
  let at = 0
  const add = (path: string, content: Buffer, header?: Buffer): number => {
    const parts = entryParts(path, content, header)
    const offset = at + (parts[0]?.length ?? 0)
    frame.push(...parts.filter((part) => part !== content))
    bytes.push(...parts)
    at += parts.reduce((sum, { length }) => sum + length, 0)
    return offset
  }
  let unpacked = 0
  for (const { path, content, line, header } of entries) {
    const offset = add(path, content, header)
    lines.push(JSON.stringify({ path, offset, size: content.length, sha256: hash('sha256', content), ...line }))
    if (typeof line['unpacked_size'] === 'number') unpacked += line['unpacked_size']
  }
  const text = indexText(lines.map((line) => `${line}\n`).join(''))
  const packed = zstdCompressSync(Buffer.from(text))
  const offset = add(own.path ?? 'index/s.jsonl.zst', packed, own.header)
  const index = { offset, size: packed.length, sha256: hash('sha256', packed), unpacked_size: Buffer.byteLength(text) }
  const said = {
    offset: 0,
    size: at,
    frame_sha256: hash('sha256', Buffer.concat(frame)),
    unpacked_size: unpacked,
    index,
    ...segment,
  }
  const json = Buffer.from(JSON.stringify({ ...MANIFEST, segments: [said], ...manifest }))
  return Buffer.concat([...bytes, tailBytes(json, at)])
}

/** An archive of one chunk of one resource of the model `city`, where lines, packing and what is said of them can be changed. */
export const craftRecords = (
  change: {
    readonly lines?: (lines: Buffer[]) => readonly Buffer[]
    readonly pack?: (lines: Buffer) => Buffer
    readonly path?: string
    readonly line?: Readonly<Record<string, unknown>>
    readonly segment?: Readonly<Record<string, unknown>>
    readonly manifest?: Readonly<Record<string, unknown>>
    readonly header?: Buffer
    readonly indexText?: (text: string) => string
  } = {},
): Buffer => {
  const id = 'city:1'
  const h = hashKeyOf(id)
  const { metadata, revisions } = itemsOf('city', {
    id,
    revisions: [
      { n: 1, data: '{"a":1}' },
      { n: 2, data: '{"a":2}' },
    ],
  })
  const items = [metadata, ...revisions]
  const leaf = new ResourceLeaf()
  for (const item of items) leaf.add(item)
  const buckets = new BucketDigests()
  buckets.add(h, leaf.digest())
  const own = items.map(encodeLine)
  const unpacked = Buffer.concat([...(change.lines?.(own) ?? own)])
  const content = (change.pack ?? zstdCompressSync)(unpacked)
  return craft({
    entries: [
      {
        path: change.path ?? 'models/city/s-00000.jsonl.zst',
        content,
        ...(change.header === undefined ? {} : { header: change.header }),
        line: {
          kind: 'records',
          unpacked_size: unpacked.length,
          model: 'city',
          resources: 1,
          revisions: 2,
          first_h: h,
          last_h: h,
          ...change.line,
        },
      },
    ],
    segment: { model: 'city', first_h: h, last_h: h, ...change.segment },
    manifest: {
      scope: { models: ['city'], filters: {} },
      models: { city: { resources: 1, revisions: 2, blobs: 0, digest: modelDigest(buckets.end()) } },
      ...change.manifest,
    },
    ...(change.indexText === undefined ? {} : { indexText: change.indexText }),
  })
}
