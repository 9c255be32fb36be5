import { hash } from 'node:crypto'
import { expect } from 'vitest'
import { ArchiveInvalidError, ArchiveTruncatedError } from '../../shared/archive/errors.ts'
import { readTarFiles, type TarLimits } from '../../shared/archive/tar-files.ts'
import { paddingOf } from '../../shared/archive/tar-header.ts'
import { memorySource } from './memory.ts'
import { headerBytes } from './tar-blocks.ts'

export const END = Buffer.alloc(1024)
export const CONTENT = Buffer.from('hello')
export const PLAIN_HEADER = headerBytes('a/b', CONTENT.length)

export const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(paddingOf(bytes.length))])
export const fileEntry = (path: string, bytes: Buffer = CONTENT): Buffer =>
  Buffer.concat([headerBytes(path, bytes.length), padded(bytes)])
/** A tar with an entry that has the content `CONTENT`. */
export const tarWith = (...headers: Buffer[]): Buffer => Buffer.concat([...headers, padded(CONTENT), END])

/** Reads a tar in pieces of 4,093, 100 and 512 bytes, with the same result, and checks offsets and checksums. */
export const readTar = async (bytes: Buffer, limits?: TarLimits): Promise<Record<string, number>> => {
  const results = []
  for (const slice of [4093, 100, 512]) {
    const files = await readTarFiles(memorySource(bytes, slice), limits)
    for (const { offset, size, sha256 } of files.values())
      expect(hash('sha256', bytes.subarray(offset, offset + size))).toBe(sha256)
    results.push(Object.fromEntries([...files].map(([path, { size }]) => [path, size])))
  }
  const [first = {}, ...others] = results
  for (const other of others) expect(other).toEqual(first)
  return first
}
export const expectInvalid = async (bytes: Buffer, message: string): Promise<void> => {
  for (const slice of [4093, 512])
    await expect(readTarFiles(memorySource(bytes, slice))).rejects.toThrow(new ArchiveInvalidError(message))
}
export const expectTruncated = async (bytes: Buffer, message: string): Promise<void> => {
  await expect(readTarFiles(memorySource(bytes))).rejects.toThrow(new ArchiveTruncatedError(message))
}
