import { createHash } from 'node:crypto'
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { blobName } from '../../../shared/blobs/blob-name.ts'

export const BLOB_IDS = ['red', 'büro plan 1.pdf', 'a/b', 'x'.repeat(300)] as const

/** A blob of the store. `object` is absent if the store lacks the object. */
export interface DrawnBlob {
  readonly id: string
  readonly kind: string
  /** Whether an archive can contain the blob. If not, an export must treat it as missing. */
  readonly isReadable: boolean
  readonly object?: Omit<PutObjectCommandInput, 'Bucket' | 'Key'> & { readonly Body: Buffer }
  readonly [fc.toStringMethod]: () => string
}

export const keyOfBlob = (id: string): string => `blobs/${blobName(id)}`

type BlobKind = (bytes: Buffer) => Pick<DrawnBlob, 'isReadable' | 'object'>

const own = (bytes: Buffer, size = bytes.length): Record<string, string> => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  size: `${size}`,
})
const readable = (Body: Buffer, input: Omit<PutObjectCommandInput, 'Bucket' | 'Key'> = {}): ReturnType<BlobKind> => ({
  isReadable: true,
  object: { ...input, Body },
})
const withMetadata =
  (metadata: (bytes: Buffer) => Record<string, string>, isReadable = true): BlobKind =>
  (bytes) => ({ isReadable, object: { Body: bytes, Metadata: metadata(bytes) } })

/** How blobs are stored, and whether an export can read them. */
const BLOB_KINDS: Readonly<Record<string, BlobKind>> = {
  'a blob without properties': (bytes) => readable(bytes),
  'a blob that this program wrote': (bytes) => readable(bytes, { ContentType: 'image/png', Metadata: own(bytes) }),
  'a blob with headers': (bytes) =>
    readable(bytes, {
      ContentType: 'text/html; charset=utf-8',
      ContentEncoding: 'gzip',
      CacheControl: 'max-age=60',
      ContentDisposition: "attachment; filename*=UTF-8''%C3%A4.html",
      ContentLanguage: 'de',
      Metadata: { note: 'kept' },
    }),
  'a blob whose type is not ASCII': (bytes) =>
    readable(bytes, {
      ContentType: 'application/octet-stream',
      Metadata: { ...own(bytes), type: encodeURIComponent('Bild/ü') },
    }),
  'a blob with the metadata type: 100% cotton': withMetadata(() => ({ type: '100% cotton' })),
  'a blob with the metadata type: invoice': withMetadata((bytes) => ({ ...own(bytes), type: 'invoice' })),
  'a blob with sha256 in upper case': withMetadata((bytes) => ({
    ...own(bytes),
    sha256: (own(bytes)['sha256'] ?? '').toUpperCase(),
  })),
  'a blob with a sha256 but no size': withMetadata(() => ({ sha256: '0'.repeat(64) })),
  'a blob with the size of other bytes': withMetadata((bytes) => ({
    sha256: '0'.repeat(64),
    size: `${bytes.length + 1}`,
  })),
  'a blob with 2,000 bytes of metadata': withMetadata(() => ({ long: 'm'.repeat(1990) })),
  'a blob with an empty metadata value': withMetadata(() => ({ empty: '' })),
  'an empty blob': () => readable(Buffer.alloc(0)),
  'a damaged blob': withMetadata((bytes) => own(Buffer.from('other'), bytes.length), false),
  'a missing blob': () => ({ isReadable: false }),
}

/** One blob for each id. Most of them are readable. */
export const drawnBlobs: fc.Arbitrary<readonly DrawnBlob[]> = fc.tuple(
  ...BLOB_IDS.map((id) =>
    fc
      .tuple(fc.constantFrom(...Object.keys(BLOB_KINDS)), fc.uint8Array({ minLength: 1, maxLength: 30 }))
      .map(([kind, bytes]): DrawnBlob => ({
        id,
        kind,
        ...blobOf(kind, Buffer.from(bytes)),
        [fc.toStringMethod]: () => `${id.slice(0, 8)}: ${kind}`,
      })),
  ),
)

const blobOf = (kind: string, bytes: Buffer): ReturnType<BlobKind> => {
  const build = BLOB_KINDS[kind]
  if (build === undefined) throw new Error(`there is no kind of blob ${kind}`)
  return build(bytes)
}
