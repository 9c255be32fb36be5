import { beforeAll, describe, expect, it } from 'vitest'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { writeArchive } from './sample.ts'

let archive: Buffer

beforeAll(async () => {
  archive = await writeArchive({
    models: { city: [{ id: 'city:1', revisions: [{ n: 1, data: '{"a":1}' }] }], empty: [] },
    blobs: { 'flag/1': Buffer.from('a blob') },
  })
})

const isRejected = async (bytes: Buffer): Promise<boolean> => {
  try {
    await readAll(memorySource(bytes))
    return false
  } catch (error) {
    // An error of another class would be a bug of the reader.
    return error instanceof Error && /^(Archive|Entry|Record|NotAn|Unsupported)[A-Za-z]+Error$/.test(error.name)
  }
}

describe('an archive', () => {
  it('can be read if it is undamaged', async () => {
    const { blobs, items } = await readAll(memorySource(archive))
    expect(items.length).toBe(2)
    expect(blobs.get('flag/1')?.toString()).toBe('a blob')
  })

  it('is rejected if any byte differs', async () => {
    const undetected: number[] = []
    for (let at = 0; at < archive.length; at++) {
      const broken = Buffer.from(archive)
      broken[at] = (broken[at] ?? 0) ^ (1 + ((at * 7) % 255))
      if (!(await isRejected(broken))) undetected.push(at)
    }
    expect(undetected).toEqual([])
  })

  it('is rejected if any bit of the tail differs', async () => {
    const undetected: number[] = []
    for (let bit = (archive.length - 2048) * 8; bit < archive.length * 8; bit++) {
      const broken = Buffer.from(archive)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (!(await isRejected(broken))) undetected.push(bit)
    }
    expect(undetected).toEqual([])
  })

  it('is rejected if it is truncated at any byte', async () => {
    const undetected: number[] = []
    for (let length = 0; length < archive.length; length++) {
      if (!(await isRejected(archive.subarray(0, length)))) undetected.push(length)
    }
    expect(undetected).toEqual([])
  })

  it('is rejected if a block is removed or doubled', async () => {
    const undetected: string[] = []
    for (let at = 0; at < archive.length; at += 512) {
      const [head, block, tail] = [archive.subarray(0, at), archive.subarray(at, at + 512), archive.subarray(at + 512)]
      if (!(await isRejected(Buffer.concat([head, tail])))) undetected.push(`without ${at}`)
      if (!(await isRejected(Buffer.concat([head, block, block, tail])))) undetected.push(`twice ${at}`)
    }
    // With one more zero block at its end, the archive is complete, but is read as a repacked tar.
    expect(undetected).toEqual([`twice ${archive.length - 1024}`, `twice ${archive.length - 512}`])
  })
})
