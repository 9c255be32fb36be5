import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createCRC32, createCRC64, type IHasher } from 'hash-wasm'
import { S3Error } from '../http/s3-error.ts'
import type { ReplyHeaders } from '../http/reply.ts'
import { CHECKSUM_NAMES, type ChecksumName, type Checksums } from '../storage/records.ts'

/*
 * Checksums that a request contains are computed, compared, kept and returned.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */

// The polynomials 0x1edc6f41 and 0xad93d23594c93659 with their bits reversed, as hash-wasm requires.
const CASTAGNOLI = 0x82f63b78
const NVME = '9a6c9329ac4bc9b5'

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

/** The algorithm of `x-amz-checksum-algorithm`, for example `CRC32`. Throws 400 for any other text. */
export function parseChecksumName(value: string): ChecksumName {
  const name = CHECKSUM_NAMES.find((known) => known === value.toLowerCase())
  if (name === undefined) throw new S3Error('InvalidRequest', `Checksum algorithm ${value} is not supported.`)
  return name
}

/** The checksums that headers or trailers contain. */
export function givenChecksums(fields: ReadonlyMap<string, string>): Checksums {
  const given: Partial<Record<ChecksumName, string>> = {}
  for (const name of CHECKSUM_NAMES) {
    const value = fields.get(`x-amz-checksum-${name}`)
    if (value !== undefined) given[name] = value
  }
  return given
}

/** The algorithms to compute for a body: those in the headers, those announced as trailers, and the declared one. */
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

/** The checksum of a multipart object: the checksum of its parts' checksums, and their number. */
export async function compositeChecksum(name: ChecksumName, parts: readonly string[]): Promise<string> {
  const digest = await createDigest(name)
  for (const part of parts) digest.update(Buffer.from(part, 'base64'))
  return `${digest.base64()}-${parts.length}`
}

/** `x-amz-checksum-…` response headers. */
export function checksumHeaders(checksums: Checksums): ReplyHeaders {
  return Object.fromEntries(
    CHECKSUM_NAMES.flatMap((name) => {
      const value = checksums[name]
      return value === undefined ? [] : [[`x-amz-checksum-${name}`, value]]
    }),
  )
}

/** The response header that says whether a checksum covers the whole object or the checksums of its parts. */
export function checksumTypeHeader(checksums: Checksums): ReplyHeaders {
  const [value] = Object.values(checksums)
  if (value === undefined) return {}
  return { 'x-amz-checksum-type': value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT' }
}

/** XML elements, for example `ChecksumCRC32`. */
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
