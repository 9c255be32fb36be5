import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { isDeeperThan, isValueDeeperThan } from '../../shared/values/json-depth.ts'

describe('isDeeperThan', () => {
  it.each<[string, number]>([
    ['', 0],
    ['1', 0],
    ['[]', 1],
    ['{}', 1],
    ['[[],[]]', 2],
    ['{"a":{},"b":[]}', 2],
    ['[{"a":[1]}]', 3],
    ['"[[["', 0],
    ['["[[[\\"[["]', 1],
    ['["\\\\",[]]', 2],
    ['["\\\\\\"[",{}]', 2],
    ['["[[', 1],
    ['["\\', 1],
  ])('counts the levels of %s as %d', (json, levels) => {
    expect(isDeeperThan(Buffer.from(json), levels)).toBe(false)
    if (levels > 0) expect(isDeeperThan(Buffer.from(json), levels - 1)).toBe(true)
  })

  it('does not count brackets in long strings', () => {
    const piece = fc.oneof(
      fc.constantFrom('\\', '"', '[', '{', ']', 'é', '\n'),
      fc.integer({ min: 100, max: 300 }).map((length) => 'x'.repeat(length)),
    )
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
        const json = Buffer.from(JSON.stringify([texts, [texts]]))
        expect(isDeeperThan(json, 3)).toBe(false)
        expect(isDeeperThan(json, 2)).toBe(true)
        // Without its end, the JSON has no closing quotation mark or no closing brackets.
        for (const cut of [1, 3, 5, 50]) expect(isDeeperThan(json.subarray(0, -cut), 3)).toBe(false)
      }),
    )
  })

  it.each<[string, unknown]>([
    ['one long string with many escapes', `${'x'.repeat(140)}\n`.repeat(56_000)],
    ['many long strings without escapes', Array.from({ length: 40_000 }, () => 'x'.repeat(200))],
  ])('reads %s in linear time', (_, value) => {
    const json = Buffer.from(JSON.stringify([[value]]))
    const searched = searchedBytes(() => {
      expect(isDeeperThan(json, 3)).toBe(false)
    })
    expect(searched).toBeLessThan(3 * json.length)
  })
})

/** Returns the number of bytes that native searches of buffers read while `work` runs. */
const searchedBytes = (work: () => void): number => {
  const prototype = Buffer.prototype as { indexOf: (this: Buffer, value: number, from?: number) => number }
  const { indexOf } = prototype
  let bytes = 0
  const spy = vi.spyOn(prototype, 'indexOf').mockImplementation(function (this: Buffer, value, from = 0) {
    const found = indexOf.call(this, value, from)
    bytes += (found === -1 ? this.length : found) - from
    return found
  })
  try {
    work()
    return bytes
  } finally {
    spy.mockRestore()
  }
}

describe('isValueDeeperThan', () => {
  it.each<[string, unknown, number]>([
    ['no level in a number', 1, 0],
    ['no level in null', null, 0],
    ['no level in undefined', undefined, 0],
    ['no level in a string', '[[', 0],
    ['no level in bytes', Uint8Array.of(1, 2), 0],
    ['one level in an empty list', [], 1],
    ['one level in an empty map', {}, 1],
    ['one level in a list of values that are no lists', [1, null, 'x', Uint8Array.of(1)], 1],
    ['the levels of the deepest element', [[], { a: [{}] }, 1], 4],
    ['the levels of the first element if it is the deepest', [[[[]]], []], 4],
  ])('counts %s', (_, value, levels) => {
    expect(isValueDeeperThan(value, levels)).toBe(false)
    if (levels > 0) expect(isValueDeeperThan(value, levels - 1)).toBe(true)
  })

  it('counts more levels than the call stack allows', () => {
    let value: unknown = []
    for (let k = 1; k < 50_000; k++) value = [value]
    expect(isValueDeeperThan(value, 50_000)).toBe(false)
    expect(isValueDeeperThan(value, 49_999)).toBe(true)
  })
})
