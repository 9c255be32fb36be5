import { hash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { BucketDigests, modelDigest, ResourceLeaf } from '../../shared/archive/digest.ts'
import { encodeLine } from '../../shared/archive/record-line.ts'
import { paddingOf } from '../../shared/archive/tar-header.ts'
import { idHashIn, idHashOf } from '../../shared/resources/keys.ts'
import { type Item, sortKeyOf } from '../../shared/tables/item.ts'
import { compareBytes } from '../../shared/values/text-order.ts'
import { itemsOf, MANIFEST } from './sample.ts'
import { headerBytes, tailBytes } from './tar-blocks.ts'

/** An entry of a handmade segment. */
interface CraftedEntry {
  readonly path: string
  readonly content: Buffer
  /** Members of its index line, instead of the right ones or in addition to them. */
  readonly line: Readonly<Record<string, unknown>>
  /** Its tar header, instead of the right one. */
  readonly header?: Buffer
}

export interface Crafted {
  readonly entries: readonly CraftedEntry[]
  /** Members of the segment in the manifest, instead of the right ones. */
  readonly segment?: Readonly<Record<string, unknown>>
  /** Members of the manifest, instead of the right ones. */
  readonly manifest?: Readonly<Record<string, unknown>>
  readonly indexText?: (text: string) => string
  /** Path and tar header of the index, instead of the right ones. */
  readonly index?: { readonly path?: string; readonly header?: Buffer }
}

const entryParts = (path: string, content: Buffer, header?: Buffer): Buffer[] => [
  header ?? headerBytes(path, content.length),
  content,
  Buffer.alloc(paddingOf(content.length)),
]

/** An archive of one segment. Its checksums are right even if other members are wrong. */
export const craft = ({
  entries,
  segment = {},
  manifest = {},
  indexText = (text) => text,
  index: indexEntry = {},
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
  let unpackedSize = 0
  for (const { path, content, line, header } of entries) {
    const offset = add(path, content, header)
    lines.push(JSON.stringify({ path, offset, size: content.length, sha256: hash('sha256', content), ...line }))
    if (typeof line['unpacked_size'] === 'number') unpackedSize += line['unpacked_size']
  }
  const text = indexText(lines.map((line) => `${line}\n`).join(''))
  const compressed = zstdCompressSync(Buffer.from(text))
  const offset = add(indexEntry.path ?? 'index/s.jsonl.zst', compressed, indexEntry.header)
  const index = {
    offset,
    size: compressed.length,
    sha256: hash('sha256', compressed),
    unpacked_size: Buffer.byteLength(text),
  }
  const manifestSegment = {
    offset: 0,
    size: at,
    frame_sha256: hash('sha256', Buffer.concat(frame)),
    unpacked_size: unpackedSize,
    index,
    ...segment,
  }
  const json = Buffer.from(JSON.stringify({ ...MANIFEST, segments: [manifestSegment], ...manifest }))
  return Buffer.concat([...bytes, tailBytes(json, at)])
}

/** An archive of one chunk with one resource of the model `city`. Each option changes one thing of it. */
export const craftRecords = (
  change: {
    readonly lines?: (lines: Buffer[]) => readonly Buffer[]
    readonly compress?: (lines: Buffer) => Buffer
    readonly path?: string
    readonly line?: Readonly<Record<string, unknown>>
    readonly segment?: Readonly<Record<string, unknown>>
    readonly manifest?: Readonly<Record<string, unknown>>
    readonly header?: Buffer
    readonly indexText?: (text: string) => string
  } = {},
): Buffer => {
  const id = 'city:1'
  const h = idHashOf(id)
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
  const lines = items.map(encodeLine)
  const bytes = Buffer.concat([...(change.lines?.(lines) ?? lines)])
  const content = (change.compress ?? zstdCompressSync)(bytes)
  return craft({
    entries: [
      {
        path: change.path ?? 'models/city/s-00000.jsonl.zst',
        content,
        ...(change.header === undefined ? {} : { header: change.header }),
        line: {
          kind: 'records',
          unpacked_size: bytes.length,
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

/**
 * An archive of one chunk with these resources of one model, each as its metadata and then its revisions. The items may
 * be invalid. Counts and digests match them.
 */
export const craftItems = (model: string, resources: readonly (readonly Item[])[]): Buffer => {
  const ordered = resources.toSorted(([a = {}], [b = {}]) => compareBytes(sortKeyOf(a), sortKeyOf(b)))
  return craftChunks(model, [ordered])
}

/**
 * An archive of one segment with these chunks of resources of one model, in the given order. Counts and digests match
 * them.
 */
export const craftChunks = (model: string, chunks: readonly (readonly (readonly Item[])[])[]): Buffer => {
  const buckets = new BucketDigests()
  for (const items of chunks.flat()) {
    const leaf = new ResourceLeaf()
    for (const item of items) leaf.add(item)
    buckets.add(idHashIn(sortKeyOf(items[0] ?? {})), leaf.digest())
  }
  const total = countsOf(chunks.flat(2))
  const range = rangeOf(chunks.flat(2))
  return craft({
    entries: chunks.map((resources, k) => {
      const items = resources.flat()
      const lines = Buffer.concat(items.map(encodeLine))
      return {
        path: `models/${model}/s-0000${k}.jsonl.zst`,
        content: zstdCompressSync(lines),
        line: { kind: 'records', unpacked_size: lines.length, model, ...rangeOf(items), ...countsOf(items) },
      }
    }),
    segment: { model, ...range },
    manifest: {
      scope: { models: [model], filters: {} },
      models: { [model]: { ...total, blobs: 0, digest: modelDigest(buckets.end()) } },
    },
  })
}

const countsOf = (items: readonly Item[]): { readonly resources: number; readonly revisions: number } => {
  const revisions = items.filter(({ pk }) => pk?.S?.includes('#r#') === true).length
  return { resources: items.length - revisions, revisions }
}

const rangeOf = (items: readonly Item[]): { readonly first_h: string; readonly last_h: string } => {
  const [first_h = '', last_h = ''] = [items[0], items.at(-1)].map((item = {}) => idHashIn(sortKeyOf(item)))
  return { first_h, last_h }
}
