import { readFile } from 'node:fs/promises'

/** Damaged streams of one section with guilds, see the README of the fixtures. */
const FILES = {
  'cut-mid-record': 'a stream that ends inside a record',
  'cut-before-eof': 'a stream without its last record',
  'flip-length': 'a record with a wrong length',
  'flip-payload': 'a payload with a flipped bit',
  'flip-record-tag': 'a record of an unknown type',
  'flip-meta': 'metadata with a flipped bit',
  'blob-wrong-id': 'a blob whose id is not the hash of its bytes',
  'without-blobs': 'a stream without its blobs',
  'no-header': 'a stream without its header',
  'outside-section': 'a record outside the section of a model',
  'trailing-garbage': 'a stream with bytes after its end',
  'unknown-model': 'a stream with a model that is not registered',
  'version-1': 'a stream of version 1',
} as const

const read = (file: string): Promise<Buffer> =>
  readFile(new URL(`../../fixtures/specstar/broken/${file}.acbak`, import.meta.url))

export const BROKEN_STREAMS: readonly { readonly name: string; readonly bytes: Buffer }[] = await Promise.all(
  Object.entries(FILES).map(async ([file, name]) => ({ name, bytes: await read(file) })),
)
