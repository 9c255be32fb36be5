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

const isRefused = async (bytes: Buffer): Promise<boolean> => {
  try {
    await readAll(memorySource(bytes))
    return false
  } catch (error) {
    // Refusals have names of their own; anything else would be a fault of the reader.
    return error instanceof Error && /^(Archive|Entry|Record|NotAn|Unsupported)[A-Za-z]+Error$/.test(error.name)
  }
}

describe('damage to an archive', () => {
  it('leaves a whole archive readable', async () => {
    const { blobs, items } = await readAll(memorySource(archive))
    expect(items.length).toBe(2)
    expect(blobs.get('flag/1')?.toString()).toBe('a blob')
  })

  it('is found at every single byte', async () => {
    const unnoticed: number[] = []
    for (let at = 0; at < archive.length; at++) {
      const broken = Buffer.from(archive)
      broken[at] = (broken[at] ?? 0) ^ (1 + ((at * 7) % 255))
      if (!(await isRefused(broken))) unnoticed.push(at)
    }
    expect(unnoticed).toEqual([])
  })

  it('is found at every single bit of the tail', async () => {
    const unnoticed: number[] = []
    for (let bit = (archive.length - 2048) * 8; bit < archive.length * 8; bit++) {
      const broken = Buffer.from(archive)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (!(await isRefused(broken))) unnoticed.push(bit)
    }
    expect(unnoticed).toEqual([])
  })

  it('is found at every cut', async () => {
    const unnoticed: number[] = []
    for (let length = 0; length < archive.length; length++) {
      if (!(await isRefused(archive.subarray(0, length)))) unnoticed.push(length)
    }
    expect(unnoticed).toEqual([])
  })

  it('is found where a block was taken out, doubled or put in', async () => {
    const unnoticed: string[] = []
    for (let at = 0; at < archive.length; at += 512) {
      const [head, block, tail] = [archive.subarray(0, at), archive.subarray(at, at + 512), archive.subarray(at + 512)]
      if (!(await isRefused(Buffer.concat([head, tail])))) unnoticed.push(`without ${at}`)
      if (!(await isRefused(Buffer.concat([head, block, block, tail])))) unnoticed.push(`twice ${at}`)
    }
    // One more block of zeros after the end: a tar without its trailer in place, walked and found whole.
    expect(unnoticed).toEqual([`twice ${archive.length - 1024}`, `twice ${archive.length - 512}`])
  })
})
