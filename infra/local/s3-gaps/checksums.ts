import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createCRC32, createCRC64, type IHasher } from 'hash-wasm'
import { fault } from '../s3-fault.ts'
import type { Checksums, ChecksumName } from '../s3-records.ts'

/*
 * Checksums that a request gives are computed and compared, kept, and answered: s3rver ignores them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */

export const CHECKSUM_NAMES: readonly ChecksumName[] = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256']

// Polynomials with their bits reversed, as hash-wasm wants them: 0x1edc6f41 and 0xad93d23594c93659.
const CASTAGNOLI = 0x82f63b78
const NVME = '9a6c9329ac4bc9b5'

/** Something that takes bytes and gives a digest. */
export interface Digest {
  update(bytes: Uint8Array): void
  base64(): string
}

export async function digestOf(name: ChecksumName): Promise<Digest> {
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

/** The algorithm that a header's value names (`CRC32`); 400 for one that S3 does not have. */
export function checksumName(value: string): ChecksumName {
  const name = CHECKSUM_NAMES.find((known) => known === value.toLowerCase())
  if (name === undefined) throw fault('InvalidRequest', `Checksum algorithm ${value} is not supported.`)
  return name
}

/** The checksums that headers or trailers give. */
export function givenChecksums(fields: ReadonlyMap<string, string>): Checksums {
  const given: Partial<Record<ChecksumName, string>> = {}
  for (const name of CHECKSUM_NAMES) {
    const value = fields.get(`x-amz-checksum-${name}`)
    if (value !== undefined) given[name] = value
  }
  return given
}

/** The algorithms to compute for a request: those it gives, announces as trailers, or has declared. */
export function wantedChecksums(
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

/** Throws 400 `BadDigest` where a given checksum is not the computed one. */
export function compareChecksums(given: Checksums, computed: Checksums): void {
  for (const name of CHECKSUM_NAMES) {
    const value = given[name]
    if (value !== undefined && value !== computed[name]) {
      throw fault('BadDigest', `The ${name.toUpperCase()} you specified did not match the calculated checksum.`)
    }
  }
}

/** A multipart object's checksum: that of its parts' checksums, and their count. */
export async function compositeChecksum(name: ChecksumName, parts: readonly string[]): Promise<string> {
  const digest = await digestOf(name)
  for (const part of parts) digest.update(Buffer.from(part, 'base64'))
  return `${digest.base64()}-${parts.length}`
}

/** As response headers. */
export function checksumHeaders(checksums: Checksums): readonly (readonly [string, string])[] {
  return CHECKSUM_NAMES.flatMap((name) => {
    const value = checksums[name]
    if (value === undefined) return []
    return [
      [`x-amz-checksum-${name}`, value],
      ['x-amz-checksum-type', value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT'],
    ] as const
  })
}

/** As elements of an XML answer: `ChecksumCRC32` and so on. */
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
