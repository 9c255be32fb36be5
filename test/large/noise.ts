import { createCipheriv } from 'node:crypto'
import { xxh3Hex } from '../../infra/local/seed/content-hash.ts'

/** Incompressible bytes that depend only on the name: an AES key stream, which is generated at more than 1 GB/s. */
export const noise = (name: string, size: number): Buffer => {
  const key = Buffer.from(xxh3Hex(name), 'hex')
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}

/** A generator of numbers from 0 to 1 (mulberry32) whose sequence depends only on the name. */
export const numbersOf = (name: string): (() => number) => {
  let state = Number.parseInt(xxh3Hex(name).slice(0, 8), 16)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const WORDS =
  `archive index record chunk trailer segment manifest shard bucket ledger harbour lantern meadow copper violet winter
   signal orbit canvas timber gravel marble anchor saddle thistle ember falcon hollow juniper kettle linen mosaic nectar
   oyster pebble quarry ribbon silver tunnel umbra velvet willow yonder zephyr amber birch cedar delta`.split(/\s+/)

/** Text of about this length that compresses like prose. */
export const prose = (next: () => number, length: number): string => {
  let text = ''
  while (text.length < length) text += `${WORDS[Math.floor(next() * WORDS.length)] ?? ''} `
  return text.trimEnd()
}
