import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createCRC32, createCRC64, type IHasher } from 'hash-wasm'
import { S3Error } from '../http/s3-error.ts'
import type { ReplyHeaders } from '../http/reply.ts'
import { CHECKSUM_NAMES, type ChecksumName, type Checksums } from '../storage/records.ts'

/*
 * The service verifies the checksums in a request, stores them with the object, and returns them in responses.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */

// The polynomials 0x1edc6f41 and 0xad93d23594c93659 with their bits reversed, as hash-wasm requires.
const CASTAGNOLI = 0x82f63b78
const NVME = '9a6c9329ac4bc9b5'

/** Computes a checksum from pieces of a body. */
export interface Digest {
  update(bytes: Uint8Array): void
  base64(): string
}

export async function createDigest(name: ChecksumName): Promise<Digest> {
  switch (name) {
    case 'crc32':
      return crc32Digest()
    case 'crc32c':
      return wasmDigest(await createCRC32(CASTAGNOLI))
    case 'crc64nvme':
      return wasmDigest(await createCRC64(NVME))
    case 'sha1':
    case 'sha256': {
      const hash = createHash(name)
      return {
        update: (bytes) => void hash.update(bytes),
        base64: () => hash.digest('base64'),
      }
    }
  }
}

/** Parses the value of `x-amz-checksum-algorithm`, for example `CRC32`. Throws 400 for unknown algorithms. */
export function parseChecksumName(value: string): ChecksumName {
  const name = CHECKSUM_NAMES.find((known) => known === value.toLowerCase())
  if (name === undefined) throw new S3Error('InvalidRequest', `Checksum algorithm ${value} is not supported.`)
  return name
}

/** Returns the checksums that headers or trailers contain. */
export function givenChecksums(fields: ReadonlyMap<string, string>): Checksums {
  const given: Partial<Record<ChecksumName, string>> = {}
  for (const name of CHECKSUM_NAMES) {
    const value = fields.get(`x-amz-checksum-${name}`)
    if (value !== undefined) given[name] = value
  }
  return given
}

/**
 * Returns the algorithms with which the checksums of a body are computed. These are the algorithms of the headers
 * `x-amz-checksum-…`, the algorithms that `x-amz-trailer` lists, and `declared`. For a part, `declared` is the
 * algorithm of its multipart upload.
 */
export function requestedChecksums(
  headers: ReadonlyMap<string, string>,
  declared?: ChecksumName,
): ReadonlySet<ChecksumName> {
  const trailers = (headers.get('x-amz-trailer') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return new Set(
    CHECKSUM_NAMES.filter(
      (name) =>
        headers.has(`x-amz-checksum-${name}`) || trailers.includes(`x-amz-checksum-${name}`) || name === declared,
    ),
  )
}

/** Throws 400 `BadDigest` if a given checksum differs from the computed one. */
export function compareChecksums(given: Checksums, computed: Checksums): void {
  for (const name of CHECKSUM_NAMES) {
    const value = given[name]
    if (value !== undefined && value !== computed[name]) {
      throw new S3Error('BadDigest', `The ${name.toUpperCase()} you specified did not match the calculated checksum.`)
    }
  }
}

/**
 * Returns the composite checksum of a multipart object. It has the form `{checksum}-{number of parts}`, where
 * `checksum` is computed from the checksums of the parts.
 */
export async function compositeChecksum(name: ChecksumName, parts: readonly string[]): Promise<string> {
  const digest = await createDigest(name)
  for (const part of parts) digest.update(Buffer.from(part, 'base64'))
  return `${digest.base64()}-${parts.length}`
}

/** Returns the response headers `x-amz-checksum-…`. */
export function checksumHeaders(checksums: Checksums): ReplyHeaders {
  return Object.fromEntries(
    CHECKSUM_NAMES.flatMap((name) => {
      const value = checksums[name]
      return value === undefined ? [] : [[`x-amz-checksum-${name}`, value]]
    }),
  )
}

/**
 * Returns the response header `x-amz-checksum-type`. Its value is `COMPOSITE` for a composite checksum, and otherwise
 * `FULL_OBJECT`. Without checksums, returns no header.
 */
export function checksumTypeHeader(checksums: Checksums): ReplyHeaders {
  const [value] = Object.values(checksums)
  if (value === undefined) return {}
  return { 'x-amz-checksum-type': value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT' }
}

/** Returns the XML elements of checksums, for example `ChecksumCRC32`. */
export function checksumElements(checksums: Checksums): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(CHECKSUM_NAMES.map((name) => [`Checksum${name.toUpperCase()}`, checksums[name]]))
}

function crc32Digest(): Digest {
  let value = 0
  return {
    update: (bytes) => {
      value = crc32(bytes, value)
    },
    base64: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes.toString('base64')
    },
  }
}

function wasmDigest(hasher: IHasher): Digest {
  return {
    update: (bytes) => void hasher.update(bytes),
    base64: () => Buffer.from(hasher.digest('binary')).toString('base64'),
  }
}
